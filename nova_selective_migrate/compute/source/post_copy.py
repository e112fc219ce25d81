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

"""Post-copy: remember that a guest has run at the destination.

The disks there are the only current ones then, and nova's rollback removes
them.
"""

import collections.abc
import dataclasses
import threading

from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import post_copy_endings

_Presence = guest_presence.Presence
_IN_IT = (_Presence.POSTCOPY, _Presence.POSTCOPY_FAILED)


class PostCopy:
    """Whether a guest was seen in post-copy; safe for several threads."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._note: collections.abc.Callable[[], None] | None = None

    def noted_by(self, note: collections.abc.Callable[[], None]) -> None:
        """Say what writes it down for a later process, once."""
        self._note = note

    @property
    def begun(self) -> bool:
        """Tell whether the guest has run at the destination."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Note that libvirt has been told to begin it."""
        if self._begun.is_set():
            return
        self._begun.set()
        if self._note is not None:
            self._note()

    def look(self, source: guest_presence.Presence | None) -> None:
        """Note it where the source's state shows it.

        :param source: what the source has of the guest
        """
        if source in _IN_IT:
            self.begin()

    def judge(
        self, settled: live_migration_settlement.SettledMigration
    ) -> live_migration_settlement.SettledMigration:
        """Return the ending, see :func:`after`, where it was seen in one."""
        return after(settled) if self.begun else settled


def after(
    settled: live_migration_settlement.SettledMigration,
) -> live_migration_settlement.SettledMigration:
    """Return the ending, which is not "not moved" after a post-copy.

    See :func:`post_copy_endings.after`.
    """
    found = settled.settlement
    judged = post_copy_endings.after(found, settled.here, seen=True)
    if judged is found:
        return settled
    return dataclasses.replace(settled, settlement=judged)
