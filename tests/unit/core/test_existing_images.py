# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""An image that the caller has made, and what is wrong with it."""

import unittest

import ddt

from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import destinations as d

DEVICE = '/dev/sdb'
ANEW = (
    'make it anew with the same size in bytes, or upgrade libvirt at the '
    'destination to 10.0 or newer, which takes a larger device'
)


def mapped(there, *disks, paths=d.MAP, **formats):
    return d.case(
        *disks,
        wanted=d.mapping(paths, **formats),
        there={**d.ROOM, d.THERE: {'identity': 'other', **there}},
        existing=['vda'],
    )


def at_home(there, image=None, **more):
    return d.case(
        b.disk('vda', image or b.file(d.HERE)),
        wanted=d.mapping(),
        there={'/data': d.FOLDER, d.HERE: {'identity': 'other', **there}},
        existing=['vda'],
        **more,
    )


def a_device(bytes_, libvirt, image=None, **there):
    known = b.device('iscsi', virtual_bytes=bytes_, **there)
    versions = {'destination': {'libvirt': libvirt}} if libvirt else None
    return b.case(
        b.disk('vda', image or b.block(DEVICE)),
        source={DEVICE: b.device('iscsi')},
        destination={DEVICE: known},
        local=['/dev'],
        create_images=True,
        existing=['vda'],
        versions=versions,
    )


def sizes(label, bytes_):
    return f'{label} has {bytes_} bytes there and {b.GIB} here'


_MORE = b.GIB + b.MIB
_POOL = {'pool': {'type': 'dir', 'path': '/data'}}
#: A case, and detail and remedy of its message.
UNFIT = {
    'none': (at_home(b.GONE), f'{d.HERE} is not there', ''),
    'none_at_another_place': (mapped(b.GONE), f'{d.THERE} is not there', ''),
    'a_directory': (
        mapped({'exists': True, 'kind': 'directory'}),
        f'{d.THERE} is neither a file nor a device there',
        '',
    ),
    'a_socket': (
        mapped({'exists': True, 'kind': 'other'}),
        f'{d.THERE} is neither a file nor a device there',
        '',
    ),
    'a_smaller_one': (
        at_home(b.local(virtual_bytes=b.MIB)),
        sizes(d.HERE, b.MIB),
        '',
    ),
    'a_larger_one': (
        at_home(b.local(virtual_bytes=_MORE)),
        sizes(d.HERE, _MORE),
        '',
    ),
    'a_smaller_volume': (
        at_home(
            b.local(virtual_bytes=b.MIB),
            b.volume('pool', 'vda', 'qcow2'),
            pools=_POOL,
            pools_there=_POOL,
        ),
        sizes('pool pool, volume vda', b.MIB),
        '',
    ),
    'a_smaller_device': (
        a_device(b.MIB, 11_000_000),
        sizes(DEVICE, b.MIB),
        '',
    ),
    'a_larger_device': (
        a_device(_MORE, 9_999_999),
        sizes(DEVICE, _MORE),
        ANEW,
    ),
    'a_larger_device_of_an_unknown_kind': (
        a_device(_MORE, None, kind=None),
        sizes(DEVICE, _MORE),
        ANEW,
    ),
    'a_larger_device_of_a_file': (
        a_device(_MORE, 11_000_000, b.file(DEVICE, 'raw')),
        sizes(DEVICE, _MORE),
        '',
    ),
    'a_larger_device_of_qcow2': (
        a_device(_MORE, 11_000_000, b.block(DEVICE, 'qcow2')),
        sizes(DEVICE, _MORE),
        '',
    ),
    'of_another_format': (
        at_home(b.local(format='raw')),
        f'{d.HERE} is raw there, qcow2 here',
        '',
    ),
    'of_another_format_than_asked_for': (
        mapped(b.local(format='qcow2'), vda='raw'),
        f'{d.THERE} is qcow2 there, raw asked for',
        '',
    ),
}


@ddt.ddt
class ExistingImagesTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*UNFIT)
    def test_unfit(self, name):
        tree, detail, remedy = UNFIT[name]
        (refusal,) = planned.plan(tree)['refusals']
        self.assertEqual('destination-mismatch', refusal['reason'])
        said = refusal['message'].partition('): ')[2]
        self.assertIn(f' ({detail}). Remedy: {remedy}', said)
        self.assertEqual(bool(remedy), 'upgrade libvirt' in said)

    def test_a_larger_device_from_libvirt_10_on(self):
        self.assertTrue(planned.plan(a_device(_MORE, 10_000_000))['ready'])

    def test_nothing_is_known_of_the_source(self):
        tree = at_home(b.local(), local=['/data'])
        del tree['storage']['source'][d.HERE]
        reasons = [r['reason'] for r in planned.plan(tree)['refusals']]
        self.assertNotIn('destination-mismatch', reasons)
