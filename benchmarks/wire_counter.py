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

"""Count what travels between the hosts."""

import dataclasses
import pathlib
import threading
import time
import types

from lab import laboratory

_SAMPLE_SECONDS = 0.05


def total(lab: laboratory.Lab, device: str = 'to-a') -> int:
    """Return the bytes of a veth so far, both directions, with headers."""
    text = pathlib.Path(f'/proc/{lab.hub.keeper.pid}/net/dev').read_text()
    for line in text.splitlines():
        name, _, numbers = line.partition(':')
        if name.strip() == device:
            fields = numbers.split()
            return int(fields[0]) + int(fields[8])
    raise ValueError(f'no {device}')


@dataclasses.dataclass
class Counted:
    """Bytes over time, while this context is open."""

    lab: laboratory.Lab
    #: Seconds and bytes since the start.
    samples: list[tuple[float, int]] = dataclasses.field(default_factory=list)

    def __enter__(self) -> 'Counted':
        self._began, self._first = time.perf_counter(), total(self.lab)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
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
        self._take()

    @property
    def bytes(self) -> int:
        """Return how many there were in all."""
        return self.samples[-1][1]

    def rate(self, low: float = 0.1, high: float = 0.9) -> float:
        """Return the bytes a second, without the start and the end."""
        inner = [
            (seconds, count)
            for seconds, count in self.samples
            if low * self.bytes <= count <= high * self.bytes
        ]
        (began, first), (ended, last) = inner[0], inner[-1]
        return (last - first) / (ended - began)

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._take()

    def _take(self) -> None:
        seconds = time.perf_counter() - self._began
        self.samples.append((seconds, total(self.lab) - self._first))
