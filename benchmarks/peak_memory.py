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

"""The most memory that a process had."""

import pathlib
import threading
import types

_POLL_SECONDS = 0.02


class PeakMemory:
    """Asks the kernel while this context is open.

    What wait4(2) tells counts from before exec(2), where the process was
    still a copy of this one.
    """

    def __init__(self, pid: int) -> None:
        self._status = pathlib.Path(f'/proc/{pid}/status')
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0

    def __enter__(self) -> 'PeakMemory':
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            try:
                text = self._status.read_text()
            except OSError:
                return
            for line in text.splitlines():
                if line.startswith('VmHWM:'):
                    # Linux tells it in kB, which are KiB.
                    self.bytes = int(line.split()[1]) * 1024
