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

"""What a plan says beyond its decisions: sizes, notes, evidence."""

import unittest

from nova_selective_migrate.core.plan import known_bad
from tests.unit.core import builders as b
from tests.unit.core import planned

A, B = '/data/a', '/data/b'


class SizeTest(unittest.TestCase):
    def _plan(self, *disks, **facts):
        return planned.plan(
            b.case(
                *disks,
                source={f'/data/{name}': f for name, f in facts.items()},
            )
        )

    def test_sizes_are_those_of_the_source(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            a=b.local(virtual_bytes=9000, allocated_bytes=700),
        )
        (disk,) = plan['disks']
        self.assertEqual(9000, disk['virtual_bytes'])
        self.assertEqual(700, disk['allocated_bytes'])
        self.assertEqual(700, plan['copy_bytes'])

    def test_sizes_that_are_not_known_are_null(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            a={'exists': True, 'kind': 'file', 'fstype': 'ext4'},
        )
        (disk,) = plan['disks']
        self.assertIsNone(disk['virtual_bytes'])
        self.assertIsNone(disk['allocated_bytes'])
        self.assertEqual(0, plan['copy_bytes'])
        self.assertTrue(plan['ready'])

    def test_only_copies_count(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            b.disk('vdb', b.file(B), 'readonly'),
            a=b.local(allocated_bytes=5),
            b=b.local(allocated_bytes=70),
        )
        self.assertEqual(5, plan['copy_bytes'])

    def test_a_device_counts_with_its_size(self):
        plan = planned.plan(
            b.case(
                b.disk('vda', b.block('/dev/sdb')),
                source={'/dev/sdb': b.device('sata', virtual_bytes=11)},
            )
        )
        self.assertEqual(11, plan['copy_bytes'])

    def test_a_chain_counts_no_more_than_the_disk(self):
        plan = self._plan(
            b.disk('vda', b.file(A), over=[b.file(B)]),
            a=b.local(virtual_bytes=9, allocated_bytes=7),
            b=b.local(virtual_bytes=9, allocated_bytes=7),
        )
        self.assertEqual(9, plan['copy_bytes'])


class NoteTest(unittest.TestCase):
    def _notes(self, *disks, **more):
        plan = planned.plan(b.case(*disks, source={A: b.local()}, **more))
        self.assertTrue(plan['ready'], plan)
        return ' '.join(plan['notes'])

    def test_nothing_to_note(self):
        self.assertEqual('', self._notes(b.disk('vda', b.rbd())))
        self.assertEqual('', self._notes(b.disk('vda', b.rbd()), rows=[]))

    def test_the_end_of_a_chain_is_not_said(self):
        words = 'vda: the domain XML does not say'
        for disk, noted in (
            (b.disk('vda', b.file(A), ends=False), True),
            (b.disk('vda', b.file(A)), False),
            (b.disk('vda', b.file(A, 'raw'), ends=False), False),
            (b.disk('vda', b.file(A), 'readonly', ends=False), False),
            (b.disk('vda'), False),
        ):
            with self.subTest(disk=disk):
                self.assertEqual(noted, words in self._notes(disk))

    def test_block_migration_that_copies_nothing(self):
        words = 'block migration was asked for'
        local, shared = b.disk('vda', b.file(A)), b.disk('vda', b.rbd())
        for disk, asked, noted in (
            (shared, True, True),
            (shared, None, False),
            (local, True, False),
        ):
            with self.subTest(disk=disk, asked=asked):
                notes = self._notes(
                    disk,
                    prepared={'directory': '/data', 'block_migration': asked},
                )
                self.assertEqual(noted, words in notes)

    def test_room_that_is_not_known(self):
        words = 'the free room at the destination is not known'
        disk = b.disk('vda', b.file(A))
        for known, noted in (
            ({}, True),
            ({'/data': {'exists': False}}, True),
            ({'/data': {'exists': False, 'free_bytes': b.GIB}}, False),
        ):
            with self.subTest(known=known):
                notes = self._notes(
                    disk, destination=known, prepared={'directory': '/data'}
                )
                self.assertEqual(noted, words in notes)
        self.assertNotIn(words, self._notes(disk))

    def test_a_copy_in_clear(self):
        disk = b.disk('vda', b.file(A))
        self.assertIn('use TLS', self._notes(disk))
        self.assertNotIn('use TLS', self._notes(disk, tls=True))

    def test_unknown_versions_are_noted_where_something_is_copied(self):
        known = {'libvirt': 10_000_000, 'qemu': 9_000_000}
        disk = b.disk('vda', b.file(A))
        for versions, copied, noted in (
            ({}, True, True),
            ({'source': known}, True, True),
            ({'source': known, 'destination': known}, True, False),
            ({}, False, False),
        ):
            with self.subTest(versions=versions, copied=copied):
                plan = planned.plan(
                    b.case(
                        *([disk] if copied else []),
                        source={A: b.local()},
                        versions=versions,
                    )
                )
                self.assertTrue(plan['ready'])
                said = [note for note in plan['notes'] if 'version' in note]
                self.assertEqual(noted, bool(said))

    def test_each_version_that_is_unknown(self):
        notes = self._notes(b.disk('vda', b.file(A)))
        for side in ('source', 'destination'):
            for program in ('libvirt', 'qemu'):
                self.assertIn(
                    f'the version of {program} on the {side} is not known',
                    notes,
                )

    def test_versions_are_written_as_people_do(self):
        for version, text in (
            (9_000_000, '9.0.0'),
            (12_345_678, '12.345.678'),
            (999_999, '0.999.999'),
            (999_999_999, '999.999.999'),
            (1_000, '0.1.0'),
        ):
            self.assertEqual(text, known_bad.dotted(version))

    def test_a_dangling_row_is_noted(self):
        row = {'mount_device': None, 'connection_info': None}
        plan = planned.plan(b.case(rows=[row]))
        self.assertTrue(plan['ready'])
        (note,) = plan['notes']
        self.assertIn('mapping', note)


class EvidenceTest(unittest.TestCase):
    def _evidence(self, disk, **more):
        (decided,) = planned.plan(b.case(disk, **more))['disks']
        return decided['evidence']

    def test_a_read_only_disk_and_a_cdrom(self):
        facts = {A: b.local()}
        seen = f'source host: {A} is on ext4 (/dev/vda1)'
        self.assertEqual(
            ['domain XML: read-only', seen],
            self._evidence(b.disk('vda', b.file(A), 'readonly'), source=facts),
        )
        self.assertEqual(
            ['domain XML: a cdrom is read-only', seen],
            self._evidence(
                b.disk('hda', b.file(A), device='cdrom'), source=facts
            ),
        )

    def test_what_the_hosts_know(self):
        nothing = f'{A}: nothing shows whether it is local or shared'
        missing = (
            f'{A}: the source host does not see the path that the domain names'
        )
        nfs, there = b.on('nfs'), 'destination host:'
        seen = f'source host: {A} is on nfs (srv:/exp)'
        bare = {'exists': True, 'kind': 'file'}
        for facts, known, expected in (
            (None, None, [nothing]),
            (b.GONE, None, [missing]),
            ({'exists': True, 'kind': 'other'}, None, [nothing]),
            (bare, None, [f'source host: {A} is on an unknown']),
            (nfs, b.GONE, [seen, f'{there} {A} is not there']),
            (
                b.on('nfs', identity='i'),
                b.on('nfs', identity='j'),
                [seen, f'{there} {A} is another file'],
            ),
            (
                b.on('nfs', identity='i'),
                b.on('nfs', identity='i'),
                [seen, f'both hosts: {A} is the same on both'],
            ),
            (nfs, b.local(), [seen, f'{there} {A} is on /dev/vda1 (ext4)']),
            (
                nfs,
                {**bare, 'mount_source': 'srv:/two'},
                [seen, f'{there} {A} is on srv:/two (unknown)'],
            ),
            (
                nfs,
                {**bare, 'fstype': 'ext4'},
                [seen, f'{there} {A} is on - (ext4)'],
            ),
        ):
            with self.subTest(facts=facts, known=known):
                self.assertEqual(
                    expected,
                    self._evidence(
                        b.disk('vda', b.file(A)),
                        source={A: facts} if facts else {},
                        destination={A: known} if known else {},
                    ),
                )

    def test_how_a_device_is_attached(self):
        for facts, words in (
            (b.device('sata'), 'a sata device'),
            (b.device(None), 'a unknown device'),
            (b.device('dm', 'sata', 'nvme'), 'a dm device over sata, nvme'),
        ):
            with self.subTest(facts=facts):
                self.assertEqual(
                    [f'source host: /dev/x is {words}'],
                    self._evidence(
                        b.disk('vda', b.block('/dev/x')),
                        source={'/dev/x': facts},
                    ),
                )

    def test_what_nobody_can_know(self):
        nothing = 'nothing shows whether it is local or shared'
        pool = (
            'nothing is known of the storage pool that the disk names, or '
            'both hosts have another pool of that name'
        )
        for source, words in (
            (b.vdpa('/dev/v'), f'/dev/v: {nothing}'),
            (b.volume('p', 'v'), f'pool p, volume v: {pool}'),
        ):
            with self.subTest(source=source):
                self.assertEqual(
                    [words], self._evidence(b.disk('vda', source))
                )

    def test_what_is_declared(self):
        disk = b.disk('vda', b.file(A))
        facts = {A: b.on('nfs', resolved='/real')}
        for more, words in (
            ({'shared': ['/data']}, 'shared_paths has /data'),
            ({'local': ['/data']}, 'local_paths has /data'),
            (
                {'shared': ['/data'], 'local': ['/real']},
                'shared_paths and local_paths both has /data and /real',
            ),
        ):
            with self.subTest(more=more):
                self.assertIn(
                    f'configuration: {words}',
                    self._evidence(disk, source=facts, **more),
                )

    def test_a_volume_of_an_unknown_driver(self):
        said = self._evidence(
            b.disk('vdb', b.rbd(), serial=b.VOLUME),
            rows=[b.row(None, b.VOLUME, None)],
        )
        self.assertIn(
            f'block device mapping: volume {b.VOLUME} of type unknown, '
            'joined by serial',
            said,
        )

    def test_by_what_a_volume_is_joined(self):
        image = b.row('vdb', b.VOLUME, 'rbd', name='p/i')
        for disk, row, keys in (
            ({'serial': b.VOLUME}, b.row('vdb', b.VOLUME), 'serial'),
            ({}, image, 'source'),
            ({'serial': b.VOLUME}, image, 'serial and source'),
            ({}, b.row('vdb', b.VOLUME), 'device name'),
        ):
            with self.subTest(keys=keys):
                driver = row['connection_info']['driver_volume_type']
                self.assertIn(
                    f'block device mapping: volume {b.VOLUME} (vdb) of type '
                    f'{driver}, joined by {keys}',
                    self._evidence(
                        b.disk('vdb', b.rbd('p/i'), **disk), rows=[row]
                    ),
                )

    def test_an_image_below_with_the_same_bytes(self):
        base = b.local(content='sha')
        for known, words in (
            (base, f'both hosts: {B} has the same content, sha'),
            (
                {'exists': False, 'content': 'sha'},
                f'destination host: makes {B} and holds it against sha',
            ),
        ):
            with self.subTest(known=known):
                evidence = self._evidence(
                    b.disk('vda', b.file(A), over=[b.file(B)]),
                    source={A: b.local(), B: base},
                    destination={B: known},
                )
                self.assertEqual(
                    [f'source host: {B} is on ext4 (/dev/vda1)', words],
                    evidence[1:],
                )


class DomainTest(unittest.TestCase):
    def test_name_and_uuid(self):
        plan = planned.plan(b.case())
        self.assertEqual({'name': 'guest', 'uuid': b.UUID}, plan['domain'])

    def test_source_is_said(self):
        for source, expected in (
            (b.file(A), A),
            (b.block('/dev/x'), '/dev/x'),
            (b.volume('p', 'v'), 'v'),
            (b.rbd('pool/image'), 'pool/image'),
            (b.vhostuser('/run/s'), '/run/s'),
        ):
            with self.subTest(source=source):
                (disk,) = planned.plan(b.case(b.disk('vda', source)))['disks']
                self.assertIn(expected, disk['source'])

    def test_an_empty_drive_has_no_source(self):
        (disk,) = planned.plan(b.case(b.cdrom('hda')))['disks']
        self.assertIsNone(disk['source'])
        self.assertEqual('cdrom', disk['device'])

    def test_evidence_says_where_it_was_seen(self):
        plan = planned.plan(
            b.case(
                b.disk('vdb', b.block('/dev/x'), serial=b.VOLUME),
                rows=[b.row('vdb', b.VOLUME, 'iscsi')],
                source={'/dev/x': b.device('iscsi')},
            )
        )
        (disk,) = plan['disks']
        said = ' '.join(disk['evidence'])
        self.assertIn(b.VOLUME, said)
        self.assertIn('/dev/x', said)
        self.assertIn('iscsi', said)
