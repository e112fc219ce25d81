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

"""What tests need is waited for, by those that need it."""

import unittest
from unittest import mock

from tools.test_run import background_installation
from tools.test_run import test_suites


class InstallationTest(unittest.TestCase):
    def programs(self, nova, packages):
        return mock.patch.multiple(
            background_installation,
            INSTALL_NOVA=nova,
            INSTALL_PACKAGES=packages,
            FETCH_CORPUS='/none/such',
        )

    def waits(self, made, name):
        return lambda: made.wait_for(test_suites.Suite(name))

    def test_it_is_waited_for(self):
        """A release that cannot be had fails nobody; a nova does."""
        with (
            mock.patch.object(
                background_installation, 'INSTALL_NOVA', 'false'
            ),
            mock.patch.object(
                background_installation, 'INSTALL_PACKAGES', 'true'
            ),
            mock.patch.object(
                background_installation, 'FETCH_CORPUS', '/none/such'
            ),
            mock.patch.object(
                background_installation.subprocess, 'run'
            ) as run,
        ):
            made = background_installation.Installation(
                True, ['34.0.0'], ['trixie', 'sid']
            )
            self.assertEqual(['true', 'test'], made._packages.args)
            made.wait_for(test_suites.Suite('unit'))
            made.wait_for(test_suites.Suite('functional'))
            for wait in (made.wait, self.waits(made, 'nova')):
                self.assertRaises(SystemExit, wait)
            made._releases.join()
        prepared = [call.args[0][-1] for call in run.call_args_list]
        self.assertEqual(['trixie', 'sid'], prepared)

    def test_no_release_is_prepared_without_packages(self):
        with (
            mock.patch.object(background_installation, 'INSTALL_NOVA', 'true'),
            mock.patch.object(
                background_installation, 'INSTALL_PACKAGES', 'false'
            ),
            mock.patch.object(
                background_installation, 'FETCH_CORPUS', '/none/such'
            ),
            mock.patch.object(
                background_installation.subprocess, 'run'
            ) as run,
        ):
            made = background_installation.Installation(True, [], ['sid'])
            for name in ('functional', 'e2e', 'storage'):
                self.assertRaises(SystemExit, self.waits(made, name))
            made.wait_for(test_suites.Suite('nova'))
            made._releases.join()
        run.assert_not_called()
