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

from collections import Counter
from collections.abc import Callable
import enum
import re

from lab.faults.fault_kinds import Fault
from lab.guests import monitor_log
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import LIBVIRTD_LOG
from lab.laboratory import Lab
from lab.processes import waiting

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
    #: The guest is started there, and the source's side not yet told so: the
    #: reply to libvirt's Finish. Where that is lost libvirt resumes the guest
    #: on the source as well.
    UNANSWERED = ('Finish unanswered', 'b', _SENT + rb'"execute":"cont"')
    #: The guest runs there, and some of its memory has not come yet.
    POST_COPY = ('post-copy', 'a', _STATUS + rb'"postcopy-active"')

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
        return self in _SHORT

    def allows(self, fault: Fault) -> bool:
        """Tell whether a fault is tried in this phase."""
        return self is not Phase.UNANSWERED or fault in _AT_THE_END


_SHORT = (
    Phase.SWITCH_OVER,
    Phase.FINISHING,
    Phase.UNANSWERED,
    Phase.POST_COPY,
)
#: Of these each can lose a reply. An emulator that is killed then has taken
#: the guest with it, wherever that was.
_AT_THE_END = (
    Fault.SOURCE_LIBVIRTD,
    Fault.DESTINATION_LIBVIRTD,
    Fault.PROGRAM,
    Fault.PEER,
    Fault.TERMINATED,
    Fault.PEER_TERMINATED,
    Fault.WIRE_HEALED,
    Fault.WIRE_CUT,
)


class Watch:
    """Waits for a migration to reach a phase."""

    def __init__(self, lab: Lab) -> None:
        self._hosts = {host.name: host for host in lab.hosts}
        #: How far each log has been read, and what was found in it.
        self._read = {h.name: monitor_log.mark(h) for h in lab.hosts}
        self._found: Counter[Phase] = Counter()

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
            self._look(host)
            return self._found[phase] >= phase.count(disks)

        waiting.until(
            lambda: reached() or over(), f'phase {phase.words}', timeout, 0.001
        )
        return reached()

    def host(self, phase: Phase) -> Host:
        """Return the host that logs a phase."""
        return self._hosts[phase.host]

    def _look(self, host: Host) -> None:
        """Read what a log has more, in whole lines."""
        with host.path(LIBVIRTD_LOG).open('rb') as log:
            log.seek(self._read[host.name])
            whole, end, _ = log.read().rpartition(b'\n')
        self._read[host.name] += len(whole) + len(end)
        for phase in Phase:
            if phase.host == host.name:
                self._found[phase] += len(phase.line.findall(whole))
