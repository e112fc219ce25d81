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

"""What a plan notes: what is not known, and what else to think of."""

import unittest

from nova_selective_migrate.core.plan import known_bad_releases
from tests.unit.core import builders as b
from tests.unit.core import planned

A = '/data/a'


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
            self.assertEqual(text, known_bad_releases.dotted(version))

    def test_a_dangling_row_is_noted(self):
        row = {'mount_device': None, 'connection_info': None}
        plan = planned.plan(b.case(rows=[row]))
        self.assertTrue(plan['ready'])
        (note,) = plan['notes']
        self.assertIn('mapping', note)
