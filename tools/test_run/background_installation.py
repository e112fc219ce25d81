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

"""What tests need besides our own environment, made meanwhile."""

import subprocess
import sys
import threading

from tools.test_run import test_suites

INSTALL_NOVA = test_suites.TOP / 'tools' / 'install_nova.sh'
FETCH_CORPUS = test_suites.TOP / 'tools' / 'fetch_libvirt_tests.py'
INSTALL_PACKAGES = test_suites.TOP / 'tools' / 'install_lab_packages.sh'


class Installation:
    """What tests need besides our own environment, made in the background.

    :param packages: whether the packages of laboratory and tests are wanted,
        and libvirt's own tests; what needs those is skipped without them
    :param novas: releases of nova that get an environment
    :param releases: of Debian, for hosts, once the packages are there; what
        cannot be had is skipped by those who need it
    """

    def __init__(
        self, packages: bool, novas: list[str], releases: list[str]
    ) -> None:
        self._packages = subprocess.Popen(
            [INSTALL_PACKAGES, 'test'] if packages else ['true']
        )
        self._corpus = subprocess.Popen(
            [sys.executable, FETCH_CORPUS] if packages else ['true']
        )
        self._novas = subprocess.Popen([INSTALL_NOVA, *novas])
        self._releases = threading.Thread(
            target=self._prepare, args=(releases,), daemon=True
        )
        self._releases.start()

    def _prepare(self, releases: list[str]) -> None:
        if self._packages.wait():
            return
        for release in releases:
            subprocess.run(
                [sys.executable, '-m', 'lab', 'prepare', '--release', release],
                check=False,
            )

    def wait_for(self, suite: test_suites.Suite) -> None:
        """Wait for what a suite needs; exit where that cannot be had."""
        if suite.name == 'unit':
            return
        if suite.name != 'nova':
            self._corpus.wait()
            self._need(self._packages)
        if suite.name in ('e2e', 'nova', 'storage'):
            self._need(self._novas)
        if suite.name in ('e2e', 'storage'):
            self._releases.join()

    def wait(self) -> None:
        """Wait until all is there; exit where that cannot be had."""
        self._need(self._packages)
        self._need(self._novas)
        self._releases.join()

    @staticmethod
    def _need(process: subprocess.Popen[bytes]) -> None:
        if process.wait():
            sys.exit(process.returncode)
