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

"""Without an address it is the loopback, and never more than is said."""

import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import listen_address


@ddt.ddt
class ListenAddressTest(unittest.TestCase):
    @ddt.data(
        ('9179', '127.0.0.1', 9179),
        (':9179', '127.0.0.1', 9179),
        (' 9179 ', '127.0.0.1', 9179),
        ('127.0.0.1:1', '127.0.0.1', 1),
        ('192.0.2.1:65535', '192.0.2.1', 65535),
        ('0.0.0.0:9179', '0.0.0.0', 9179),
        ('localhost:9179', 'localhost', 9179),
        ('node-1.example.org:9179', 'node-1.example.org', 9179),
        ('[::1]:9179', '::1', 9179),
        ('[2001:DB8:0::1]:9179', '2001:db8::1', 9179),
        ('[::]:9179', '::', 9179),
    )
    @ddt.unpack
    def test_of(self, text, host, port):
        self.assertEqual(
            listen_address.ListenAddress(host, port),
            listen_address.ListenAddress.of(text),
        )

    @ddt.data(
        '',
        ':',
        '0',
        ':0',
        '65536',
        '-1',
        '+9179',
        '9_179',
        '0x1f',
        '\u0663',
        '99999999999999999999999',
        '127.0.0.1',
        '127.0.0.1:',
        '127.0.0.1:http',
        '*:9179',
        'a b:9179',
        'http://127.0.0.1:9179',
        '127.0.0.1/9179',
        '-a:9179',
        '::1:9179',
        '[::1:9179',
        '::1]:9179',
        '[]:9179',
        '[127.0.0.1]:9179',
        '[fe80::1]',
        '2001:db8::1:9179',
    )
    def test_none(self, text):
        with self.assertRaises(exceptions.InvalidInput) as raised:
            listen_address.ListenAddress.of(text)
        self.assertIn(repr(text), str(raised.exception))

    def test_as_it_is_written(self):
        for text in ('192.0.2.1:9', '[::1]:9', 'a.b:9'):
            self.assertEqual(text, str(listen_address.ListenAddress.of(text)))


if __name__ == '__main__':
    unittest.main()
