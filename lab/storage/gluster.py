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
import functools
import os
import subprocess

from lab.errors import CommandFailed
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import SHARED
from lab.hosts.namespaces import Namespace
from lab.lab_homes import Home
from lab.processes import daemon_processes
from lab.processes import waiting
from lab.processes.process_journal import Journal

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
    daemon_processes.start(journal, hub, _NAME, argv, log)


def export(journal: Journal, hub: Namespace, home: Home) -> None:
    """Wait for the daemon; make and start a volume of one brick."""
    log = home.run / f'{_NAME}.log'

    def answers() -> bool:
        daemon_processes.check(journal, _NAME, log)
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
        _mount(journal, hub, home, host)


def await_ready(
    journal: Journal, hub: Namespace, home: Home, hosts: Iterable[Host]
) -> list[str]:
    """Wait until every host reaches the volume; mount it where it is lost.

    A client whose wire was cut finds its server again some seconds after
    the wire is whole. Until then whoever comes is told "Transport endpoint
    is not connected", just as where the client has died.

    :returns: the hosts where it had to be mounted anew
    """
    lost = []
    for host in hosts:
        client = journal.processes(daemon_processes.KIND).get(
            f'{CLIENT}{host.name}'
        )
        if client is None:
            continue  # there is no shared file system here
        if not client.alive:
            lost.append(host.name)
            _mount_again(journal, hub, home, host)
        waiting.until(
            functools.partial(_answers, host),
            f'{SHARED} to answer on host {host.name}',
        )
    return lost


def _answers(host: Host) -> bool:
    try:
        os.listdir(host.path(SHARED))
    except OSError:
        return False
    return True


def _mount(journal: Journal, hub: Namespace, home: Home, host: Host) -> None:
    name = f'{CLIENT}{host.name}'
    log = home.run / f'{name}.log'
    argv = [
        *('glusterfs', '--no-daemon', f'--log-file={log}'),
        *(f'--volfile-server={hub.name}', f'--volfile-id=/{_VOLUME}'),
        *(f'--fs-display-name={hub.name}:/{_VOLUME}', SHARED),
    ]
    daemon_processes.start(journal, host.namespace, name, argv, log)

    def mounted() -> bool:
        daemon_processes.check(journal, name, log)
        return SHARED in _mount_points(host)

    waiting.until(mounted, f'{SHARED} on host {host.name}')


def _mount_again(
    journal: Journal, hub: Namespace, home: Home, host: Host
) -> None:
    """Put a new client, and what was bound from the old one, in its place."""
    points = _mount_points(host)
    for point in points:
        host.run(['umount', '--lazy', point])
    _mount(journal, hub, home, host)
    for point in points:
        if point != SHARED:  # nova's, for an NFS export
            host.run(['mount', '--bind', SHARED, point])


def _mount_points(host: Host) -> list[str]:
    """Return where a host has the volume: the fifth field of proc(5)."""
    with open(f'/proc/{host.namespace.keeper.pid}/mountinfo') as file:
        return [line.split()[4] for line in file if 'fuse.glusterfs' in line]


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
