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

"""The copy may begin again where synchronous writes are safe."""

import dataclasses
import unittest

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import second_call

FLAG = migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
CALL = migrate_call.MigrateCall(
    migrate_call.MigrateFlag.LIVE | migrate_call.MigrateFlag.NON_SHARED_INC,
    {'migrate_disks': ['vda']},
)


def case(
    libvirt=9_000_000, qemu=8_000_000, there=9_000_000, *, converge=True
) -> migration_case.Case:
    return migration_case.Case(
        domain_xml='',
        hypervisors=domains.Hypervisors(
            domains.Versions(libvirt, qemu),
            domains.Versions(there),
        ),
        options=migration_options.MigrationOptions(
            converge=converge, create_images=True
        ),
    )


class SecondCallTest(unittest.TestCase):
    def test_the_second_call_has_the_flag_and_no_other_change(self):
        found = second_call.build(CALL, case())
        self.assertEqual(
            dataclasses.replace(CALL, flags=CALL.flags | FLAG), found
        )
        self.assertEqual(1, len([*second_call.notes(found)]))

    def test_there_is_none_where_the_flag_is_not_known_to_be_safe(self):
        for name, known in {
            'QEMU that does not converge': case(qemu=7_001_000),
            'QEMU that crashes on early writes': case(qemu=7_002_022),
            'QEMU that crashes': case(qemu=10_001_000),
            'unknown QEMU': case(qemu=None),
            'unknown libvirt': case(libvirt=None),
            'unknown libvirt there': case(there=None),
            'libvirt without the flag': case(libvirt=7_010_000),
            'libvirt there without it': case(there=7_010_000),
        }.items():
            with self.subTest(name):
                self.assertIsNone(second_call.build(CALL, known))

    def test_images_that_the_caller_made_are_no_fresh_ones(self):
        options = migration_options.MigrationOptions(converge=True)
        theirs = dataclasses.replace(case(), options=options)
        self.assertIsNone(second_call.build(CALL, theirs))
        whole = migrate_call.MigrateFlag.NON_SHARED_DISK
        found = second_call.build(migrate_call.MigrateCall(whole), theirs)
        self.assertEqual(whole | FLAG, found.flags)

    def test_there_is_none_that_nobody_wants(self):
        self.assertIsNone(second_call.build(CALL, case(converge=False)))
        self.assertEqual([], [*second_call.notes(None)])

    def test_nor_where_nothing_is_copied_or_the_first_has_it(self):
        flags = migrate_call.MigrateFlag.LIVE
        nothing = migrate_call.MigrateCall(flags)
        self.assertIsNone(second_call.build(nothing, case()))
        first = dataclasses.replace(CALL, flags=CALL.flags | FLAG)
        self.assertIsNone(second_call.build(first, case()))


if __name__ == '__main__':
    unittest.main()
