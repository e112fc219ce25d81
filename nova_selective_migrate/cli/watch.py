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

"""``watch``: follow a migration that somebody else has begun."""

import argparse
import collections.abc
import contextlib
import sys
import typing

from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import event_stream
from nova_selective_migrate.cli import migration_report
from nova_selective_migrate.cli import outcome_table
from nova_selective_migrate.cli import signals

if typing.TYPE_CHECKING:
    from nova_selective_migrate.host.hypervisor import connection
    from nova_selective_migrate.host.migration import migration_watch


class Watch(commands.GuardedShowOne):
    """Follow a migration that somebody else has begun.

    nova, virsh or another process of this program may have started it. Shows
    the progress of disks and memory as 'migrate' does. At the end it reports
    where the guest is, and what libvirt says about the migration. Only the
    source is asked; with DEST_URI the destination is asked at the end as well.

    Nothing is changed. Ctrl-C ends this command, but not the migration. The
    exit code is 0 if the guest has moved, 4 if it has not moved or no
    migration runs, and 5 if that is not known.
    """

    _report: migration_report.MigrationReport | None = None

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'domain', metavar='DOMAIN', help='name, UUID or id of the guest'
        )
        parser.add_argument(
            'destination_uri',
            metavar='DEST_URI',
            nargs='?',
            help='libvirt URI of the destination, which is asked at the end',
        )
        parser.add_argument(
            '--wait',
            action='store_true',
            help='wait for a migration to begin',
        )
        event_stream.add_events(parser)
        return parser

    def lines(
        self, tree: collections.abc.Mapping[str, typing.Any]
    ) -> collections.abc.Iterator[str]:
        """Write what is known for people."""
        return outcome_table.lines(tree)

    def interruption(
        self, parsed_args: argparse.Namespace
    ) -> signals.SignalHandling:
        """End the watching, and nothing else."""
        return WatchSignals()

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """Watch the migration to its end."""
        self._report = report = migration_report.begin(
            parsed_args, self.app.stdout, self.app.stderr
        )
        # Here, so that --help and completion need no libvirt.
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.host.migration import migration_watch

        uri = self.app.options.connect
        with (
            open_hosts.source(uri, parsed_args.domain) as (here, guest),
            self._destination(parsed_args) as there,
            contextlib.closing(report),
        ):
            watched = migration_watch.MigrationWatch(here, guest, there)

            def begun() -> None:
                report.began(guest.name, guest.uuid)

            ended = watched.follow(report.show, begun, wait=parsed_args.wait)
        self.status = commands.OF_ENDING[ended.settlement.ending.value]
        return self.dict2columns(_tree(guest.name, ended))

    @contextlib.contextmanager
    def _destination(
        self, parsed_args: argparse.Namespace
    ) -> 'collections.abc.Iterator[connection.Connection | None]':
        from nova_selective_migrate.host.hypervisor import connection

        if parsed_args.destination_uri is None:
            yield None
            return
        there = parsed_args.destination_uri
        with connection.Connection.open(there) as opened:
            yield opened

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Sequence[typing.Any],
    ) -> None:
        """Print what is known, or tell it as the last event."""
        if self._report is None or self._report.events is None:
            super().produce_output(parsed_args, column_names, data)
            return
        tree = dict(zip(column_names, data, strict=True))
        self._report.events.outcome(tree)


class WatchSignals(signals.SignalHandling):
    """A signal ends the watching at once."""

    undone = 'watched no more; the migration goes on, if there is one'

    def stop(self) -> str:
        """Say what ends, and what does not."""
        return self.undone

    def may_leave(self) -> bool:
        """Leave at once: nothing of ours is anywhere."""
        return True

    def leave(self, number: int) -> typing.Any:
        """End the command.

        :raises SystemExit: always
        """
        sys.exit(signals.SIGNALLED + number)


def _tree(
    name: str, ended: 'migration_watch.WatchedMigration'
) -> dict[str, typing.Any]:
    progress, stats = ended.progress, ended.stats
    mirrored = None
    if progress is not None:
        mirrored = sum(disk.processed for disk in progress.disks)
    destination = ended.destination
    return {
        'domain': name,
        'outcome': ended.settlement.ending.value,
        'explanation': ended.settlement.explanation,
        'error': stats.get('errmsg'),
        'source': str(ended.source),
        'destination': None if destination is None else str(destination),
        'seconds': round(ended.seconds, 3),
        'downtime_ms': stats.get('downtime'),
        'mirrored_bytes': mirrored,
        'memory_bytes': stats.get('memory_processed'),
    }
