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

"""Measure a migration that runs, and report it."""

import collections.abc
import time
import typing

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.host.hypervisor import guest as guest_

Report = collections.abc.Callable[[migration_progress.MigrationProgress], None]


class Following:
    """Follows one migration, from when this is made.

    :ivar progress: the last that was seen of it
    """

    def __init__(
        self, targets: collections.abc.Sequence[str], report: Report
    ) -> None:
        self._targets = targets
        self._report = report
        self._started = time.monotonic()
        self.progress: migration_progress.MigrationProgress | None = None

    def complete(self) -> None:
        """Report the end of a migration that has succeeded."""
        if self.progress is not None:
            self.progress = migration_progress.complete(self.progress)
            self._tell(self.progress)

    def _tell(self, progress: migration_progress.MigrationProgress) -> None:
        try:
            self._report(progress)
        except (OSError, ValueError):
            # Who reads has gone; the migration is followed to its end.
            self._report = _unread

    def look(
        self, guest: guest_.Guest
    ) -> collections.abc.Mapping[str, typing.Any]:
        """Ask once, report it, and return the job's statistics."""
        sample = migration_progress.Sample(
            seconds=time.monotonic() - self._started,
            job=guest.job_stats(),
            blocks={each: guest.block_job(each) for each in self._targets},
        )
        self.progress = migration_progress.measure(
            sample, self._targets, self.progress
        )
        self._tell(self.progress)
        return sample.job


def _unread(_progress: migration_progress.MigrationProgress) -> None:
    """Take the place of a report that nobody reads any more."""
