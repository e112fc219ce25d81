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

"""An end for workers in which nothing moves."""

import collections.abc
import contextlib
import os
import pathlib
import signal
import threading
import time
from typing import Any

import testtools

# stestr's name of what runs tests; a worker is such a process.
WORKER = 'stestr.subunit_runner'


class Watch(testtools.StreamResult):  # type: ignore[misc]
    """Ends the workers of a run in which nothing moves any more.

    :ivar seen: the tests that began or ended
    :ivar hung: what to say of the workers that were ended
    """

    def __init__(self, patience: float, stestr: int) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.hung = ''
        self._patience = patience
        self._stestr = stestr
        self._moved = time.monotonic()
        self._newest: dict[str, str] = {}
        self._over = threading.Event()

    def status(
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        test_tags: collections.abc.Collection[str] | None = None,
        **more: Any,
    ) -> None:
        """Note that something moved, and of which worker."""
        self._moved = time.monotonic()
        if test_id and test_status:
            self.seen.add(test_id)
            self._newest[' '.join(test_tags or ())] = test_id

    @contextlib.contextmanager
    def watching(self) -> collections.abc.Iterator[None]:
        """Look for as long as the body runs."""
        looking = threading.Thread(target=self._look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            self._over.set()
            looking.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            if time.monotonic() - self._moved > self._patience:
                newest = ', '.join(sorted(self._newest.values())) or 'none'
                self.hung = (
                    f'nothing moved for {self._patience:g} s; the last tests '
                    f'to begin or end: {newest}'
                )
                # Python's fault handler says what each thread was at.
                self._end(signal.SIGABRT)
                self._over.wait(10)
                self._end(signal.SIGKILL)
                return

    def _end(self, number: signal.Signals) -> None:
        for worker in workers(self._stestr):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)


def workers(stestr: int) -> list[int]:
    """Find the processes that run tests, below that of stestr."""
    found = []
    below = [stestr]
    while below:
        pid = below.pop()
        with contextlib.suppress(OSError):
            proc = pathlib.Path('/proc', str(pid))
            if WORKER in (proc / 'cmdline').read_text():
                found.append(pid)
            for children in proc.glob('task/*/children'):
                below += map(int, children.read_text().split())
    # A shell that waits for its command names it too.
    return found
