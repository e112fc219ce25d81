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

"""Wait for what the kernel sends no event about."""

from collections.abc import Callable
import time

from lab.errors import NotInTime

#: Short against what is awaited, long against the cost of a look.
_PAUSE = 0.05


def until(
    happened: Callable[[], bool],
    what: str,
    timeout: float = 90,
    pause: float = _PAUSE,
) -> None:
    """Look again and again until something has happened.

    :param happened: the look; it may raise to end the wait early.
    :param what: completes the sentence "waited in vain for ...".
    :param pause: seconds between two looks.
    :raises NotInTime: it did not happen within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not happened():
        if time.monotonic() > deadline:
            raise NotInTime(f'waited {timeout:g} s in vain for {what}')
        time.sleep(pause)


def now() -> float:
    """Return the seconds of a clock that nobody sets."""
    return time.monotonic()
