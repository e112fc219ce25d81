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

"""Take the time between nova's call of its driver and the driver's own."""

from collections.abc import Callable
import time
from typing import Any

import libvirt


class Stopwatch:
    """Runs from `driver.live_migration` to libvirt's migrateToURI3.

    :ivar seconds: of the newest migration from here; None before
    """

    def __init__(self, driver: Any) -> None:
        self.seconds: float | None = None
        self._began = 0.0
        driver.live_migration = self._before(
            driver.live_migration, self._start
        )
        # Every connection's and every thread's: the class has it.
        libvirt.virDomain.migrateToURI3 = self._before(
            libvirt.virDomain.migrateToURI3, self._stop
        )

    def _before(
        self, function: Callable[..., Any], note: Callable[[], None]
    ) -> Callable[..., Any]:
        def noted(*arguments: Any, **more: Any) -> Any:
            note()
            return function(*arguments, **more)

        return noted

    def _start(self) -> None:
        self._began, self.seconds = time.perf_counter(), None

    def _stop(self) -> None:
        self.seconds = time.perf_counter() - self._began
