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

"""The progress of the disks' copy shows in the server's record."""

import json
import subprocess

from lab.guests import written_records
from lab.processes import waiting
from tests.e2e import base
from tests.e2e import nova_base

SLOW = {'libvirt': {'live_migration_bandwidth': 2}}
MUCH = {'root_mib': 56, 'workload': written_records.Workload(cold_mib=40)}


class ProgressTestCase(nova_base.NovaTestCase):
    """A disk that takes longer than nova's records of two looks."""

    def progress(self) -> int:
        """Return the most progress in most of the copy; then abort."""
        server = self.server(**MUCH)
        seen = [0]

        def nearly_done() -> bool:
            seen.append(server.record['progress'] or 0)
            row = server.migrations[-1]
            done = row['disk_processed'] or 0
            return 10 * done > 8 * (row['disk_total'] or 1)

        with self.moving(server):
            waiting.until(nearly_done, 'most of the copy')
            server.abort(self.a)
        return max(seen)

    def test_stock(self) -> None:
        """Nova's own driver says 0 as long as disks are copied."""
        self.stock(**SLOW)
        self.assertEqual(0, self.progress())

    def test_plugin(self) -> None:
        """Ours counts the disks."""
        self.plugin(**SLOW)
        self.assertGreater(self.progress(), 0)
        self.assertRegex(
            self.cloud.compute(self.a).log,
            r'Migration of disk vda: \d+ bytes of \d+ processed, \d+ bytes/s',
        )

    def test_watch(self) -> None:
        """Whoever is on the source follows it, as one of virsh's."""
        self.plugin(**SLOW)
        server = self.server(**MUCH)
        watching = self.a.popen(
            [base.PROGRAM, 'watch', server.name, '--wait', '--events'],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={'PYTHONUNBUFFERED': '1'},
        )
        assert watching.stdout is not None
        with self.moving(server):
            for line in watching.stdout:
                event = json.loads(line)
                if event['event'] == 'progress' and event['disks']:
                    break
            server.abort(self.a)
        self.assertEqual(['vda'], [d['target'] for d in event['disks']])
        out, said = watching.communicate(timeout=60)
        last = json.loads(out.splitlines()[-1])
        self.assertEqual(
            ('outcome', 'not-moved'), (last['event'], last['outcome']), said
        )
        self.assertEqual(4, watching.returncode, said)
