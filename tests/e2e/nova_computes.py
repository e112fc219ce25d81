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

"""Two nova-computes for a test, and servers on them.

``NOVA_VERSION`` takes another nova than the newest; each has to have been
installed by ``tools/install_nova.sh``.
"""

import atexit
import os
import pathlib
import typing

from lab import lab_homes
from lab.hosts import lab_host
from lab.nova import nova_cloud
from lab.nova import nova_server
from lab.nova import nova_settings
from lab.nova import server_boot
from tests.e2e import base

VERSION = os.environ.get('NOVA_VERSION', '34.0.0')


def _interpreter(version: str) -> pathlib.Path:
    return lab_homes.REPOSITORY / '.nova' / version / 'bin' / 'python'


INTERPRETER = _interpreter(VERSION)
# Records that every disk must have before anything is tried.
BEFORE = 20

Options = dict[str, dict[str, str | int]]
_ENABLED: Options = {'selective_migrate': {'enabled': 'true'}}


def version() -> tuple[int, ...]:
    """Return the release of nova that the tests run."""
    return tuple(map(int, VERSION.split('.')))


class _Running:
    """The nova-computes that the last test left."""

    key: typing.Any = None
    cloud: nova_cloud.Cloud


def _cloud_of(
    lab: typing.Any,
    wanted: dict[str, nova_settings.Settings],
    interpreter: pathlib.Path | dict[str, pathlib.Path],
) -> nova_cloud.Cloud:
    """Take the nova-computes that run if they are the wanted ones."""
    key = (lab.hub, repr(wanted), repr(interpreter))
    if _Running.key != key:
        if _Running.key is None:
            atexit.register(nova_cloud.stop, lab)
        _Running.key = None
        _Running.cloud = nova_cloud.Cloud.start(lab, interpreter, wanted)
        _Running.key = key
    return _Running.cloud


def forget_running() -> None:
    """Have the next test start nova-computes of its own."""
    _Running.key = None


class ComputesTestCase(base.EndToEndTestCase):
    """A test with a nova-compute on each of two hosts."""

    def setUp(self) -> None:
        super().setUp()
        self.need_nova(VERSION)

    def need_nova(self, version: str) -> None:
        """Skip a test that needs a nova which is not installed."""
        if not _interpreter(version).exists():
            self.skipTest(
                f'no nova {version}: run tools/install_nova.sh {version}'
            )

    def stock(
        self, there: Options | None = None, **options: typing.Any
    ) -> None:
        """Run nova's own driver on both hosts.

        :param there: options of host b alone.
        """
        self._start_both(nova_settings.STOCK, options, there or {})

    def plugin(
        self, there: Options | None = None, **options: typing.Any
    ) -> None:
        """Run our driver, enabled, on both hosts.

        :param there: options of host b alone.
        """
        ours = {**_ENABLED, **options}
        self._start_both(nova_settings.PLUGIN, ours, there or {})

    def _start_both(
        self, driver: str, options: Options, there: Options
    ) -> None:
        self._start(
            {
                'a': nova_settings.Settings(driver, options),
                'b': nova_settings.Settings(driver, {**options, **there}),
            }
        )

    def plugin_and_stock(self) -> None:
        """Run our driver on host a and nova's own on host b."""
        ours = nova_settings.Settings(nova_settings.PLUGIN, _ENABLED)
        self._start({'a': ours, 'b': nova_settings.Settings()})

    def _start(self, wanted: dict[str, nova_settings.Settings]) -> None:
        self.cloud = _cloud_of(self.lab, wanted, INTERPRETER)

    def releases(self, older: str, newer: str, compute_rpc: str) -> None:
        """Run our driver with an older nova on host a, a newer on host b.

        :param compute_rpc: what both can do, as an operator pins it in an
            upgrade; "auto" needs the records of cells.
        """
        for version in (older, newer):
            self.need_nova(version)
        pinned = nova_settings.Settings(
            nova_settings.PLUGIN,
            {**_ENABLED, 'upgrade_levels': {'compute': compute_rpc}},
        )
        self.cloud = _cloud_of(
            self.lab,
            {'a': pinned, 'b': pinned},
            {'b': _interpreter(newer), 'a': _interpreter(older)},
        )

    def server(
        self, *, wait: bool = True, **description: typing.Any
    ) -> nova_server.Server:
        """Start a server on host a; let it write unless told not to."""
        wanted = server_boot.Description(**description)
        server = server_boot.boot(self.cloud, self.a, wanted)
        self.addCleanup(server.forget)
        if wait:
            disks = self.writable(server, self.a)
            server.wait_for_records(self.a, dict.fromkeys(disks, BEFORE))
        return server

    def writable(
        self, server: nova_server.Server, host: lab_host.Host
    ) -> dict[str, tuple[str, str]]:
        """Return the disks that the guest writes to."""
        return {
            target: image
            for target, image in server.disks(host).items()
            if target.startswith('vd')
        }

    def content(
        self,
        server: nova_server.Server,
        host: lab_host.Host,
        name: str,
    ) -> bytes:
        """Return a file of the server's directory on a host."""
        return pathlib.Path(server.directory(host) / name).read_bytes()
