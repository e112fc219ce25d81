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

"""Read QEMU's own record of what was mirrored and exported.

It is what libvirtd and QEMU said to each other, as the daemon's log has
it: commands that QEMU was given and events that it sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
import json
import re
from typing import Any
from typing import Protocol
from xml.etree import ElementTree

from lab.guests.lab_guest import Guest
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import LIBVIRTD_LOG

# "QEMU_MONITOR_SEND_MSG: mon=0x7f... msg={...}"; a message sent is logged
# again when it is written, which is not looked at.
_LINE = re.compile(
    rb'QEMU_MONITOR_(?:SEND_MSG|RECV_EVENT|RECV_REPLY): '
    rb'mon=(0x[0-9a-f]+) (msg|event|reply)=(\{.*)'
)
# libvirt cuts the name in a guest's directory.
_SOCKET = re.compile(rb'/domain-\d+-([^/"]+)/monitor\.sock')
_NAME_LENGTH = 20
# "2026-11-28 14:34:20.078+0000: " begins a line.
_TIME = 28
_FORMAT = '%Y-%m-%d %H:%M:%S.%f%z'
_NODE = re.compile(r'migration-(.+)-(?:format|storage)')

_ENDS = {
    'BLOCK_JOB_COMPLETED': 'completed',
    'BLOCK_JOB_CANCELLED': 'cancelled',
    'BLOCK_JOB_ERROR': 'failed',
}


@dataclass(frozen=True)
class Mirror:
    """One disk that QEMU was told to copy to another host."""

    target: str
    job: str
    #: `full` copies everything, `top` what the top image holds.
    sync: str
    ready: bool = False
    #: Whether QEMU was told to end it.
    cancelling: bool = False
    #: completed, cancelled, failed; empty while it runs.
    end: str = ''
    #: `write-blocking` where the guest's writes wait for the destination.
    mode: str = 'background'


@dataclass(frozen=True)
class Speed:
    """A limit that QEMU was given, or the end of a mirror's first pass.

    :ivar limit: bytes per second, 0 for none; None when the mirror of the
        target is in sync, and when memory begins
    """

    #: A target; `memory` for memory.
    of: str
    limit: int | None


def mark(host: Host) -> int:
    """Return the end of the log now, for `since` later."""
    return host.path(LIBVIRTD_LOG).stat().st_size


class Named(Protocol):
    """A domain of libvirt's."""

    @property
    def name(self) -> str:
        """Return its name."""


def mirrors(host: Host, guest: Named, since: int = 0) -> tuple[Mirror, ...]:
    """Return the copies that QEMU made of a guest's disks at its source.

    :param since: a `mark`: what was earlier does not count.
    """
    found: list[Mirror] = []
    for kind, message in _messages(host, guest.name, since):
        data = message.get('arguments') or message.get('data') or {}
        if kind == 'msg' and message.get('execute') == 'blockdev-mirror':
            node = _NODE.fullmatch(data['target'])
            # Any other mirror is a block copy somebody asked for.
            target = node[1] if node else f'copy:{data["target"]}'
            mode = data.get('copy-mode', 'background')
            found.append(
                Mirror(target, data['job-id'], data['sync'], mode=mode)
            )
        elif message.get('execute') == 'block-job-cancel':
            found = [
                replace(m, cancelling=m.cancelling or m.job == data['device'])
                for m in found
            ]
        elif kind == 'event':
            event = message['event']
            for index, mirror in enumerate(found):
                if mirror.job == data.get('device') and not mirror.end:
                    found[index] = replace(
                        mirror,
                        ready=mirror.ready or event == 'BLOCK_JOB_READY',
                        end=_ENDS.get(event, ''),
                    )
    return tuple(found)


def speeds(host: Host, guest: Named, since: int = 0) -> tuple[Speed, ...]:
    """Return what QEMU was told of speeds, in its order.

    :param since: a `mark`: what was earlier does not count.
    """
    found: list[Speed] = []
    targets: dict[str, str] = {}
    for kind, message in _messages(host, guest.name, since):
        command = message.get('execute') if kind == 'msg' else None
        data = message.get('arguments') or message.get('data') or {}
        if command == 'blockdev-mirror':
            node = _NODE.fullmatch(data['target'])
            targets[data['job-id']] = node[1] if node else data['target']
        target = targets.get(data.get('job-id') or data.get('device') or '')
        if command in ('blockdev-mirror', 'block-job-set-speed') and target:
            found.append(Speed(target, data.get('speed', 0)))
        elif command == 'migrate-set-parameters' and 'max-bandwidth' in data:
            found.append(Speed('memory', data['max-bandwidth']))
        elif command == 'migrate':
            found.append(Speed('memory', None))
        elif message.get('event') == 'BLOCK_JOB_READY' and target:
            found.append(Speed(target, None))
    return tuple(found)


def mirrored(host: Host, guest: Named, since: int = 0) -> set[str]:
    """Return the targets that QEMU copied out of a host."""
    return {mirror.target for mirror in mirrors(host, guest, since)}


def exports(host: Host, guest: Guest, since: int = 0) -> set[str]:
    """Return the targets that QEMU let be written to at the destination.

    An export that belongs to no disk of the guest keeps its own name.
    """
    targets = _targets_by_alias(guest)
    names = set()
    for kind, message in _messages(host, guest.name, since):
        if kind == 'msg' and message.get('execute') in (
            'block-export-add',
            'nbd-server-add',
        ):
            arguments = message['arguments']
            name = arguments.get('name') or arguments.get('device', '')
            names.add(targets.get(name.removeprefix('drive-'), name))
    return names


def runs(
    host: Host, guest: Named, since: int = 0
) -> tuple[tuple[float, bool], ...]:
    """Return when QEMU was started, or told to stop, running a guest.

    :returns: seconds of the clock, and whether it runs from then on
    """
    found = []
    for seconds, _, message in _timed(host, guest.name, since):
        what = message.get('execute') or message.get('event')
        # Its own event is not seen by a daemon that is killed just then.
        if what in ('cont', 'RESUME'):
            found.append((seconds, True))
        elif what in ('stop', 'STOP', 'SHUTDOWN'):
            found.append((seconds, False))
    return tuple(found)


def _messages(
    host: Host, guest: str, since: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, kind, message in _timed(host, guest, since):
        yield kind, message


def _timed(
    host: Host, guest: str, since: int
) -> Iterator[tuple[float, str, dict[str, Any]]]:
    ours = guest[:_NAME_LENGTH].encode()
    # Read from the start: which monitor is whose is said only once. Its
    # address is used again for other guests.
    owners: dict[bytes, bytes] = {}
    offset = 0
    with host.path(LIBVIRTD_LOG).open('rb') as file:
        for line in file:
            offset += len(line)
            found = _LINE.search(line)
            if not found:
                continue
            monitor, kind, text = found.groups()
            socket = _SOCKET.search(text) if kind == b'reply' else None
            if socket:
                owners[monitor] = socket[1]
            elif (
                kind != b'reply'
                and offset > since
                # The name comes before any command that is looked for.
                and owners.get(monitor) == ours
            ):
                logged = datetime.strptime(line[:_TIME].decode(), _FORMAT)
                seconds = logged.timestamp()
                yield seconds, kind.decode(), json.loads(text)


def _targets_by_alias(guest: Guest) -> dict[str, str]:
    for host in guest.lab.hosts:
        if guest.state(host) in ('running', 'paused'):
            root = ElementTree.fromstring(guest.domain_xml(host))
            return {
                alias.get('name', ''): target.get('dev', '')
                for disk in root.iterfind('devices/disk')
                for alias in disk.iterfind('alias')
                for target in disk.iterfind('target')
            }
    return {}
