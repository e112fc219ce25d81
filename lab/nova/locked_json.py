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

"""A JSON file that several processes read and change."""

from collections.abc import Iterator
import contextlib
import fcntl
import json
from pathlib import Path
from typing import Any

State = dict[str, dict[str, Any]]


@contextlib.contextmanager
def changed(path: Path) -> Iterator[State]:
    """Lend the content, and write back what becomes of it."""
    with path.open('r+') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        state = json.load(file)
        yield state
        file.seek(0)
        file.truncate()
        json.dump(state, file)


def read(path: Path) -> State:
    """Return the content."""
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        state: State = json.load(file)
    return state
