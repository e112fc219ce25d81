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
"""What is seen of one migration while it runs: progress, and its phases."""

import dataclasses

from nova_selective_migrate.core.job import migration_progress


@dataclasses.dataclass(frozen=True)
class FollowedMigration:
    """One migration, from its beginning to its end.

    :ivar domain: libvirt's name of the guest
    :ivar phases: those that it has come to, each with the Unix time at
        which it was first seen
    :ivar moved_at: Unix time at which bytes were last seen to move; its
        beginning where none has
    :ivar progress: the last that was measured; None before the first
    """

    instance: str
    domain: str
    phases: tuple[tuple[migration_progress.Phase, float], ...]
    moved_at: float
    progress: migration_progress.MigrationProgress | None = None

    @classmethod
    def begin(
        cls, instance: str, domain: str, now: float
    ) -> 'FollowedMigration':
        """Return one that has just begun.

        :param now: Unix time, in seconds
        """
        first = migration_progress.Phase.PREPARING
        return cls(instance, domain, ((first, now),), now)

    def look(
        self, now: float, progress: migration_progress.MigrationProgress
    ) -> 'FollowedMigration':
        """Return it after a look at it.

        :param now: Unix time, in seconds
        """
        before = self.progress.processed if self.progress else 0
        phases = self.phases
        if progress.phase not in dict(phases):
            phases = (*phases, (progress.phase, now))
        return dataclasses.replace(
            self,
            phases=phases,
            # Less than before: a second copy has begun.
            moved_at=self.moved_at if progress.processed == before else now,
            progress=progress,
        )
