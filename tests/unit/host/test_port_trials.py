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


import errno
import socket
import unittest
from unittest import mock

from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.host.facts import port_trials

Answer = destination_readiness.PortAnswer
Use = destination_readiness.PortUse
RANGE = (49152, 49215)


class ConnectTest(unittest.TestCase):
    def test_a_port_of_our_own(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
            self.assertEqual(
                Answer.LISTENING, port_trials.connect('127.0.0.1', port)
            )
        self.assertEqual(
            Answer.REFUSED, port_trials.connect('127.0.0.1', port)
        )

    def test_what_errors_say(self):
        for error, answer in (
            (TimeoutError(), Answer.SILENT),
            (OSError(errno.EHOSTUNREACH, ''), Answer.UNREACHABLE),
            (OSError(errno.ENETUNREACH, ''), Answer.UNREACHABLE),
            (socket.gaierror(-2, 'no name'), None),
            (OSError(errno.EMFILE, ''), None),
        ):
            with mock.patch.object(
                socket, 'create_connection', side_effect=error
            ):
                self.assertEqual(answer, port_trials.connect('h', 1), error)


class TrialTest(unittest.TestCase):
    def tried(self, answers=None, **options):
        """Return what is tried: (use, address, port)."""
        found = port_trials.tried(
            migration_options.MigrationOptions(
                destination_uri='qemu+tcp://u@there:1/system', **options
            ),
            RANGE,
            lambda _address, port: (answers or {}).get(port, Answer.REFUSED),
        )
        return [(each.use, each.address, each.port) for each in found]

    def test_of_ports_to_choose_from_the_least_used_is_tried(self):
        self.assertEqual([(Use.ANY, 'there', 49215)], self.tried())

    def test_where_it_is_silent_the_first_is_tried_too(self):
        for answer in (Answer.SILENT, Answer.UNREACHABLE):
            self.assertEqual(
                [(Use.ANY, 'there', 49215), (Use.ANY, 'there', 49152)],
                self.tried({49215: answer}),
            )

    def test_where_it_says_nothing_nothing_is_told(self):
        self.assertEqual([], self.tried({49215: None}))

    def test_the_address_of_the_data_goes_before_the_daemons(self):
        self.assertEqual(
            [(Use.ANY, '10.0.0.2', 49215)],
            self.tried(migrate_uri='tcp://10.0.0.2'),
        )

    def test_ports_that_are_named(self):
        self.assertEqual(
            [(Use.MEMORY, '10.0.0.2', 5), (Use.DISKS, '10.0.0.2', 6)],
            self.tried(migrate_uri='tcp://10.0.0.2:5', disks_port=6),
        )
        self.assertEqual(
            [(Use.DISKS, 'there', 6), (Use.ANY, 'there', 49215)],
            self.tried(disks_port=6),
        )

    def test_a_network_of_disks(self):
        self.assertEqual(
            [(Use.ANY, 'there', 49215), (Use.ANY, '10.1.0.2', 49215)],
            self.tried(disks_uri='tcp://10.1.0.2'),
        )
        self.assertEqual(
            [(Use.DISKS, '10.1.0.2', 7), (Use.ANY, 'there', 49215)],
            self.tried(disks_uri='tcp://10.1.0.2:7'),
        )

    def test_what_is_no_port_of_tcp(self):
        for options in (
            {'migrate_uri': 'unix:///m', 'disks_uri': 'unix:///d'},
            {'migrate_uri': 'rdma://10.0.0.2'},
            {'migrate_uri': 'tcp://h:99999'},
        ):
            self.assertEqual([], self.tried(**options), options)
