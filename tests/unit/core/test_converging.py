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

from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import hypervisor
from nova_selective_migrate.core.case import options as options_
from nova_selective_migrate.core.plan import call as call_
from nova_selective_migrate.core.plan import converging

FLAG = call_.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
CALL = call_.MigrateCall(
    call_.MigrateFlag.LIVE | call_.MigrateFlag.NON_SHARED_INC,
    {'migrate_disks': ['vda']},
)


def case(
    libvirt=9_000_000, qemu=8_000_000, there=9_000_000, *, converge=True
) -> case_.Case:
    return case_.Case(
        domain_xml='',
        hypervisors=hypervisor.Hypervisors(
            hypervisor.Versions(libvirt, qemu),
            hypervisor.Versions(there),
        ),
        options=options_.MigrationOptions(
            converge=converge, create_images=True
        ),
    )


class AgainTest(unittest.TestCase):
    def test_the_second_call_has_the_flag_and_no_other_change(self):
        found = converging.again(CALL, case())
        self.assertEqual(
            dataclasses.replace(CALL, flags=CALL.flags | FLAG), found
        )
        self.assertEqual(1, len([*converging.notes(found)]))

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
                self.assertIsNone(converging.again(CALL, known))

    def test_images_that_the_caller_made_are_no_fresh_ones(self):
        options = options_.MigrationOptions(converge=True)
        theirs = dataclasses.replace(case(), options=options)
        self.assertIsNone(converging.again(CALL, theirs))
        whole = call_.MigrateFlag.NON_SHARED_DISK
        found = converging.again(call_.MigrateCall(whole), theirs)
        self.assertEqual(whole | FLAG, found.flags)

    def test_there_is_none_that_nobody_wants(self):
        self.assertIsNone(converging.again(CALL, case(converge=False)))
        self.assertEqual([], [*converging.notes(None)])

    def test_nor_where_nothing_is_copied_or_the_first_has_it(self):
        flags = call_.MigrateFlag.LIVE
        nothing = call_.MigrateCall(flags)
        self.assertIsNone(converging.again(nothing, case()))
        first = dataclasses.replace(CALL, flags=CALL.flags | FLAG)
        self.assertIsNone(converging.again(first, case()))


if __name__ == '__main__':
    unittest.main()
