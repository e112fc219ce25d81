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

import socket
import unittest
from unittest import mock

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from tests.unit.host import fake_daemon

SECRET = 'Sesame'
URI = f'qemu+ssh://user:{SECRET}@there/system'


@ddt.ddt
class SecretTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        libvirt_codes.silence_errors()
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


@ddt.ddt
class LocalTest(unittest.TestCase):
    """Whether a daemon is on this host: by the name that libvirt gives."""

    def _is_local(self, name, canonical, uri='qemu:///system'):
        daemon = fake_daemon.FakeDaemon()
        daemon.host = name
        answer = [(socket.AF_INET, 1, 6, canonical, ('127.0.1.1', 0))]
        with (
            mock.patch.object(socket, 'gethostname', lambda: 'compute1'),
            mock.patch.object(socket, 'getaddrinfo') as resolve,
        ):
            if canonical is None:
                resolve.side_effect = socket.gaierror('no such name')
            resolve.return_value = answer
            found = fake_daemon.connect(daemon, uri)
            return found.is_local

    @ddt.data(
        ('compute1', 'compute1'),
        ('compute1', None),
        # 127.0.1.1 compute1.example.com compute1
        ('compute1.example.com', 'compute1.example.com'),
    )
    @ddt.unpack
    def test_of_this_host(self, name, canonical):
        self.assertIs(True, self._is_local(name, canonical))

    @ddt.data(
        ('compute2', 'compute1.example.com'),
        ('compute1.example.org', 'compute1.example.com'),
        ('compute1.example.com', None),
        ('localhost', 'localhost'),
        ('localhost.localdomain', 'localhost.localdomain'),
    )
    @ddt.unpack
    def test_of_another(self, name, canonical):
        self.assertIs(False, self._is_local(name, canonical))

    def test_a_server_is_another_whatever_its_name(self):
        self.assertIs(
            False, self._is_local('compute1', 'x', 'qemu+ssh://h/system')
        )
