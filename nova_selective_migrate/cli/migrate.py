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

"""``migrate``: plan, run exactly that plan, report the outcome."""

import argparse
import collections.abc
import contextlib
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import event_stream
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import migration_report
from nova_selective_migrate.cli import outcome_table
from nova_selective_migrate.cli import signals


class Migrate(commands.GuardedShowOne):
    """Live-migrate a guest, copying exactly its local disks.

    Makes the plan that 'plan' shows, and runs it: creates the destination
    images, calls libvirt and follows every disk. At the end it looks at both
    hosts to see whether the guest has moved. Ctrl-C aborts the migration; the
    guest then stays where it is.

    If the plan is refused, nothing is changed. If the migration fails, the
    images that it made at the destination are removed. The source's images
    stay after a migration, and are listed.

    If this program was killed during a migration, run it again with
    --resume-report. It follows the migration if it still runs, reports how it
    ended, and cleans up in the same way. 'cleanup' lists what is left even
    then.
    """

    _report: migration_report.MigrationReport | None = None

    def lines(
        self, tree: collections.abc.Mapping[str, typing.Any]
    ) -> collections.abc.Iterator[str]:
        """Write an outcome for people."""
        return outcome_table.lines(tree)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'domain', metavar='DOMAIN', help='name, UUID or id of the guest'
        )
        parser.add_argument(
            'destination_uri',
            metavar='DEST_URI',
            nargs='?',
            help="libvirt URI of the destination, as the source's daemon "
            'reaches it, such as qemu+tls://host2/system; optional with '
            '--resume-report, which takes it from the journal',
        )
        parser.add_argument(
            '--resume-report',
            action='store_true',
            help='migrate nothing. Find out how the newest migration of '
            'DOMAIN in the journal ended after its program was killed, '
            'report it, and clean up',
        )
        evidence_arguments.add_evidence(parser)
        arguments.add_destination(parser)
        arguments.add_limits(parser)
        event_stream.add_events(parser)
        return parser

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Sequence[typing.Any],
    ) -> None:
        """Print the outcome; a failure to print does not change it."""
        if self._report is not None and self._report.events is not None:
            tree = dict(zip(column_names, data, strict=True))
            self._report.events.outcome(tree)
            return
        try:
            super().produce_output(parsed_args, column_names, data)
        except (OSError, ValueError) as err:
            ending = dict(zip(column_names, data, strict=True))['outcome']
            with contextlib.suppress(OSError):
                self.app.stderr.write(
                    f'{self.app.NAME}: {ending}; the outcome cannot be '
                    f'printed: {err}\n'
                )

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """Plan and migrate; tell a program the end in any case."""
        # Until the outcome is known.
        self.status = commands.NOT_MOVED
        self._report = report = migration_report.begin(
            parsed_args, self.app.stdout, self.app.stderr
        )
        try:
            if parsed_args.resume_report:
                return self._resume(parsed_args, interruption, report)
            return self._migrate(parsed_args, interruption, report)
        except (exceptions.GuestBusy, exceptions.PreparationFailed) as err:
            if parsed_args.formatter == 'table' and report.events is None:
                raise
            self.app.stderr.write(f'{self.app.NAME}: {err}\n')
            busy = isinstance(err, exceptions.GuestBusy)
            self.status = commands.REFUSED if busy else commands.NOT_MOVED
            return self.dict2columns(
                outcome_table.stopped_tree(str(err), refused=busy)
            )
        finally:
            report.close()

    def _migrate(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
        report: migration_report.MigrationReport,
    ) -> commands.Shown:
        if parsed_args.destination_uri is None:
            raise exceptions.InvalidInput(
                'migrate takes DOMAIN and DEST_URI: name the destination'
            )
        # Here, so that --help and completion need no libvirt and no planner.
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.cli import requested_case
        from nova_selective_migrate.core.job import watchdog_limits
        from nova_selective_migrate.core.plan import plan_formats
        from nova_selective_migrate.core.plan import planner
        from nova_selective_migrate.host.migration import migrator

        stopping = typing.cast(signals.MigrationSignals, interruption)
        with (
            open_hosts.probes(
                self.app.options.journal, interruption
            ) as probes,
            open_hosts.both(self.app.options, parsed_args, probes) as opened,
        ):
            plan = planner.plan(requested_case.now(opened, parsed_args))
            tree = plan_formats.plan_tree(plan)
            report.plan(tree)
            if parsed_args.formatter == 'table' and report.events is None:
                # People read the plan before it runs, programs with the
                # outcome.
                from nova_selective_migrate.cli import plan_table

                for line in plan_table.lines(tree):
                    self.app.stdout.write(f'{line}\n')
                self.app.stdout.flush()
            if not plan.ready:
                self.status = commands.REFUSED
                return self.dict2columns(outcome_table.refused_tree(tree))
            migration = migrator.Migrator(
                open_hosts.of_run(opened, probe=not parsed_args.no_probe),
                opened.guest,
                plan,
                parsed_args.destination_uri,
                watchdog_limits.AbortLimits(
                    progress_seconds=parsed_args.progress_timeout,
                    reserve_bytes=parsed_args.free_space_reserve
                    * watchdog_limits.MIB,
                ),
            )
            stopping.begin(migration, report.tell)
            ended = migration.run(report.show, report.limit, report.happened)
        self.status = commands.OF_ENDING[ended.settlement.ending.value]
        return self.dict2columns(outcome_table.ended_tree(plan, ended))

    def interruption(
        self, parsed_args: argparse.Namespace
    ) -> signals.SignalHandling:
        """Abort at the first signal; stop waiting at the second."""
        if parsed_args.resume_report:
            return signals.ResumeSignals(parsed_args.domain)
        return signals.MigrationSignals(self, parsed_args)

    def left(
        self, parsed_args: argparse.Namespace, plan_id: str | None
    ) -> commands.Shown:
        """Return the outcome of a migration that this program leaves."""
        self.status = commands.UNKNOWN
        tree = outcome_table.left_tree(
            parsed_args.domain, plan_id, direct=parsed_args.direct
        )
        if self._report is not None:
            self._report.close()
        if parsed_args.formatter != 'table' or parsed_args.events:
            signals.tell(tree['explanation'])
        return self.dict2columns(tree)

    def _resume(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
        report: migration_report.MigrationReport,
    ) -> commands.Shown:
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.host.migration import resumption

        options = self.app.options
        journal = open_hosts.migration_records(options.journal)
        run = open_hosts.newest_record(journal, parsed_args.domain)
        there = parsed_args.destination_uri
        with (
            open_hosts.probes(options.journal, interruption) as probes,
            open_hosts.hosts_of_record(
                journal, run, options.connect, there, probes
            ) as opened,
        ):
            ended = resumption.resume(opened, run, report.show)
        self.status = commands.OF_ENDING[ended.settlement.ending.value]
        return self.dict2columns(outcome_table.ended_tree(None, ended))
