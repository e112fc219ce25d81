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

"""What is done before libvirt is called is told, and is in the outcome."""

from nova_selective_migrate.core.model import trim_options
from tests.unit.host import fake_domain
from tests.unit.host import migration


class BeforeTheCallTest(migration.MigrationCase):
    def setUp(self):
        super().setUp()
        self.told = []
        self.domain.on_migrate = self.move

    def run_with(self, **options):
        return self.migrator(**options).run(
            self.reports.append, self.told.append
        )

    def test_a_trim(self):
        disk = fake_domain.file_disk(migration.DISK)
        self.domain.disks = (
            disk.replace("name='qemu'", "name='qemu' discard='unmap'"),
        )
        ended = self.run_with(trim=trim_options.TrimOptions(True, 7))
        self.assertIsNone(ended.trim.why_not)
        self.assertIn('for 7 s at most', self.told[0])
        self.assertIn('the guest trimmed', self.told[1])
        self.assertEqual([7, -2], self.domain.agent_timeouts)

    def test_a_trim_of_nothing(self):
        ended = self.run_with(trim=trim_options.TrimOptions(True, 7))
        self.assertIn("discard='unmap'", ended.trim.why_not)
        self.assertIn('did not trim', ' '.join(self.told))
        self.assertEqual([], self.domain.agent_timeouts)

    def test_none_of_it(self):
        self.assertIsNone(self.run_with().trim)
        self.assertEqual([], self.told)
