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

"""Servers that out-write their copy, and somebody who wants it completed."""

from lab.guests import written_records
from lab.hosts import lab_host
from lab.processes import waiting
from tests.e2e import nova_base

# More than the mirror is let through, which is 2 MiB/s.
HARD = {
    'root_mib': 32,
    'workload': written_records.Workload(slots=4096, stride=17, interval_us=0),
}
LIMIT = {'live_migration_bandwidth': 2, 'images_type': 'raw'}
POSTCOPY = {**LIMIT, 'live_migration_permit_post_copy': 'true'}


class ForceCompleteTestCase(nova_base.NovaTestCase):
    """It is asked for while the disk is copied."""

    def moves(self, **options) -> None:
        """Ask for it, and check that the server has moved and runs."""
        self.plugin(libvirt=options)
        server = self.server(**HARD)
        with self.moving(server) as ended:
            self.await_copy(server)
            server.force_complete(self.a)
            self.await_pause(server)
        self.assert_moved(server, ended[0], mirrored=['vda'])
        self.assert_intact(server, self.b)

    def await_pause(self, server) -> None:
        """Wait until the guest is held on host a."""
        waiting.until(
            lambda: server.power(self.a) == 'paused', f'{server.id} paused'
        )

    def test_it_moves(self) -> None:
        """The guest is paused until it has come, and runs there."""
        self.moves(**LIMIT)

    def test_with_post_copy(self) -> None:
        """Until its disk is in sync; then nova switches."""
        self.moves(**POSTCOPY)
        log = self.a.path(lab_host.LIBVIRTD_LOG).read_bytes()[self._mark :]
        self.assertIn(b'migrate-start-postcopy', log)

    def test_libvirt_11_3(self) -> None:
        """There as well, with the limit shared out."""
        self.use_lab({'a': 'trixie', 'b': 'trixie'})
        self.moves(**LIMIT)

    def test_an_abort_lets_it_run(self) -> None:
        """The server is as it was, and goes on writing."""
        self.plugin(libvirt=LIMIT)
        server = self.server(**HARD)
        with self.moving(server):
            self.await_copy(server)
            server.force_complete(self.a)
            self.await_pause(server)
            server.abort(self.a)
        self.assert_stays(server, status='cancelled')
        self.assert_intact(server, self.a)
