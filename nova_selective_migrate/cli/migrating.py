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

"""What a signal does to a migration that runs."""

import argparse
import collections.abc
import threading
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import interrupts

if typing.TYPE_CHECKING:
    from nova_selective_migrate.cli import migrate
    from nova_selective_migrate.host.migration import migrator as migrator_


class Interruption(interrupts.Interruption):
    """Abort it first, and leave it to the daemons then."""

    def __init__(
        self, command: 'migrate.Migrate', parsed_args: argparse.Namespace
    ) -> None:
        super().__init__()
        self._command = command
        self._parsed_args = parsed_args
        self._lock = threading.Lock()
        self._stopped = False
        self._migrator: migrator_.Migrator | None = None

    def begin(
        self,
        migrator: 'migrator_.Migrator',
        tell: collections.abc.Callable[[str], object],
    ) -> None:
        """Go from planning to migrating.

        :param tell: says something beside the progress
        :raises Interrupted: when it was interrupted before
        """
        with self._lock:
            if self._stopped:
                raise exceptions.Interrupted('interrupted')
            self._migrator = migrator
            self.tell = tell

    def stop(self) -> str:
        """Abort what runs; plan no more otherwise."""
        with self._lock:
            self._stopped = True
            if self._migrator is None:
                return super().stop()
            self._migrator.abort()
        return (
            'aborting: the guest is to stay where it is; once more leaves '
            'the migration to the daemons'
        )

    def may_leave(self) -> bool:
        """Wait for the end of a migration, which libvirt has to say."""
        return self._migrator is None and super().may_leave()

    def leave(self, number: int) -> typing.Any:
        """Say that nobody waits any more."""
        if self._migrator is None:
            return super().leave(number)
        return self._command.left(self._parsed_args, self._migrator.plan_id)


class ResumeInterruption(interrupts.Interruption):
    """Stop to follow a migration, which does not need us."""

    def __init__(self, domain: str) -> None:
        super().__init__()
        self.undone = (
            'it is followed no more; nova-selective-migrate migrate '
            f'--resume-report {domain} takes it up again'
        )
