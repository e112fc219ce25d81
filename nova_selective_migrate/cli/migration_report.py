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

"""What is told of a migration while it runs: to a person, and to a program."""

import argparse
import typing

from nova_selective_migrate.cli import event_stream
from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.job import migration_progress

if typing.TYPE_CHECKING:
    from nova_selective_migrate.host.migration import migration_events


class MigrationReport:
    """Progress on one stream and, where it is asked for, events on another.

    :ivar events: None where nobody asked for them
    """

    def __init__(
        self, stderr: typing.TextIO, events: event_stream.EventStream | None
    ) -> None:
        self._stderr = stderr
        self._display: terminal.ProgressDisplay | None = None
        self._closed = False
        self.events = events

    def plan(self, tree: event_stream.Fields) -> None:
        """Tell the plan."""
        if self.events is not None:
            self.events.plan(tree)

    def began(self, domain: str, uuid: str) -> None:
        """Tell that a migration is seen that somebody else has begun."""
        if self.events is not None:
            self.events.began(domain, uuid)

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Tell how far it is."""
        if not self._closed:
            self._shown_on().show(progress)
        if self.events is not None:
            self.events.show(progress)

    def limit(self, words: str) -> None:
        """Tell of another limit of the link."""
        self.tell(words)
        if self.events is not None:
            self.events.limit(words)

    def tell(self, words: str) -> None:
        """Tell a message to people, beside the progress."""
        if not self._closed:
            self._shown_on().tell(words)

    def happened(self, event: 'migration_events.MigrationEvent') -> None:
        """Tell what else happens to programs."""
        if self.events is not None:
            self.events.happened(event)

    def close(self) -> None:
        """Leave what is shown of the progress as it is, and show no more."""
        self._closed = True
        if self._display is not None:
            self._display.close()

    def _shown_on(self) -> terminal.ProgressDisplay:
        if self._display is None:
            self._display = terminal.display(self._stderr)
        return self._display


def begin(
    arguments: argparse.Namespace,
    stdout: typing.TextIO,
    stderr: typing.TextIO,
) -> MigrationReport:
    """Return the report that a command's arguments ask for.

    :raises InvalidInput: when another format is asked for beside events
    """
    events = None
    if event_stream.asked(arguments):
        events = event_stream.EventStream(stdout)
    return MigrationReport(stderr, events)
