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

"""What a killed command has put on a host is found, and put away."""

import os
import pathlib
import tempfile
import time
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.journal import probe_journal
from nova_selective_migrate.host.migration import probe_cleanup
from tests.unit.host import fake_daemon

FOLDER = '/srv/images'


class LooksCase(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = pathlib.Path(top.name)
        self.folder = self.top / 'there' / FOLDER[1:]
        self.folder.mkdir(parents=True)
        self.daemon = fake_daemon.FakeDaemon(self.top / 'there')
        self.probes = self.new()

    def new(self) -> probe_journal.ProbeJournal:
        """Return the looks of another process."""
        return probe_journal.ProbeJournal(str(self.top / 'journal'))

    def peer(self, probes: probe_journal.ProbeJournal):
        found = fake_daemon.connect(self.daemon)
        found.probes = probes
        return found

    def kill(self) -> probe_journal.Probe:
        """End a process while its marker and its pool are there."""
        killed = self.new()
        with (
            mock.patch.object(fake_daemon.FakePool, 'destroy'),
            mock.patch.object(fake_daemon.FakeVolume, 'delete'),
            self.assertRaises(KeyboardInterrupt),
            storage_pools.directory(self.peer(killed), FOLDER) as seen,
            seen.marker(),
        ):
            raise KeyboardInterrupt
        killed._alive.release()
        (look,) = self.probes.dead()
        return look


class LooksTest(LooksCase):
    def test_it_is_written_down_before_and_forgotten_after(self):
        noted = []
        self.daemon.on_list = lambda: noted.extend(
            os.listdir(self.top / 'journal' / 'looks')
        )
        with storage_pools.directory(self.peer(self.probes), FOLDER) as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
        self.assertEqual(1, sum(name.endswith('.json') for name in noted))
        self.probes.end()
        self.assertEqual([], os.listdir(self.top / 'journal' / 'looks'))

    def test_what_cannot_be_written_down_is_not_made(self):
        (self.top / 'journal').write_text('a file')
        with (
            self.assertRaises(exceptions.JournalFailed),
            storage_pools.directory(self.peer(self.probes), FOLDER),
        ):
            self.fail('it was made')
        self.assertEqual([], self.daemon.names('storagePoolCreateXML'))

    def test_one_that_cannot_be_put_away_stays_in_the_journal(self):
        self.daemon.fails['destroy'] = fake_daemon.broken()
        with (
            self.assertRaises(exceptions.HypervisorError),
            storage_pools.directory(self.peer(self.probes), FOLDER),
        ):
            pass
        self.probes.end()
        self.assertEqual(1, len(self.new().dead()))

    def test_that_of_a_live_process_is_none_of_a_dead_one(self):
        with storage_pools.directory(self.peer(self.probes), FOLDER):
            self.assertEqual([], self.new().dead())

    def test_none_begins_after_the_end(self):
        self.probes.close()
        with (
            self.assertRaises(exceptions.Interrupted),
            storage_pools.directory(self.peer(self.probes), FOLDER),
        ):
            self.fail('it was made')


class StalePoolTest(LooksCase):
    """libvirt allows one pool a directory; nobody waits for a dead one."""

    def seconds(self) -> float:
        began = time.monotonic()
        with storage_pools.directory(self.peer(self.probes), FOLDER) as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
        return time.monotonic() - began

    def test_that_of_a_killed_process_is_not_waited_for(self):
        self.kill()
        self.assertLess(self.seconds(), 5)

    def foreign(self, age: float) -> None:
        look = probe_journal.new_name('5f2a9f3e-7f0c-4b42-9d3d-111111111111')
        made = str(int(time.time()))
        name = look.replace(made, str(int(time.time() - age)))
        self.daemon.pools.append(
            fake_daemon.FakePool(self.daemon, FOLDER, name)
        )

    def test_an_old_one_of_another_host_is_not_waited_for(self):
        self.foreign(age=3600)
        self.assertLess(self.seconds(), 5)

    def test_a_new_one_of_another_host_is_waited_for_once(self):
        self.foreign(age=0)
        peer = self.peer(self.probes)
        waited = []
        for _ in range(2):
            began = time.monotonic()
            with (
                mock.patch.object(storage_pools, '_FOREIGN_POOL_SECONDS', 0.5),
                storage_pools.directory(peer, FOLDER),
            ):
                waited.append(time.monotonic() - began >= 0.5)
        self.assertEqual([True, False], waited)


class PutAwayTest(LooksCase):
    def put_away(
        self, look: probe_journal.Probe, *, remove: bool
    ) -> dict[str, str]:
        peer = self.peer(self.probes)
        return probe_cleanup.remove_probes(peer, look, remove=remove)

    def test_both_are_named_and_stay(self):
        look = self.kill()
        found = self.put_away(look, remove=False)
        self.assertEqual(['removable'] * 2, list(found.values()))
        self.assertEqual(1, len(self.daemon.pools))
        self.assertEqual(1, len(list(self.folder.iterdir())))

    def test_both_go(self):
        look = self.kill()
        (self.folder / 'other').touch()
        found = self.put_away(look, remove=True)
        self.assertEqual(['removed'] * 2, list(found.values()))
        self.assertEqual([], self.daemon.pools)
        self.assertEqual(['other'], os.listdir(self.folder))
        self.assertEqual({}, self.put_away(look, remove=True))

    def test_a_marker_goes_where_its_pool_has_gone(self):
        look = self.kill()
        self.daemon.pools.clear()
        self.put_away(look, remove=True)
        self.assertEqual([], os.listdir(self.folder))

    def test_those_of_others_stay(self):
        look = self.kill()
        self.kill_another()
        self.put_away(look, remove=True)
        self.assertEqual(1, len(list(self.folder.iterdir())))

    def kill_another(self) -> None:
        name = probe_journal.new_name('5f2a9f3e-7f0c-4b42-9d3d-111111111111')
        (self.folder / f'.{name}').touch()


if __name__ == '__main__':
    unittest.main()
