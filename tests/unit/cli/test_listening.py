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

"""The address that the destination listens on, from the command line."""

import argparse
import os
import socket
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import requested_case
from nova_selective_migrate.host.facts import case_gathering


class ListeningTest(unittest.TestCase):
    def options(self, uri, *words):
        """Return the options of the case that is gathered."""
        parser = argparse.ArgumentParser()
        evidence_arguments.add_evidence(parser)
        arguments.add_destination(parser)
        given = parser.parse_args([*words])
        given.destination_uri = uri
        hosts = mock.Mock()
        hosts.journal.directory = os.devnull
        hosts.destination.host_uuid.return_value = None
        with (
            mock.patch.object(case_gathering, 'gather') as gathered,
            mock.patch.object(requested_case, '_check_targets'),
        ):
            requested_case.gathered(hosts, given)
        return gathered.call_args.args[3].options

    def ends(self, uri, *words):
        options = self.options(uri, *words)
        return options.migrate_uri, options.listen_address

    def test_the_daemon_s_address_is_for_the_data_too(self):
        self.assertEqual(
            ('tcp://10.0.0.2', '10.0.0.2'), self.ends('qemu+tcp://10.0.0.2/')
        )

    def test_an_address_for_the_data(self):
        self.assertEqual(
            ('tcp://10.1.0.2', '10.1.0.2'),
            self.ends(
                'qemu+tcp://10.0.0.2/', '--migrate-uri', 'tcp://10.1.0.2'
            ),
        )

    def test_an_address_to_listen_on_is_taken_as_it_is(self):
        for uri in ('qemu+tcp://10.0.0.2/', 'qemu:///system'):
            self.assertEqual(
                (None, '0.0.0.0'),
                self.ends(uri, '--listen-address', '0.0.0.0'),
            )

    def test_with_tls_libvirt_chooses(self):
        for uri in ('qemu+tls://10.0.0.2/', 'qemu:///system'):
            self.assertEqual((None, None), self.ends(uri, '--tls'))

    def test_no_address(self):
        for uri in ('qemu:///session', 'qemu+tcp://127.0.0.1:16509/system'):
            with (
                self.subTest(uri=uri),
                self.assertRaisesRegex(
                    exceptions.InvalidInput, '--listen-address'
                ),
            ):
                self.options(uri)

    def test_a_name_that_means_the_loopback(self):
        with (
            mock.patch.object(
                socket,
                'getaddrinfo',
                return_value=[(0, 0, 0, '', ('127.0.1.1', 0))],
            ),
            self.assertRaisesRegex(exceptions.InvalidInput, 'b is 127.0.1.1'),
        ):
            self.options('qemu+tcp://b/system')

    def test_the_other_options(self):
        options = self.options(
            'qemu+tcp://10.0.0.2/',
            *('--disks-port', '49300', '--synchronous-writes'),
            *('--post-copy', '--parallel', '--parallel-mirrors', '2'),
            '--auto-converge',
        )
        self.assertEqual(49300, options.disks_port)
        self.assertTrue(options.synchronous_writes)
        self.assertTrue(options.postcopy)
        self.assertTrue(options.parallel)
        self.assertEqual(2, options.parallel_mirrors)
        self.assertTrue(options.auto_converge)

    def test_synchronous_writes(self):
        for words, asked in {
            (): (False, True),
            ('--synchronous-writes',): (True, False),
            ('--no-synchronous-writes',): (False, False),
        }.items():
            with self.subTest(words=words):
                options = self.options('qemu+tcp://10.0.0.2/', *words)
                found = options.synchronous_writes, options.converge
                self.assertEqual(asked, found)

    def limits(self, *words):
        parser = argparse.ArgumentParser()
        arguments.add_limits(parser)
        found = parser.parse_args(words)
        return found.progress_timeout, found.free_space_reserve

    def test_limits(self):
        self.assertEqual((300, 256), self.limits())
        words = ('--progress-timeout', '0', '--free-space-reserve', '7')
        self.assertEqual((0, 7), self.limits(*words))
        for text in ('-1', '1.5', 'x', '', str(2**31 + 1)):
            with (
                self.subTest(text=text),
                mock.patch('sys.stderr'),
                self.assertRaises(SystemExit),
            ):
                self.limits('--progress-timeout', text)

    def test_no_port(self):
        for text in ('0', '65536', '-1', 'x', ''):
            with (
                self.subTest(text=text),
                mock.patch('sys.stderr'),
                self.assertRaises(SystemExit),
            ):
                self.options('qemu+tcp://10.0.0.2/', '--disks-port', text)
