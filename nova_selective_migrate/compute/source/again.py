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

"""Whether the copy of a migration begins a second time."""

import enum
import threading


class _State(enum.Enum):
    OPEN = 'it has not been asked for'
    WANTED = 'the first copy is being aborted for it'
    TAKEN = 'it has begun'
    ENDED = 'there is none'


class SecondCopy:
    """A second copy: wanted by who follows, begun by who calls, once.

    Whoever aborts the migration for another reason ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = _State.OPEN

    def want(self) -> bool:
        """Ask for a second copy; tell whether there is to be one."""
        return self._change(_State.WANTED, _State.OPEN)

    def take(self) -> bool:
        """Begin it; tell whether it is wanted."""
        return self._change(_State.TAKEN, _State.WANTED)

    def end(self) -> bool:
        """Have none any more; tell whether one was wanted."""
        return self._change(_State.ENDED, _State.WANTED) or self._change(
            _State.ENDED, _State.OPEN, result=False
        )

    @property
    def pending(self) -> bool:
        """Tell whether one is wanted that has not begun."""
        return self._state is _State.WANTED

    @property
    def taken(self) -> bool:
        """Tell whether it has begun."""
        return self._state is _State.TAKEN

    def _change(
        self, to: _State, before: _State, *, result: bool = True
    ) -> bool:
        with self._lock:
            if self._state is not before:
                return False
            self._state = to
            return result
