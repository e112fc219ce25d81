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

"""qemu-storage-daemon between the hosts, which keeps zeroes off the wire.

What doc/source/reference/thin.rst advises for libvirt before 10.9, with socat
in the place of ssh.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import subprocess

from lxml import etree

from lab.hosts import lab_host
from lab.processes import waiting

#: Where the destination forwards to its socket.
_PORT = 49779


def exports(
    host: lab_host.Host, domain: str, targets: Sequence[str]
) -> list[str]:
    """Return the names that libvirt gives disks when it exports them."""
    tree = etree.fromstring(host.virsh('dumpxml', domain).stdout)
    path = 'string(devices/disk[target/@dev=$target]/alias/@name)'
    aliases = [str(tree.xpath(path, target=target)) for target in targets]
    return [f'drive-{alias}' for alias in aliases]


@contextlib.contextmanager
def between(
    here: lab_host.Host,
    there: lab_host.Host,
    path: str,
    names: Sequence[str],
) -> Iterator[None]:
    """Pass on what QEMU copies to a socket of the source, without zeroes.

    :param path: of the socket on both hosts, as in ``--disks-uri``
    :param names: :func:`exports` of the disks to copy
    """
    here.path(path).unlink(missing_ok=True)
    forward = there.popen(
        ['socat', f'TCP-LISTEN:{_PORT},bind={there.address},fork,reuseaddr']
        + [f'UNIX-CONNECT:{path}'],
        stderr=subprocess.DEVNULL,
    )
    # It opens the destination's exports at its start, and they are there
    # only when the source connects.
    waits = here.popen(
        ['systemd-socket-activate', '--listen', path, 'qemu-storage-daemon']
        + _arguments(there.address, names),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        waiting.until(here.path(path).exists, f'{path} on {here.name}')
        yield
    finally:
        for process in (waits, forward):
            process.terminate()
            process.wait()
        here.path(path).unlink(missing_ok=True)


def _arguments(address: str, names: Sequence[str]) -> list[str]:
    found = ['--nbd-server', 'addr.type=fd,addr.str=3']
    for number, name in enumerate(names):
        found += [
            '--blockdev',
            f'driver=nbd,node-name=disk{number},server.type=inet,'
            f'server.host={address},server.port={_PORT},export={name},'
            'detect-zeroes=unmap,discard=unmap',
            '--export',
            f'type=nbd,id=export{number},node-name=disk{number},'
            f'name={name},writable=on',
        ]
    return found
