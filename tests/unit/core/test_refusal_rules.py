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

"""What a refusal says: the disk, the meaning, what it is about, the remedy."""

import unittest

import ddt

from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import refusals
from tests.unit.core import builders as b
from tests.unit.core import planned

A, BASE = '/data/a', '/data/base'
DISK = b.disk('vda', b.file(A))
LOCAL = {A: b.local()}
HOME = '/nova/uuid'
ROOT = f'{HOME}/disk'
ISO = f'{HOME}/x.iso'
_LV = '/dev/vg/lv'
_SHARE = '/srv/x'
_COPY = {'source': LOCAL}
_BAD = {'source': {'libvirt': 8_007_001}}


def _sentence(code, detail='', where='', remedy=None):
    known = {each.value: each for each in refusals.ALL_REASONS}
    reason = known[code]
    about = f' ({detail})' if detail else ''
    meaning = reason.meaning.removesuffix('.')
    return f'{where}{meaning}{about}. Remedy: {remedy or reason.remedy}.'


def _prepared(*disks, facts=None, known=None, **prepared):
    source = {ROOT: b.local(), **(facts or {})}
    return b.case(
        *disks,
        source=source,
        destination=known,
        prepared={'directory': HOME, **prepared},
    )


def _beside(device, **more):
    """A guest with another device than its disks."""
    case = b.case(**more)
    case['domain_xml'] = b.domain().replace('<devices>', f'<devices>{device}')
    return case


def _share(driver='virtiofs', **more):
    return _beside(
        f"<filesystem type='mount'><driver type='{driver}'/>"
        f"<source dir='{_SHARE}'/><target dir='t'/></filesystem>",
        **more,
    )


def _memory(model, **more):
    return _beside(
        f"<memory model='{model}' access='shared'><source>"
        f'<path>{_SHARE}</path></source></memory>',
        **more,
    )


def _arguments(*values):
    case = b.case()
    given = ''.join(f'<q:arg{b.attributes(value=v)}/>' for v in values)
    case['domain_xml'] = b.domain().replace(
        '</domain>',
        "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
        f'{given}</q:commandline></domain>',
    )
    return case


_ROOT = b.disk('vda', b.file(ROOT))
_VDA = f'vda ({ROOT}): '
_MEDIUM = b.cdrom('hda', b.file(ISO, 'raw'))
_LUN = b.device('sata')
MESSAGES = {
    'no_detail': (
        b.case(DISK, source={A: {'exists': True, 'kind': 'other'}}),
        'locality-unknown',
        '',
        f'vda ({A}): ',
    ),
    'no_source': (
        b.case(b.disk('vda', None, 'transient')),
        'transient-disk',
        '',
        'vda: ',
    ),
    'a_serial': (
        b.case(b.disk('vda', b.file(A), serial=b.VOLUME), rows=[]),
        'volume-not-in-mapping',
        f'its serial {b.VOLUME} is shaped like a volume id',
        f'vda ({A}): ',
    ),
    'two_disks': (
        b.case(DISK, b.disk('vdb', b.file(A)), source=LOCAL),
        'duplicate-source',
        'of vda and vdb',
        f'vda ({A}): ',
    ),
    'a_name_against_a_serial': (
        b.case(
            b.disk('vda', b.rbd('p/i'), serial='x'),
            rows=[b.row('vda', b.VOLUME)],
        ),
        'attachment-conflict',
        f'volume {b.VOLUME} (vda) bears the device name of vda, but the '
        'serial of the disk says otherwise',
        'vda (rbd://ceph-mon/p/i): ',
    ),
    'a_name_against_a_source': (
        b.case(
            b.disk('vda', b.rbd('p/i')),
            rows=[b.row('vda', b.VOLUME, 'rbd', name='p/j')],
        ),
        'attachment-conflict',
        f'volume {b.VOLUME} (vda) bears the device name of vda, but the '
        'source of the disk says otherwise',
        'vda (rbd://ceph-mon/p/i): ',
    ),
    'a_volume': (
        b.case(rows=[b.row('vdz', b.VOLUME)]),
        'volume-without-disk',
        f'volume {b.VOLUME} (vdz)',
    ),
    'an_encrypted_base': (
        b.case(
            b.disk('vda', b.file(A), over=[b.file(BASE, inside=b.LUKS)]),
            source={**LOCAL, BASE: b.local()},
        ),
        'encrypted-disk',
        '',
        f'vda ({BASE}): ',
    ),
    'a_declaration_that_is_wrong_of_a_base': (
        b.case(
            b.disk('vda', b.file(A), over=[b.file(BASE)]),
            source={**LOCAL, BASE: b.local()},
            shared=[BASE],
        ),
        'declaration-conflict',
        '',
        f'vda ({BASE}): ',
    ),
    'a_base_of_which_nothing_is_known': (
        b.case(b.disk('vda', b.rbd(), over=[b.file(BASE)])),
        'locality-unknown',
        '',
        f'vda ({BASE}): ',
    ),
    'a_local_base': (
        b.case(
            b.disk('vda', b.rbd(), over=[b.file(BASE)]),
            source={BASE: b.local()},
        ),
        'shared-over-local',
        '',
        f'vda ({BASE}): ',
    ),
    'a_lun': (
        b.case(
            b.disk('vda', b.block('/dev/sdb'), device='lun'),
            source={'/dev/sdb': _LUN},
        ),
        'lun-disk',
        '',
        'vda (/dev/sdb): ',
    ),
    'a_shareable_disk': (
        b.case(b.disk('vda', b.file(A, 'raw'), 'shareable'), source=LOCAL),
        'shareable-disk',
        '',
        f'vda ({A}): ',
    ),
    'a_state': (
        b.case(state={'state': 'crashed'}),
        'domain-not-active',
        'it is crashed',
    ),
    'block_jobs': (
        b.case(state={'block_jobs': ['vdb', 'vda']}),
        'active-block-job',
        'on vda, vdb',
    ),
    'a_directory_left_behind': (
        _share(source={_SHARE: b.local()}),
        'files-left-behind',
        f'{_SHARE}: source host: {_SHARE} is on ext4 (/dev/vda1)',
    ),
    'a_directory_of_which_nothing_is_known': (
        _share(),
        'files-left-behind',
        f'{_SHARE}: source host: {_SHARE} was not looked at from here',
    ),
    'virtiofs': (
        _share(shared=['/srv'], versions={'source': {'libvirt': 9_000_000}}),
        'device-not-migratable',
        f'{_SHARE} by virtiofs, which this libvirt migrates not at all',
    ),
    'a_host_device': (
        _beside(
            "<hostdev mode='subsystem' type='scsi_host'><source/></hostdev>"
        ),
        'device-not-migratable',
        'a scsi_host device of the host',
    ),
    'virtio_pmem': (
        _memory('virtio-pmem'),
        'device-not-migratable',
        f'virtio-pmem over {_SHARE}: QEMU does not send its content',
        '',
        'put it on storage that both hosts reach and, where nothing can show '
        'that, declare its path in shared_paths, or shut the guest down to '
        'move it',
    ),
    'a_shared_nvdimm': (
        _memory('nvdimm', shared=['/srv']),
        'device-not-migratable',
        f'nvdimm over {_SHARE}: the copy of its content may run onto itself',
        '',
        'give each host a file or device of its own for it, or shut the '
        'guest down to move it',
    ),
    'arguments_of_qemu': (
        _arguments('-drive', 'file=/x', '-chardev', 'x'),
        'device-not-migratable',
        '-drive among the arguments of qemu:commandline, which libvirt '
        'passes on and does not look into',
        '',
        'have the domain define it, as <disk> or <filesystem>, or shut the '
        'guest down to move it',
    ),
    'internal_snapshots_of_a_top_that_is_copied_alone': (
        b.case(
            b.disk('vda', b.file(A), over=[b.rbd()]),
            source={A: b.local(internal_snapshots=1)},
        ),
        'internal-snapshots',
        f'{A} has 1',
        f'vda ({A}): ',
    ),
    'internal_snapshots': (
        b.case(DISK, source={A: b.local(internal_snapshots=2)}),
        'internal-snapshots',
        f'{A} has 2',
        f'vda ({A}): ',
    ),
    'snapshots': (b.case(state={'snapshots': 3}), 'snapshots', 'it has 3'),
    'a_count': (
        b.case(
            *(b.disk(f'vd{n}', b.file(f'/d/{n}')) for n in range(62)),
            source={f'/d/{n}': b.local() for n in range(62)},
        ),
        'too-many-parameters',
        'this migration takes 65',
    ),
    'a_version': (
        b.case(DISK, source=LOCAL, versions=_BAD),
        'known-bad-version',
        'libvirt 8.7.1 on the source: it cannot set up storage migration '
        '(fixed in 8.8.0)',
    ),
    'a_version_at_the_destination': (
        b.case(
            DISK,
            source=LOCAL,
            versions={'destination': {'libvirt': 8_007_000}},
        ),
        'known-bad-version',
        'libvirt 8.7.0 on the destination: it cannot set up storage '
        'migration (fixed in 8.8.0)',
    ),
    'a_qemu_on_the_source': (
        b.case(
            DISK,
            b.disk('vdb', b.file('/d/b')),
            source={**LOCAL, '/d/b': b.local()},
            versions={'source': {'qemu': 8_002_002}},
        ),
        'known-bad-version',
        'qemu 8.2.2 on the source: it can deadlock when a mirror job starts '
        'or ends beside another (fixed in 8.2.3)',
    ),
    'a_version_and_a_top_image_alone': (
        b.case(
            b.disk('vda', b.file(A), over=[b.rbd()]),
            source=LOCAL,
            versions={'source': {'libvirt': 7_003_012}},
        ),
        'known-bad-version',
        'libvirt 7.3.12 on the source: it copies nothing below '
        'NON_SHARED_INC (fixed in 7.6.0)',
    ),
    'a_medium_that_is_missing': (
        b.case(_MEDIUM, destination={ISO: b.GONE}, create_images=True),
        'content-missing',
        '',
        f'hda ({ISO}): ',
    ),
    'a_medium_of_another_size': (
        b.case(
            _MEDIUM,
            source={ISO: b.local()},
            destination={ISO: b.local(virtual_bytes=1)},
            create_images=True,
        ),
        'content-missing',
        'it has another size there; what is there is never overwritten',
        f'hda ({ISO}): ',
        'look whose it is, move it away where nothing needs it, and migrate '
        'with --copy-media, or take the medium out of its drive there with '
        '--eject-media',
    ),
    'a_medium_that_nobody_carries': (
        _prepared(_MEDIUM),
        'media-not-carried',
        '',
        f'hda ({ISO}): ',
    ),
    'why_a_medium_is_not_carried': (
        _prepared(_MEDIUM, not_carried={'hda': 'it is too large'}),
        'media-not-carried',
        'it is too large',
        f'hda ({ISO}): ',
    ),
    'a_directory': (
        _prepared(_ROOT, known={HOME: b.local(kind='directory')}),
        'instance-directory-exists',
        HOME,
    ),
    'room': (
        _prepared(
            _ROOT,
            known={HOME: {'exists': False, 'free_bytes': 3 * b.MIB // 4}},
        ),
        'destination-full',
        f'{HOME} needs 1048576 bytes (1.0 MiB) and has 786432 bytes '
        '(0.8 MiB) free',
    ),
    'an_images_type': (
        _prepared(b.disk('vda', b.rbd('p/i')), same_images_type=False),
        'other-images-type',
        '',
        'vda (rbd://ceph-mon/p/i): ',
    ),
    'instances_that_are_shared': (
        _prepared(_ROOT, shared_directory=True),
        'shared-instance-directory',
        HOME,
        _VDA,
    ),
    'an_images_type_of_a_file': (
        _prepared(_ROOT, same_images_type=False, images_type='rbd'),
        'other-images-type',
        'it is a qcow2 file, and images_type there is rbd',
        _VDA,
    ),
    'a_logical_volume': (
        _prepared(b.disk('vda', b.block(_LV)), facts={_LV: _LUN}),
        'local-block-device',
        '',
        f'vda ({_LV}): ',
    ),
    'a_file_elsewhere': (
        _prepared(DISK, facts=LOCAL),
        'unexplained-disk',
        '',
        f'vda ({A}): ',
    ),
    'block_migration': (
        _prepared(_ROOT, block_migration=False),
        'block-migration-forbidden',
        '',
        _VDA,
    ),
    'a_peer': (
        _prepared(b.disk('vdb', b.rbd()), _ROOT, makes_images=False),
        'peer-required',
        '',
        _VDA,
    ),
    'no_size': (
        _prepared(_ROOT, facts={ROOT: b.local(virtual_bytes=None)}),
        'image-not-reproducible',
        'it is qcow2 of unknown bytes',
        _VDA,
    ),
    'no_format': (
        _prepared(b.disk('vda', b.file(ROOT, 'vmdk'))),
        'image-not-reproducible',
        f'it is vmdk of {b.GIB} bytes',
        _VDA,
    ),
    'no_size_of_ours': (
        b.case(
            DISK,
            source={A: b.local(virtual_bytes=None)},
            destination={A: b.GONE, '/data': b.local(kind='directory')},
            create_images=True,
        ),
        'image-not-reproducible',
        f'{A} is qcow2 of unknown bytes',
        f'vda ({A}): ',
    ),
    'no_format_of_ours': (
        b.case(
            b.disk('vda', b.file(A, 'vmdk')),
            source=LOCAL,
            destination={A: b.GONE, '/data': b.local(kind='directory')},
            create_images=True,
        ),
        'image-not-reproducible',
        f'{A} is vmdk of {b.GIB} bytes',
        f'vda ({A}): ',
    ),
    'a_file_in_the_way': (
        b.case(
            DISK, source=LOCAL, destination={A: b.local()}, create_images=True
        ),
        'destination-exists',
        '',
        f'vda ({A}): ',
    ),
    'a_device': (
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': _LUN},
            create_images=True,
        ),
        'device-unproven',
        '',
        'vda (/dev/sdb): ',
    ),
    'an_image': (
        b.case(
            DISK,
            source={A: b.on('nfs')},
            destination={A: {'exists': True}},
            local=['/data'],
            create_images=True,
            existing=['vda'],
        ),
        'image-unproven',
        '',
        f'vda ({A}): ',
    ),
}


@ddt.ddt
class RefusalMessageTest(unittest.TestCase):
    maxDiff = None

    def test_another_driver_is_not_noted_as_virtiofs(self):
        for driver, count in (('virtiofs', 1), ('loop', 0)):
            notes = planned.plan(_share(driver))['notes']
            self.assertEqual(count, sum('virtiofsd' in n for n in notes))

    @ddt.data(*MESSAGES)
    def test_message(self, name):
        case, *expected = MESSAGES[name]
        said = [r['message'] for r in planned.plan(case)['refusals']]
        # What else an operator can do stands around the reason's own remedy.
        wanted = _sentence(*expected)
        options = case['options']
        nova = options.get('prepared') is not None
        if nova or options.get('create_images'):
            wanted = message_words.worded(wanted, nova=nova)
        what, _, remedy = wanted[:-1].partition('Remedy: ')
        self.assertTrue(
            [s for s in said if s.startswith(what) and remedy in s], said
        )
