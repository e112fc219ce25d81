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

"""Where the destination listens, and where the source connects."""

import socket
import unittest
from unittest import mock

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.migration import preflight

NAMES = {'b': '10.0.0.2', 'data.b': '10.1.0.2', 'self': '127.0.1.1'}


def _look_up(host, _port, *_options):
    if host[0].isdigit() or ':' in host:
        return [(0, 0, 0, '', (host, 0))]
    if host not in NAMES:
        raise socket.gaierror(-2, 'Name or service not known')
    return [(0, 0, 0, '', (NAMES[host], 0)), (0, 0, 0, '', ('10.9.9.9', 0))]


@ddt.ddt
class DeriveTest(unittest.TestCase):
    def setUp(self):
        patched = mock.patch.object(socket, 'getaddrinfo', _look_up)
        patched.start()
        self.addCleanup(patched.stop)

    @ddt.data(
        # destination, migrate_uri, tls, uri, address
        ('qemu+tcp://b/system', None, False, 'tcp://10.0.0.2', '10.0.0.2'),
        (
            'qemu+ssh://u@b:22/system',
            None,
            False,
            'tcp://10.0.0.2',
            '10.0.0.2',
        ),
        ('qemu+tcp://[fd00::2]/s', None, False, 'tcp://[fd00::2]', 'fd00::2'),
        ('qemu+tcp://b/', 'tcp://data.b', False, 'tcp://data.b', '10.1.0.2'),
        ('qemu+tcp://b/', 'tcp://data.b', True, 'tcp://data.b', '10.1.0.2'),
        (
            'qemu:///',
            'tcp://[fd00::3]:9',
            False,
            'tcp://[fd00::3]:9',
            'fd00::3',
        ),
        ('qemu+tcp://b/', 'rdma://data.b', False, 'rdma://data.b', '10.1.0.2'),
        ('qemu+tls://b/system', None, True, None, None),
        ('qemu:///system', None, True, None, None),
        ('qemu+tcp://b/', 'unix:///ram', False, 'unix:///ram', None),
    )
    @ddt.unpack
    def test_chosen(self, destination, migrate_uri, tls, uri, address):
        found = preflight.derive(destination, migrate_uri, tls=tls)
        self.assertEqual(
            (uri, address), (found.migrate_uri, found.listen_address)
        )

    @ddt.data(
        ('qemu:///system', None, 'names no host'),
        ('qemu+unix:///session?socket=/s', None, 'names no host'),
        ('an-alias', None, 'names no host'),
        ('qemu+tcp://b/', 'tcp:b:49152', 'names no host'),
        ('qemu+tcp://[b/', None, 'names no host'),
        ('qemu+tcp://nowhere/system', None, 'nowhere has no address'),
        ('qemu+tcp://b/', 'tcp://nowhere', 'nowhere has no address'),
    )
    @ddt.unpack
    def test_unknown(self, destination, migrate_uri, words):
        with self.assertRaisesRegex(exceptions.AddressUnknown, words):
            preflight.derive(destination, migrate_uri, tls=False)

    def test_no_secret_is_told(self):
        with self.assertRaises(exceptions.AddressUnknown) as caught:
            preflight.derive('qemu://u:secret@/s', None, tls=False)
        self.assertNotIn('secret', str(caught.exception))

    @ddt.data('127.0.0.1', '127.0.1.1', '::1')
    def test_loopback(self, address):
        self.assertTrue(preflight.is_loopback(address))

    @ddt.data('10.0.0.2', 'fe80::1%eth0', '::')
    def test_no_loopback(self, address):
        self.assertFalse(preflight.is_loopback(address))
