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

"""How long a guest says nothing while it moves.

A guest that writes all the time prints a line for each record, into a file
of the host that it runs on. From outside, so without its clock, the gap is
the time between the last write to the source's file and the first to the
destination's. Libvirt's own figure ends when QEMU has started the guest's
processors, and knows nothing of the disks.
"""

import pathlib
import threading
import time
import types

_POLL_SECONDS = 0.001


class Silence:
    """Watches two console files while this context is open."""

    def __init__(self, here: pathlib.Path, there: pathlib.Path) -> None:
        self._here = here
        self._there = there
        self._first: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> 'Silence':
        self._there.unlink(missing_ok=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        if error is None:
            # It may not have spoken yet when the command is over.
            self._thread.join(10)
        self._ended.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Return the gap."""
        if self._first is None:
            raise ValueError('the guest says nothing any more')
        return (self._first - self._here.stat().st_mtime_ns) / 1e9

    def _watch(self) -> None:
        while self._first is None and not self._ended.is_set():
            try:
                status = self._there.stat()
            except FileNotFoundError:
                status = None
            if status is not None and status.st_size:
                self._first = status.st_mtime_ns
            else:
                time.sleep(_POLL_SECONDS)
