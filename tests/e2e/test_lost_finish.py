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

"""The destination runs the guest, and its answer is lost."""

from lab.faults import command_line
from lab.guests import lab_guest
from lab.guests import written_records
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base
from tests.e2e import lost_finish
from tests.e2e import nova_base

#: MiB/s: slow enough for the memory copy to be seen.
_BANDWIDTH = 16
_SLOW = {'libvirt': {'live_migration_bandwidth': _BANDWIDTH}}
_WORKLOAD = written_records.Workload(cold_mib=4)


class CommandTestCase(base.EndToEndTestCase):
    def prepare(self) -> tuple[lab_guest.Guest, command_line.CommandLine]:
        """Start a guest with a shared disk; its migration is yet to begin."""
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(format='qcow2', size_mib=16),
                'vdb': shared_disks.SharedNetwork(size_mib=16),
            },
            workload=_WORKLOAD,
        )
        running = command_line.CommandLine(
            *(self.a, self.b, guest.name),
            ['--bandwidth', str(_BANDWIDTH)],
        )
        return guest, running

    def test_both_run(self) -> None:
        """That of the destination is suspended, and all images stay."""
        guest, running = self.prepare()
        with lost_finish.lost(self.lab, guest.name) as lose:
            running.start()
            lose()
            said = running.end()
        self.assertEqual((5, 'unknown'), (said.code, said.outcome), said.text)
        self.assertIn('suspended at once', said.text)
        self.assertEqual('running', self.state(self.a, guest.name))
        self.assertEqual('paused', self.state(self.b, guest.name))
        (left,) = (path for host, path in said.left if host == 'b')
        self.assertTrue(self.b.path(left).exists())
        # What is decided by hand, the report sees.
        self.b.virsh('destroy', guest.name)
        self.b.virsh('undefine', guest.name, check=False)
        resumed = running.resume_report()
        self.assertEqual('not-moved', resumed.outcome, resumed.text)
        self.assertEqual('running', self.state(self.a, guest.name))
        # It has been written to, so that nothing proves it to be ours.
        self.assertIn(('b', left), resumed.left)
        self.assertTrue(self.b.path(left).exists())

    def test_the_destination_cannot_be_asked(self) -> None:
        """That of the source is suspended, since both would write to vdb."""
        guest, running = self.prepare()
        with lost_finish.lost(self.lab, guest.name, for_good=True) as lose:
            running.start()
            lose()
            said = running.end()
        self.assertEqual((5, 'unknown'), (said.code, said.outcome), said.text)
        self.assertIn('that of the source was suspended', said.text)
        self.assertEqual('paused', self.state(self.a, guest.name))
        self.assertEqual('running', self.state(self.b, guest.name))
        # What it says is done by hand, and no write was lost.
        self.a.virsh('destroy', guest.name)
        self.assertEqual('moved', running.resume_report().outcome)

    def state(self, host, name):
        return host.virsh('domstate', name, check=False).stdout.strip()


class NovaTestCase(nova_base.NovaTestCase):
    def lose(self, *, for_good=False):
        """Migrate a server until the destination runs it."""
        server = self.server(
            workload=_WORKLOAD, volumes=(self.cloud.volumes.block(),)
        )
        with (
            lost_finish.lost(self.lab, server.name, for_good=for_good) as lose,
            self.moving(server) as ended,
        ):
            lose()
        return server, ended[0]

    def test_plugin(self) -> None:
        """That of the destination is suspended, and nothing is deleted."""
        self.plugin(**_SLOW)
        server, ended = self.lose()
        self.assertEqual('error', ended.status)
        self.assertEqual(('error', None, 'a'), server.state, server.faults)
        self.assertEqual('running', server.power(self.a))
        self.assertEqual('paused', server.power(self.b))
        for host in self.lab.hosts:
            self.assertIn('disk', server.files(host))
        for words in ('suspended at once', 'destroy that of the destination'):
            self.assertIn(words, server.faults[-1])

    def test_the_destination_cannot_be_asked(self) -> None:
        """That of the source is suspended, since both would write."""
        self.plugin(**_SLOW)
        server, ended = self.lose(for_good=True)
        self.assertEqual('error', ended.status)
        self.assertEqual(('error', None, 'a'), server.state, server.faults)
        self.assertEqual('paused', server.power(self.a))
        self.assertEqual('running', server.power(self.b))
        for host in self.lab.hosts:
            self.assertIn('disk', server.files(host))
        told = 'that of the source was suspended'
        self.assertIn(told, server.faults[-1])
