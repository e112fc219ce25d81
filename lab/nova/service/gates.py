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

"""Hold a call between two hosts, so that a test can do something then."""

import threading
from typing import Any


class Gates:
    """Places where calls wait: 'before METHOD' or 'after METHOD'.

    A METHOD is one of nova's RPC, or one that was given to `hold`.
    """

    def __init__(self) -> None:
        self._arrived: dict[str, threading.Event] = {}
        self._opened: dict[str, threading.Event] = {}

    def close(self, place: str) -> None:
        """Let the next call that comes to a place wait there."""
        self._arrived[place] = threading.Event()
        self._opened[place] = threading.Event()

    def await_arrival(self, place: str, timeout: float) -> bool:
        """Wait until a call has come; say whether one has."""
        return self._arrived[place].wait(timeout)

    def open(self, place: str) -> None:
        """Let it go on."""
        self._opened.pop(place).set()

    def wait_at(self, place: str) -> None:
        """Wait, if the place is closed."""
        opened = self._opened.get(place)
        if opened:
            self._arrived[place].set()
            opened.wait()

    def hold(self, owner: Any, name: str) -> None:
        """Let calls of an object's method wait at such places too."""
        method = getattr(owner, name)

        def held(*arguments: Any, **more: Any) -> Any:
            self.wait_at(f'before {name}')
            result = method(*arguments, **more)
            self.wait_at(f'after {name}')
            return result

        setattr(owner, name, held)
