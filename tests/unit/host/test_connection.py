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

"""A connection's messages name the host and never its password."""

import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import errors
from tests.unit.host import fake_daemon

SECRET = 'Sesame'
URI = f'qemu+ssh://user:{SECRET}@there/system'


@ddt.ddt
class SecretTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        errors.silence()
        self.daemon = fake_daemon.FakeDaemon()
        self.connection = fake_daemon.connect(self.daemon, URI)

    def _fails(self, call, kind=exceptions.HypervisorError):
        with self.assertRaises(kind) as caught:
            call()
        self.assertNotIn(SECRET, str(caught.exception))
        return str(caught.exception)

    # libvirt quotes the URI that it cannot parse.
    @ddt.data('[::1/system', '127.0.0.1:1/system', '127.0.0.1:1/system?x')
    def test_a_host_that_cannot_be_reached(self, host):
        uri = f'qemu+tcp://user:{SECRET}@{host}'
        message = self._fails(
            lambda: connection.Connection.open(uri), exceptions.ConnectFailed
        )
        self.assertIn(f'qemu+tcp://{host}', message)

    def test_a_guest_that_is_not_there(self):
        message = self._fails(
            lambda: self.connection.guest('nobody'), exceptions.DomainNotFound
        )
        self.assertIn('qemu+ssh://there/system has no', message)

    @ddt.data(
        ('getLibVersion', connection.Connection.versions),
        ('getCapabilities', connection.Connection.host_uuid),
    )
    @ddt.unpack
    def test_a_daemon_that_fails(self, name, ask):
        def fail():
            raise fake_daemon.broken(f'lost {URI}')

        setattr(self.daemon, name, fail)
        self.assertIn('there', self._fails(lambda: ask(self.connection)))
