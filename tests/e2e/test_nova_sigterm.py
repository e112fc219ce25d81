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

"""A nova-compute that is told to end in a live migration, and started again.

From nova 33 on it waits for what is under way, as long as its options say;
before, it ends at once.
"""

from tests.e2e import nova_computes
from tests.e2e import test_nova_restart

WAITS = nova_computes.version() >= (33,)
# Of it nova keeps 20 seconds for itself, and waits for the rest at first.
PATIENT = {'manager_shutdown_timeout': 60, 'graceful_shutdown_timeout': 70}
IMPATIENT = {'manager_shutdown_timeout': 5, 'graceful_shutdown_timeout': 8}
# What a process takes to end besides, on a machine that is busy.
_BEYOND_SECONDS = 60
# MiB/s. Memory takes its part: some 10 seconds, and some 50.
SHORT, LONG = 12, 4


class SigtermTestCase(test_nova_restart._Restarts):
    """Told by SIGTERM, source or destination, while disks are copied."""

    def told_to_end(self, host, options, mib_per_second):
        """Tell one to end in the copy, wait until it has, and start it."""
        self.plugin(
            DEFAULT=options,
            libvirt={'live_migration_bandwidth': mib_per_second},
        )
        compute = self.compute(host)
        server = self.copying()
        compute.terminate()
        # nova 33 waits for all of it, whatever is under way.
        limit = options['graceful_shutdown_timeout']
        compute.await_exit(limit + _BEYOND_SECONDS)
        compute.restart()
        return server

    def assert_settled(self, server):
        """Check that the start has ended it where the guest is."""
        self.await_nothing_at(server, self.b)
        self.assert_stays(server, 'in the middle of it', status='failed')
        self.assert_journals_empty()
        self.assert_intact(server, self.a)

    def assert_came(self, server):
        """Check that it came through, in every record."""
        self.assert_on_b(server)
        self.assertEqual([], server.faults)
        self.assert_journals_empty()

    def test_source_short(self) -> None:
        """It ends when the server has moved."""
        server = self.told_to_end(self.a, PATIENT, SHORT)
        if WAITS:
            self.assert_came(server)
        else:
            self.assert_settled(server)

    def test_source_long(self) -> None:
        """The copy outlasts it: its next start rolls back."""
        server = self.told_to_end(self.a, IMPATIENT, LONG)
        self.assert_settled(server)

    def test_destination_long(self) -> None:
        """The server comes: the source waits for its start."""
        server = self.told_to_end(self.b, IMPATIENT, SHORT)
        server.await_end(self.a)
        self.assert_came(server)
