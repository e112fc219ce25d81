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

"""Work on one of the hosts."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import functools
import os
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

from lab.errors import CommandFailed
from lab.hosts.namespaces import Namespace

#: Where a host's libvirtd writes what it says to QEMU and hears from it.
LIBVIRTD_LOG = '/var/log/libvirt/libvirtd.log'
#: What our program remembers of migrations, on each host for itself.
JOURNAL = '/var/lib/libvirt/selective-migrate-journal'
#: Each host has a directory of its own here ...
IMAGES = '/var/lib/libvirt/images'
#: ... and all see the same one here.
SHARED = '/mnt/shared'


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our own variables and more, for a command inside a host.

    Our programs are found, those of the environment that this runs in, and
    daemons by any user.
    """
    programs = os.fspath(Path(sys.executable).parent)
    path = f'{programs}:{os.environ.get("PATH", os.defpath)}:/usr/sbin:/sbin'
    ours = {'PATH': path, 'NOVA_SELECTIVE_MIGRATE_JOURNAL': JOURNAL}
    return {**os.environ, **ours, **(more or {})}


@dataclass(frozen=True)
class Host:
    """One host: a libvirt daemon with file system, network and name."""

    name: str
    address: str
    namespace: Namespace
    #: Debian release of its libvirt and QEMU; None is the machine's.
    release: str | None = None

    #: Where the daemon answers inside the host itself.
    uri = 'qemu:///system'

    @property
    def remote_uri(self) -> str:
        """Return where the daemon answers to the other host."""
        return f'qemu+tcp://{self.name}/system'

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        check: bool = True,
        input: str | None = None,
        timeout: float = 120,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = '/',
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end.

        :param env: variables besides those of this process.
        :raises CommandFailed: it failed, and `check` was not turned off.
        """
        words = [os.fspath(word) for word in argv]
        result = subprocess.run(
            self.namespace.enter(words, os.fspath(cwd)),
            check=False,
            capture_output=True,
            text=True,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            timeout=timeout,
            env=environment(env),
        )
        # Who reads it wants to know what was run, not how we got inside.
        result.args = words
        if check and result.returncode:
            raise CommandFailed.of(result)
        return result

    def popen(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = '/',
        **options: Any,
    ) -> 'subprocess.Popen[str]':
        """Start a command inside; its process number is the command's."""
        words = [os.fspath(word) for word in argv]
        return subprocess.Popen(
            self.namespace.enter(words, os.fspath(cwd)),
            text=True,
            env=environment(env),
            **options,
        )

    def virsh(
        self,
        *arguments: str,
        uri: str | None = None,
        check: bool = True,
        input: str | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run virsh inside, by default connected to the host's daemon."""
        return self.run(
            ['virsh', '--quiet', '--connect', uri or self.uri, *arguments],
            check=check,
            input=input,
            timeout=timeout,
            env={'LC_ALL': 'C.UTF-8'},
        )

    def path(self, inside: str | Path) -> Path:
        """Return where a file of this host is for those outside."""
        return self.namespace.path(inside)

    @functools.cached_property
    def libvirt_version(self) -> str:
        """Return the version of the daemon, such as '9.0.0'."""
        return self._version(['libvirtd', '--version'])

    @functools.cached_property
    def qemu_version(self) -> str:
        """Return the version of the emulator, such as '7.2.22'."""
        return self._version(['qemu-system-x86_64', '--version'])

    def _version(self, argv: list[str]) -> str:
        text = self.run(argv).stdout
        found = re.search(r'\d+\.\d+(\.\d+)?', text)
        assert found is not None, text
        return found[0]
