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
"""What this process has seen of migrations from this host, for metrics."""

import collections
import collections.abc
import dataclasses
import threading
import time

from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.core.job import followed_migration
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import migration_progress

#: Status of a migration record that nova is about to write: it does so when
#: its driver has raised.
_ERROR = 'error'


@dataclasses.dataclass(frozen=True)
class ActivitySnapshot:
    """What was seen up to one moment.

    :ivar following: the migrations that run
    :ivar endings: how many have ended so, by ending and nova's status
    :ivar refusals: how many plans each reason code has refused
    """

    following: tuple[followed_migration.FollowedMigration, ...]
    endings: dict[tuple[guest_location.Ending, str], int]
    refusals: dict[str, int]


class MigrationActivity:
    """Takes down what happens; safe to use from several threads.

    What is kept of a guest ends with its migration.

    :ivar changed: is set at each change; who waits for it clears it
    """

    def __init__(self) -> None:
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._following: dict[str, followed_migration.FollowedMigration] = {}
        self._endings: collections.Counter[
            tuple[guest_location.Ending, str]
        ] = collections.Counter()
        self._refusals: collections.Counter[str] = collections.Counter()

    def begin(self, instance: str, domain: str) -> None:
        """Note that a migration begins.

        :param domain: libvirt's name of the guest
        """
        begun = followed_migration.FollowedMigration.begin(
            instance, domain, time.time()
        )
        with self._lock:
            self._following[instance] = begun
        self.changed.set()

    def look(
        self, instance: str, progress: migration_progress.MigrationProgress
    ) -> None:
        """Note how far a migration is; one that has ended stays so."""
        with self._lock:
            if (found := self._following.get(instance)) is None:
                return
            self._following[instance] = found.look(time.time(), progress)
        self.changed.set()

    def end(
        self, instance: str, ending: guest_location.Ending | None, status: str
    ) -> None:
        """Note that a migration has ended.

        :param ending: None where that was not found out
        :param status: of nova's record of it; one that is not final is
            about to become an error
        """
        if status not in nova_interface.FINAL_STATUSES:
            status = _ERROR
        with self._lock:
            self._following.pop(instance, None)
            self._endings[ending or guest_location.Ending.UNKNOWN, status] += 1
        self.changed.set()

    def refuse(self, codes: collections.abc.Iterable[str]) -> None:
        """Note that a plan is refused.

        :param codes: its reason codes; each counts once
        """
        with self._lock:
            self._refusals.update(set(codes))
        self.changed.set()

    def snapshot(self) -> ActivitySnapshot:
        """Return what was seen up to now."""
        with self._lock:
            return ActivitySnapshot(
                tuple(self._following.values()),
                dict(self._endings),
                dict(self._refusals),
            )
