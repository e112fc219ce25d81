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
"""Every running guest is planned, and one that fails fails alone."""

import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.facts import guest_audits
from nova_selective_migrate.host.facts import readiness_answers
from nova_selective_migrate.host.hypervisor import connection
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

ASKED = case_gathering.CaseRequest(
    policy=declared_paths.LocalityPolicy(local_paths=('/data',)),
    options=migration_options.MigrationOptions(),
    probe=False,
)


class _Named(fake_domain.FakeDomain):
    def __init__(self, name, *disks):
        super().__init__(*disks)
        self._name = name
        self.uuid = f'{name}-uuid'

    def name(self):
        return self._name

    def info(self):
        return [1, 131_072, 65_536, 1, 0]


class OfHostTest(unittest.TestCase):
    def setUp(self):
        self.daemon = fake_daemon.FakeDaemon()
        self.host = connection.Connection(self.daemon, 'qemu+tcp://a/system')
        self.journal = mock.Mock()
        self.journal.busy.return_value = None

    def add(self, *guests):
        self.daemon.domains.update({each.uuid: each for each in guests})

    def audit(self):
        return guest_audits.of_host(self.host, None, ASKED, self.journal)

    def test_by_name(self):
        disk = fake_domain.file_disk('/data/x')
        self.add(_Named('b', disk), _Named('a', disk))
        found = self.audit()
        self.assertEqual(['a', 'b'], [each.name for each in found])
        self.assertEqual({64 << 20}, {each.memory_bytes for each in found})
        self.assertEqual(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE, 1)

    def test_one_that_fails_fails_alone(self):
        gone = _Named('a')
        gone.on_xml = mock.Mock(side_effect=fake_daemon.broken('it is gone'))
        self.add(gone, _Named('b'))
        first, second = self.audit()
        self.assertIn('it is gone', first.problem)
        self.assertTrue(second.movable)

    def test_one_that_another_process_migrates(self):
        self.add(_Named('a'))
        self.journal.busy.return_value = mock.sentinel.record
        (found,) = self.audit()
        self.assertEqual(('active-job',), found.codes)

    def test_ports_are_tried_once(self):
        first = destination_readiness.Readiness()
        self.add(_Named('a'), _Named('b'))
        there = connection.Connection(
            fake_daemon.FakeDaemon(), 'qemu+tcp://b/system'
        )
        with mock.patch.object(
            readiness_answers, 'readiness', return_value=first
        ) as found:
            guest_audits.of_host(self.host, there, ASKED, self.journal)
        self.assertEqual(
            [None, first], [call.args[-1] for call in found.call_args_list]
        )

    def test_one_that_has_ended(self):
        ended = _Named('a')
        ended.info = mock.Mock(side_effect=fake_daemon.broken())
        self.add(ended)
        (found,) = self.audit()
        self.assertIsNone(found.memory_bytes)


if __name__ == '__main__':
    unittest.main()
