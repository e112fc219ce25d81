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

"""Watch whether the destination answers and has space."""

import abc
import collections.abc
import contextlib
import os.path
import threading
import time
import types
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools

_Watchdog = typing.TypeVar('_Watchdog', bound='DestinationWatchdog')


class DestinationWatchdog(abc.ABC):
    """Watches a host while the context lasts, in a thread of its own.

    A question to a dead host lasts until the network times out, which would
    block the monitor.
    """

    def __init__(self, host: connection.Connection) -> None:
        self._host = host
        self._ended = threading.Event()

    def __enter__(self: _Watchdog) -> _Watchdog:
        threading.Thread(
            target=self._watch, name=type(self).__name__.lower(), daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ended.set()

    def begin(self) -> float:
        """Begin, once connected; return the seconds until the first look."""
        return 0.0

    @abc.abstractmethod
    def look(self, host: connection.Connection) -> float:
        """Look once; return the seconds until the next look."""

    def _watch(self) -> None:
        # A connection of its own, which may be renewed at any time.
        with (
            contextlib.suppress(exceptions.HypervisorError),
            self._host.again() as own,
        ):
            pause = self.begin()
            while not self._ended.wait(pause):
                pause = self.look(own)


_POLL_SECONDS = 5.0


class ReachabilityWatchdog(DestinationWatchdog):
    """Measures for how long a host has not answered."""

    def __init__(self, host: connection.Connection, uuid: str) -> None:
        super().__init__(host)
        self._uuid = uuid
        self._answered: float | None = None

    def silent_seconds(self) -> float:
        """Return for how long the host has not answered.

        One that takes no connection beside the others is not known to be
        silent.
        """
        answered = self._answered
        return 0.0 if answered is None else time.monotonic() - answered

    def begin(self) -> float:
        """Count from the connection on."""
        self._answered = time.monotonic()
        return _POLL_SECONDS

    def look(self, host: connection.Connection) -> float:
        """See whether it answers."""
        there = host.look(self._uuid).presence
        if there is not guest_presence.Presence.UNREACHABLE:
            self._answered = time.monotonic()
        return _POLL_SECONDS


class FreeSpaceWatchdog(DestinationWatchdog):
    """Watches the free space of the destination's directories.

    No pool is held between two looks: another migration to the directory
    would wait for it.

    :ivar short: why to abort; empty while there is room
    """

    def __init__(
        self,
        host: connection.Connection,
        plan: migration_plan.MigrationPlan,
        reserve: int,
    ) -> None:
        super().__init__(host)
        self._reserve = reserve
        self._needed = _needed(plan)
        self._floors: dict[int, watchdog_limits.FreeSpaceFloor] = {}
        self.short = ''

    def __enter__(self) -> 'FreeSpaceWatchdog':
        if self._reserve and self._needed:
            return super().__enter__()
        return self

    def look(self, host: connection.Connection) -> float:
        """Look once; return the seconds until the next look."""
        found: dict[str, pool_directory.FreeSpace] = {}
        for path in self._needed:
            # What cannot be seen now is seen the next time.
            with (
                contextlib.suppress(exceptions.SelectiveMigrateError),
                storage_pools.directory(host, path) as seen,
            ):
                if isinstance(seen, pool_directory.PoolDirectory):
                    room = seen.room()
                    if room is not None:
                        found[path] = room
        pauses = [self._judge(path, found) for path in found]
        return min(
            pauses, default=watchdog_limits.FreeSpaceFloor().next_look(0)
        )

    def _judge(
        self,
        path: str,
        found: collections.abc.Mapping[str, pool_directory.FreeSpace],
    ) -> float:
        """Compare a directory's free space with its file system's floor."""
        room = found[path]
        if room.capacity not in self._floors:
            # Through libvirt nothing else shows that two directories are on
            # one file system.
            needed = sum(
                self._needed[each]
                for each, its in found.items()
                if its.capacity == room.capacity
            )
            self._floors[room.capacity] = watchdog_limits.FreeSpaceFloor.of(
                self._reserve, room.free, needed
            )
        floor = self._floors[room.capacity]
        if not floor.allows(room.free) and not self.short:
            self.short = (
                f'aborted because the destination has {room.free} bytes free '
                f'in {path}, less than the {floor.bytes} that are to stay: '
                'make room there and migrate again, or lower '
                '--free-space-reserve'
            )
        return floor.next_look(room.free)


def _needed(plan: migration_plan.MigrationPlan) -> dict[str, int]:
    """Add up, by directory, what the images that are made will take."""
    sizes = {d.disk.target: d.copy_bytes for d in plan.disks}
    needed: dict[str, int] = {}
    for image in plan.images:
        if image.pool is not None:
            continue  # a volume has had all of its room since it was made
        folder = os.path.dirname(image.path)
        needed[folder] = needed.get(folder, 0) + sizes[image.target]
    return needed
