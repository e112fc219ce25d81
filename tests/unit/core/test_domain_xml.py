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

"""What is read of a domain, field by field."""

import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.model import domains
from tests.unit.core import builders as b

FILE, NETWORK = domains.SourceType.FILE, domains.SourceType.NETWORK
_NVME = b.nvme()
_PCI = "<address domain='0x1' bus='0x2' slot='0x1f' function='7'/>"


def read(*disks):
    return domain_xml.parse(b.domain(*disks)).disks


def source(found):
    (disk,) = read(b.disk('vda', found))
    return disk.source


@ddt.ddt
class SourceTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(
        (b.file('/a'), FILE, '/a', 'qcow2'),
        (b.block('/dev/a'), domains.SourceType.BLOCK, '/dev/a', 'raw'),
        (b.directory('/d'), domains.SourceType.DIR, '/d', 'fat'),
        (b.vhostuser('/s'), domains.SourceType.VHOSTUSER, '/s', 'raw'),
        (b.vdpa('/v'), domains.SourceType.VHOSTVDPA, '/v', 'raw'),
        (_NVME, domains.SourceType.NVME, 'pci 0000:01:00.0', 'raw'),
    )
    @ddt.unpack
    def test_path(self, found, kind, path, image_format):
        self.assertEqual(
            domains.DiskSource(type=kind, path=path, format=image_format),
            source(found),
        )

    @ddt.data(
        (_PCI, 'pci 0001:02:1f.7'),
        ('<address/>', 'pci 0000:00:00.0'),
        ("<address bus='x'/>", None),
        ('', None),
    )
    @ddt.unpack
    def test_address_of_a_controller(self, address, path):
        found = b.Source('nvme', f'<source>{address}</source>')
        self.assertEqual(path, source(found).path)

    def test_servers(self):
        self.assertEqual(
            domains.DiskSource(
                type=NETWORK,
                format='raw',
                protocol='nbd',
                name='n',
                hosts=(
                    domains.NetworkHost(name='h', port='1'),
                    domains.NetworkHost(transport='unix', socket='/s'),
                ),
            ),
            source(
                b.network(
                    'nbd',
                    'n',
                    "name='h' port='1'",
                    "transport='unix' socket='/s'",
                )
            ),
        )

    def test_a_pool(self):
        self.assertEqual(
            domains.DiskSource(
                type=domains.SourceType.VOLUME,
                format='raw',
                pool='p',
                volume='v',
            ),
            source(b.volume('p', 'v')),
        )

    def test_a_data_file(self):
        self.assertEqual(
            domains.DiskSource(type=FILE, path='/store', format='raw'),
            source(b.file('/a', inside=b.data_store('/store'))).data_file,
        )

    @ddt.data(
        b.Source('network', "<source name='n'/>"),
        b.Source('volume', '<source/>'),
        b.Source('file', "<source dev='/x'/>"),
        b.Source('block', "<source file='/x'/>"),
        b.Source('dir', '<source/>'),
        b.Source('vhostuser', '<source/>'),
        b.Source('vhostvdpa', '<source/>'),
    )
    def test_an_empty_drive(self, found):
        self.assertIsNone(source(found))

    @ddt.data(
        b.Source('network', "<source protocol='rbd'/>"),
        b.Source('volume', "<source pool='p'/>"),
        b.Source('volume', "<source volume='v'/>"),
        b.Source('nvme', '<source/>'),
        b.Source('crystal', '<source/>'),
    )
    def test_no_empty_drive(self, found):
        self.assertIsNotNone(source(found))

    @ddt.data((b.LUKS, ''), ('', b.LUKS))
    @ddt.unpack
    def test_encryption_old_and_new(self, inside_source, inside_disk):
        (disk,) = read(
            b.disk(
                'vda', b.file('/a', inside=inside_source), inside=inside_disk
            )
        )
        self.assertTrue(disk.source.encrypted)


class DiskTest(unittest.TestCase):
    maxDiff = None

    def test_the_least(self):
        (disk,) = read("<disk><target dev='vda'/></disk>")
        self.assertEqual(domains.Disk('vda'), disk)

    def test_no_driver_is_no_format(self):
        (disk,) = read(
            "<disk><source file='/a'/><target dev='vda'/></disk>",
        )
        self.assertEqual(domains.DiskSource(type=FILE, path='/a'), disk.source)

    def test_a_driver_without_type_is_no_format(self):
        (disk,) = read(b.disk('vda', b.file('/a', None)))
        self.assertIsNone(disk.source.format)

    def test_all_of_it(self):
        (disk,) = read(
            b.disk(
                'vda',
                b.file('/a'),
                'readonly',
                'shareable',
                'transient',
                device='cdrom',
                serial=' s ',
                over=[b.file('/b'), b.block('/dev/c')],
                inside='<mirror/>',
            )
        )
        self.assertEqual(
            domains.Disk(
                target='vda',
                device=domains.DiskDevice.CDROM,
                source=domains.DiskSource(
                    type=FILE, path='/a', format='qcow2'
                ),
                readonly=True,
                shareable=True,
                transient=True,
                serial='s',
                alias='virtio-vda',
                backing=(
                    domains.DiskSource(type=FILE, path='/b', format='qcow2'),
                    domains.DiskSource(
                        type=domains.SourceType.BLOCK,
                        path='/dev/c',
                        format='raw',
                    ),
                ),
                chain_known=True,
                mirror=True,
            ),
            disk,
        )

    def test_the_id_of_an_alias(self):
        for alias, expected in (
            (f'ua-{b.VOLUME}', b.VOLUME),
            ('ua-net0', None),
            (f'ua-{b.VOLUME}x', None),
            (b.VOLUME, None),
            ('virtio-disk0', None),
        ):
            (disk,) = read(b.disk('vda', b.file('/a'), alias=alias))
            self.assertEqual(expected, disk.alias_id, alias)

    def test_a_blank_serial_is_none(self):
        (disk,) = read(b.disk('vda', b.file('/a'), serial=' '))
        self.assertIsNone(disk.serial)

    def test_a_chain_whose_end_is_not_said(self):
        (disk,) = read(
            b.disk('vda', b.file('/a'), over=[b.file('/b')], ends=False)
        )
        self.assertEqual((1, False), (len(disk.backing), disk.chain_known))

    def test_a_device_of_tomorrow(self):
        with self.assertRaises(exceptions.InvalidDomain) as caught:
            read(b.disk('vda', device='toaster'))
        self.assertEqual(
            "disk 'vda' is of an unknown device type 'toaster'",
            str(caught.exception),
        )

    def test_comments_and_instructions_do_not_cut_a_text(self):
        for inside in ('<!-- x -->', '<?x y?>'):
            text = b.domain(b.disk('vda', b.file('/a'), serial='s-t'))
            (disk,) = domain_xml.parse(
                text.replace('s-t', f's-{inside}t')
            ).disks
            self.assertEqual('s-t', disk.serial)

    def test_elements_that_nest_too_deep(self):
        deep = '<a>' * 1000 + '</a>' * 1000
        with self.assertRaises(exceptions.InvalidDomain):
            domain_xml.parse(f'<domain>{deep}</domain>')

    def test_nothing_outside_the_document_is_opened(self):
        # What is opened would not be found, and be said instead.
        for text in (
            '<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///nowhere/x">]>'
            '<domain>&x;</domain>',
            '<!DOCTYPE domain SYSTEM "file:///nowhere/x.dtd"><domain/>',
        ):
            with self.subTest(text=text):
                with self.assertRaises(exceptions.InvalidDomain) as caught:
                    domain_xml.parse(text)
                self.assertIn('has a document type', str(caught.exception))

    def test_a_domain_without_name(self):
        domain = domain_xml.parse('<domain/>')
        self.assertEqual(domains.Domain('', None, ()), domain)


@ddt.ddt
class LabelTest(unittest.TestCase):
    @ddt.data(
        (b.file('/a'), '/a'),
        (b.volume('p', 'v'), 'pool p, volume v'),
        (b.network('nbd', 'x', "name='h' port='1'"), 'nbd://h:1/x'),
        (b.network('gluster', '/v/x', 'h', 'i'), 'gluster://h/v/x'),
        (b.network('rbd', 'p/i'), 'rbd:///p/i'),
        (b.network('nbd', None, 'h'), 'nbd://h/'),
        (
            b.network('nbd', 'x', "transport='unix' socket='/s'"),
            'nbd+unix:///s/x',
        ),
        (b.Source('crystal', '<source/>'), 'other'),
    )
    @ddt.unpack
    def test_source(self, found, label):
        self.assertEqual(label, source(found).label)

    @ddt.data(
        ({}, 'volume without id'),
        ({'volume_id': 'i'}, 'volume i'),
        ({'volume_id': 'i', 'target': 'vdb'}, 'volume i (vdb)'),
    )
    @ddt.unpack
    def test_volume(self, fields, label):
        self.assertEqual(label, domains.VolumeAttachment(**fields).label)
