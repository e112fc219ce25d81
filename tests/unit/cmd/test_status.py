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

"""Is this host fit? Each check says what is wrong and what to do."""

import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import ddt
from oslo_config import cfg

from nova_selective_migrate import exceptions
from nova_selective_migrate.cmd import status
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.host.hypervisor import connection

OURS = 'selective_migrate.SelectiveMigrateDriver'


class StatusTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.checks = status.Checks()
        self.config = cfg.ConfigOpts()
        self.enterContext(mock.patch.object(status.cfg, 'CONF', self.config))
        self.configure('')

    def configure(self, text):
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write(text)
            file.flush()
            self.config([], default_config_files=[file.name])

    def assert_result(self, result, code, words):
        self.assertIs(code, result.code, result.details)
        self.assertIn(words, result.details)


class OptionsTest(StatusTestCase):
    def test_fit(self):
        self.configure(
            f'[DEFAULT]\ncompute_driver = {OURS}\n'
            '[selective_migrate]\nenabled = true\nmode = audit\n'
        )
        self.assert_result(self.checks._options(), status._OK, 'mode audit')

    def test_another_driver(self):
        self.configure('[DEFAULT]\ncompute_driver = libvirt.LibvirtDriver\n')
        self.assert_result(self.checks._options(), status._WARNING, OURS)

    def test_not_enabled(self):
        self.configure(f'[DEFAULT]\ncompute_driver = {OURS}\n')
        self.assert_result(
            self.checks._options(), status._WARNING, 'enabled is false'
        )

    def test_one_path_in_both(self):
        self.configure(
            '[selective_migrate]\nshared_paths = /a\nlocal_paths = /a\n'
        )
        self.assert_result(self.checks._options(), status._FAILURE, '/a')


@ddt.ddt
class HypervisorTest(StatusTestCase):
    def check(self, libvirt, qemu):
        host = mock.MagicMock()
        host.__enter__.return_value.versions.return_value = domains.Versions(
            libvirt, qemu
        )
        with mock.patch.object(
            connection.Connection, 'open', return_value=host
        ) as opened:
            found = self.checks._hypervisor()
        self.uri = opened.call_args.args[0]
        return found

    def test_fit(self):
        self.assert_result(
            self.check(9_000_000, 7_002_022), status._OK, 'QEMU 7.2.22'
        )
        self.assertEqual('qemu:///system', self.uri)

    def test_nova_s_connection_uri(self):
        self.configure('[libvirt]\nconnection_uri = qemu+tcp://h/system\n')
        self.check(9_000_000, 7_002_022)
        self.assertEqual('qemu+tcp://h/system', self.uri)

    @ddt.data(
        (7_010_000, 7_002_022), (9_000_000, 6_001_000), (9_000_000, None)
    )
    @ddt.unpack
    def test_too_old(self, libvirt, qemu):
        self.assert_result(
            self.check(libvirt, qemu), status._FAILURE, 'at least'
        )

    def test_known_to_be_broken(self):
        self.assert_result(
            self.check(8_007_000, 7_002_022), status._FAILURE, 'Upgrade it'
        )

    def test_no_daemon(self):
        with mock.patch.object(
            connection.Connection,
            'open',
            side_effect=exceptions.ConnectFailed('cannot connect'),
        ):
            self.assert_result(
                self.checks._hypervisor(), status._FAILURE, 'Start libvirt'
            )


class TimeOutTest(StatusTestCase):
    """How long a destination that is gone can hold a guest."""

    def check(self, text):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(text)
            file.flush()
            path = pathlib.Path(file.name)
            with mock.patch.object(status, '_RETRIES', path):
                return self.checks._time_out()

    def test_short_enough(self):
        self.assert_result(self.check('8\n'), status._OK, 'is 8')

    def test_too_long(self):
        self.assert_result(self.check('9\n'), status._WARNING, 'sysctl')

    def test_not_told(self):
        self.assert_result(self.check('x'), status._WARNING, 'cannot read')


class NovaTest(StatusTestCase):
    """There is no nova beside these tests."""

    def test_no_nova(self):
        self.assert_result(
            self.checks._import_path(), status._FAILURE, 'cannot import'
        )
        self.assert_result(self.checks._seams(), status._FAILURE, 'is missing')

    def test_a_nova_that_fits(self):
        with mock.patch.object(nova_interface, 'problems', return_value=[]):
            self.assert_result(
                self.checks._seams(), status._OK, nova_interface.RELEASES[0]
            )

    def test_the_command(self):
        program = pathlib.Path(sys.executable).with_name(
            'nova-selective-migrate-status'
        )
        done = subprocess.run(
            [program, 'upgrade', 'check'], capture_output=True, text=True
        )
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertEqual(6, done.stdout.count('Check: '), done.stdout)
        self.assertNotIn('Traceback', done.stdout + done.stderr)
