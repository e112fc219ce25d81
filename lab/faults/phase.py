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

"""The phases of a migration that copies disks, as they are logged."""

from collections.abc import Callable
import enum
import re

from lab import monitor_log
from lab import waiting
from lab.host import Host
from lab.host import LIBVIRTD_LOG
from lab.lab import Lab

_SENT = rb'QEMU_MONITOR_SEND_MSG: .*'
_EVENT = rb'QEMU_MONITOR_RECV_EVENT: .*'
_STATUS = _EVENT + rb'"event": ?"MIGRATION".*"status": ?'


class Phase(enum.Enum):
    """A phase: its name, the host that logs it, and the line that does."""

    PREPARE = ('prepare', 'b', _SENT + rb'"execute":"qmp_capabilities"')
    FIRST_MIRROR = ('first mirror', 'a', _SENT + rb'"blockdev-mirror"')
    MIRRORS = ('mirrors running', 'a', _SENT + rb'"blockdev-mirror"')
    READY = ('all ready', 'a', _EVENT + rb'"event": ?"BLOCK_JOB_READY"')
    MEMORY = ('memory copy', 'a', _SENT + rb'"execute":"migrate"')
    SWITCH_OVER = ('switch-over', 'a', _STATUS + rb'"pre-switchover"')
    FINISHING = ('finishing', 'a', _STATUS + rb'"completed"')

    def __init__(self, words: str, host: str, line: bytes) -> None:
        self.words = words
        self.host = host
        self.line = re.compile(line)

    def count(self, disks: int) -> int:
        """Return how many lines tell that it has been reached."""
        return disks if self in (Phase.MIRRORS, Phase.READY) else 1

    @property
    def is_short(self) -> bool:
        """Tell whether it is over before anybody else gets to act."""
        return self in (Phase.SWITCH_OVER, Phase.FINISHING)


class Watch:
    """Waits for a migration to reach a phase."""

    def __init__(self, lab: Lab) -> None:
        self._hosts = {host.name: host for host in lab.hosts}
        self._marks = {h.name: monitor_log.mark(h) for h in lab.hosts}

    def until(
        self,
        phase: Phase,
        disks: int,
        over: Callable[[], bool],
        timeout: float = 90,
    ) -> bool:
        """Wait; return False where the migration was over before.

        :param over: tells whether there is nothing to wait for any more.
        """
        host = self._hosts[phase.host]

        def reached() -> bool:
            return self._lines(host, phase) >= phase.count(disks)

        waiting.until(
            lambda: reached() or over(), f'phase {phase.words}', timeout, 0.001
        )
        return reached()

    def _lines(self, host: Host, phase: Phase) -> int:
        with host.path(LIBVIRTD_LOG).open('rb') as log:
            log.seek(self._marks[host.name])
            return len(phase.line.findall(log.read()))
