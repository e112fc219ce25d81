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

"""Serve and mount the shared file system."""

from collections.abc import Iterable
import subprocess

from lab import daemon
from lab import waiting
from lab.errors import CommandFailed
from lab.home import Home
from lab.host import Host
from lab.host import SHARED
from lab.journal import Journal
from lab.namespace import Namespace

_VOLUME = 'shared'
_NAME = 'glusterd'
#: Its FUSE clients have to outlive the guests that use them.
CLIENT = 'glusterfs-on-'

#: Both hosts must see a write as soon as it is acknowledged.
_OPTIONS = {
    'performance.write-behind': 'off',
    'performance.quick-read': 'off',
    'performance.io-cache': 'off',
    'performance.read-ahead': 'off',
    'performance.open-behind': 'off',
    'performance.stat-prefetch': 'off',
    'performance.strict-o-direct': 'on',
    'network.remote-dio': 'disable',
    'nfs.disable': 'on',
}


def start(journal: Journal, hub: Namespace, home: Home) -> None:
    """Start the management daemon."""
    log = home.run / f'{_NAME}.log'
    argv = ['glusterd', '-N', f'--log-file={log}']
    daemon.start(journal, hub, _NAME, argv, log)


def export(journal: Journal, hub: Namespace, home: Home) -> None:
    """Wait for the daemon; make and start a volume of one brick."""
    log = home.run / f'{_NAME}.log'

    def answers() -> bool:
        daemon.check(journal, _NAME, log)
        return not _gluster(hub, 'volume', 'info').returncode

    waiting.until(answers, 'glusterd')
    brick = home.of_host(hub.name) / 'brick'
    for arguments in (
        # force: the brick is on the file system of /, which is fine here
        ('create', _VOLUME, f'{hub.name}:{brick}', 'force'),
        ('set', _VOLUME, *(w for o in _OPTIONS.items() for w in o)),
        ('start', _VOLUME),
    ):
        result = _gluster(hub, 'volume', *arguments)
        if result.returncode:
            raise CommandFailed.of(result)


def mount(
    journal: Journal, hub: Namespace, home: Home, hosts: Iterable[Host]
) -> None:
    """Mount the volume in every host at the same place."""
    for host in hosts:
        name = f'{CLIENT}{host.name}'
        log = home.run / f'{name}.log'
        argv = [
            *('glusterfs', '--no-daemon', f'--log-file={log}'),
            *(f'--volfile-server={hub.name}', f'--volfile-id=/{_VOLUME}'),
            *(f'--fs-display-name={hub.name}:/{_VOLUME}', SHARED),
        ]
        daemon.start(journal, host.namespace, name, argv, log)

        def mounted(host: Host = host, name: str = name) -> bool:
            daemon.check(journal, name, home.run / f'{name}.log')
            return f' {SHARED} ' in _fuse_mounts(host)

        waiting.until(mounted, f'{SHARED} on host {host.name}')


def _fuse_mounts(host: Host) -> str:
    with open(f'/proc/{host.namespace.keeper.pid}/mountinfo') as file:
        return ''.join(line for line in file if 'fuse.glusterfs' in line)


def _gluster(
    hub: Namespace, *arguments: str
) -> 'subprocess.CompletedProcess[str]':
    return subprocess.run(
        hub.enter(['gluster', '--mode=script', *arguments]),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
