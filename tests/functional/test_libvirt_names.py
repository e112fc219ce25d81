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

"""Our flags and parameters are libvirt's, as its binding has them."""

import unittest

import ddt
import libvirt

from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import migrate_call

PARAMETERS = {
    'migrate_disks': libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS,
    # libvirt 10.9; the binding may be older.
    'migrate_disks_detect_zeroes': 'migrate_disks_detect_zeroes',
    'disks_uri': libvirt.VIR_MIGRATE_PARAM_DISKS_URI,
    'bandwidth': libvirt.VIR_MIGRATE_PARAM_BANDWIDTH,
    'migrate_uri': libvirt.VIR_MIGRATE_PARAM_URI,
    'listen_address': libvirt.VIR_MIGRATE_PARAM_LISTEN_ADDRESS,
    'destination_xml': libvirt.VIR_MIGRATE_PARAM_DEST_XML,
    'persistent_xml': libvirt.VIR_MIGRATE_PARAM_PERSIST_XML,
}


@ddt.ddt
class LibvirtNamesTest(unittest.TestCase):
    @ddt.data(*migrate_call.MigrateFlag)
    def test_a_flag_is_libvirts(self, flag):
        self.assertEqual(
            getattr(libvirt, f'VIR_MIGRATE_{flag.name}'), int(flag)
        )

    def test_every_parameter_that_we_can_send_is_libvirts(self):
        made = migrate_call.build(
            ['vda'],
            migration_options.MigrationOptions(
                migrate_uri='tcp://h',
                listen_address='::',
                disks_uri='tcp://h',
            ),
            incremental=False,
            persistent=True,
            xml={'destination_xml': '<domain/>', 'persistent_xml': '<d/>'},
            detect_zeroes=['vda'],
            per_disk=1,
        )
        self.assertEqual({*PARAMETERS.values()}, {*made.parameters})
        self.assertEqual(
            [*PARAMETERS], [*PARAMETERS.values()], 'the names on the wire'
        )

    def test_what_libvirt_adds_on_the_way_is_counted_by_its_names(self):
        added = {
            libvirt.VIR_MIGRATE_PARAM_DEST_XML,
            libvirt.VIR_MIGRATE_PARAM_URI,
            libvirt.VIR_MIGRATE_PARAM_DEST_NAME,
        }
        bare = migrate_call.MigrateCall()
        self.assertEqual(3, bare.parameter_count)
        passed = migrate_call.MigrateCall(parameters=dict.fromkeys(added, 'x'))
        self.assertEqual(3, passed.parameter_count)
