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

"""The journal of migrations of the command line that have not ended."""

import collections.abc
import contextlib
import os

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import file_locks
from nova_selective_migrate.host.journal import journal_entries
from nova_selective_migrate.host.journal import migration_record


class MigrationJournal:
    """A directory of migration records, by their plan ids."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._entries = journal_entries.JournalEntries(directory)

    def write(self, run: migration_record.MigrationRecord) -> None:
        """Write a run, in place of what was known of it, to the disk.

        :raises PreparationFailed: when it cannot be written
        """
        try:
            self._entries.write(run.plan_id, run.dumps())
        except exceptions.JournalFailed as err:
            raise exceptions.PreparationFailed(
                f'{err}; name another directory with --journal'
            ) from err

    def end(self, run: migration_record.MigrationRecord) -> None:
        """Remove a record of which nothing is left; never raises."""
        # An entry that stays does no harm: cleanup looks at it again.
        with contextlib.suppress(exceptions.JournalFailed):
            self._entries.drop(run.plan_id)

    @contextlib.contextmanager
    def alone(self, uuid: str, name: str) -> collections.abc.Iterator[None]:
        """Lock a guest, and what was made for it, against other processes.

        The lock ends with this process, however it ends: what is in the
        journal of a guest that nobody has locked is of a dead one.

        :param uuid: the guest's
        :param name: the guest's, for the message
        :raises GuestBusy: when another process has it
        :raises JournalFailed: when nothing can be locked
        """
        lock = self._entries.lock(uuid)
        try:
            lock.take()
        except file_locks.Held as err:
            raise exceptions.GuestBusy(
                f'{said(err.process or 0)} migrates {name} or cleans up '
                'after it; wait for it to end',
                err.process or 0,
            ) from err
        try:
            yield
        finally:
            lock.release()

    def busy(self, uuid: str) -> int | None:
        """Return the process that has locked a guest, if one has.

        :returns: 0 where its number is not known, None where none has
        :raises JournalFailed: when that is no UUID
        """
        return self._entries.lock(uuid).holder()

    def runs(self) -> list[migration_record.MigrationRecord]:
        """Read all runs, the oldest first.

        :raises JournalFailed: when the directory or a file of it cannot be
            read
        """
        found = [self._read(name) for name in self._entries.names()]
        return sorted(
            (run for run in found if run is not None),
            key=lambda run: run.began,
        )

    def read(self, plan_id: str) -> migration_record.MigrationRecord | None:
        """Read a record; None where its migration is concluded.

        :raises JournalFailed: when it cannot be read
        """
        return self._read(plan_id)

    def newest(self, domain: str) -> migration_record.MigrationRecord | None:
        """Return the newest run of a domain, by its name or UUID.

        :raises JournalFailed: when the journal cannot be read
        """
        found = [r for r in self.runs() if domain in r.names]
        return found[-1] if found else None

    def _read(self, name: str) -> migration_record.MigrationRecord | None:
        tree = self._entries.read(name)
        if tree is None:
            return None  # it has ended since
        try:
            return migration_record.MigrationRecord.loads(tree)
        except exceptions.InvalidInput as err:
            raise exceptions.JournalFailed(
                f'{self._entries.path(name)} is not of this program: {err}; '
                'move it away after looking into it'
            ) from err


def said(process: int) -> str:
    """Return how a message names a process."""
    return f'process {process}' if process else 'another process'


def default_directory() -> str:
    """Return where the journal of this user is."""
    if os.geteuid() == 0:
        return '/var/lib/nova-selective-migrate/journal'
    state = os.environ.get('XDG_STATE_HOME') or os.path.expanduser(
        '~/.local/state'
    )
    return os.path.join(state, 'nova-selective-migrate', 'journal')
