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

"""Name processes so that a number used twice does no harm."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import os
from pathlib import Path
import select
import signal
import time


@dataclass(frozen=True, order=True)
class Process:
    """One process: its number and the clock tick that it started at."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> 'Process | None':
        """Look a process up; None if it has ended."""
        try:
            text = Path(f'/proc/{pid}/stat').read_text()
        except OSError:
            return None
        # The command's name may hold blanks and parentheses.
        fields = text.rpartition(')')[2].split()
        # 0 is the third field of proc(5), the state; 19 is the 22nd.
        return None if fields[0] in 'ZX' else cls(pid, int(fields[19]))

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        return Process.of(self.pid) == self

    @property
    def command(self) -> list[str]:
        """Return its argument list, empty if it has ended."""
        try:
            raw = Path(f'/proc/{self.pid}/cmdline').read_bytes()
        except OSError:
            return []
        return [os.fsdecode(word) for word in raw.split(b'\0')[:-1]]


def every() -> Iterator[Process]:
    """Yield all processes of this machine."""
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit():
            process = Process.of(int(entry.name))
            if process:
                yield process


def stop(processes: Iterable[Process], patience: float = 5) -> None:
    """End processes: politely, then, after `patience` seconds, not.

    Waits until they are gone. Those that ended before are no error.
    """
    with contextlib.ExitStack() as stack:
        running: dict[int, Process] = {}
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(process.pid)
                stack.callback(os.close, descriptor)
                # The descriptor holds the number: if it is still the same
                # process now, no other can take its place.
                if process.alive:
                    running[descriptor] = process
        for number, limit in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
            for descriptor in running:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, number)
            _await_end(running, limit)


def _await_end(running: dict[int, Process], limit: float) -> None:
    poll = select.poll()
    for descriptor in running:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + limit
    while running:
        left = deadline - time.monotonic()
        ended = poll.poll(max(left, 0) * 1000)
        for descriptor, _ in ended:
            poll.unregister(descriptor)
            # A child of ours stays a zombie until somebody asks.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(running[descriptor].pid, os.WNOHANG)
            del running[descriptor]
        if left <= 0:
            return
