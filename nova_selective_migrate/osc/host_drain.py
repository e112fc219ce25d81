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

"""openstack selective migrate host drain: empty a compute host."""

import argparse
import contextlib
import signal
import sys
import time
import types
import typing
import uuid

from osc_lib.command import command

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import destination_choices
from nova_selective_migrate.drain import drain_journal
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import drain_plans
from nova_selective_migrate.drain import drain_reports
from nova_selective_migrate.drain import drain_resumption
from nova_selective_migrate.drain import drain_runs
from nova_selective_migrate.drain import drain_tools
from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.drain import stop_requests
from nova_selective_migrate.osc import drain_arguments
from nova_selective_migrate.osc import drain_checks
from nova_selective_migrate.osc import drain_display
from nova_selective_migrate.osc import report_files
from nova_selective_migrate.osc import sdk_nova

_BAD_INPUT, _UNKNOWN, _INTERRUPTED = 2, 5, 128

Report = drain_reports.DrainReport
Table = tuple[tuple[str, ...], list[tuple[typing.Any, ...]]]


class DrainHost(command.Lister):
    """Empty a compute host: live-migrate its servers, and verify each

    Servers that cannot move are listed first. Then the compute service is
    disabled, so that no new servers are scheduled to the host. It stays
    disabled. An unfinished drain is continued from its journal.

    Exit codes: 0 every server has moved (with --dry-run: can move; without
    --wait: is under way); 2 bad input, nothing is done; 3 a server cannot
    move or was refused; 4 a server has not moved; 5 it is not known where a
    server is; 128 + signal: stopped before the end.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of the command."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        drain_arguments.add(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command; return its exit code."""
        self._stop = stop_requests.StopRequests()
        self._code = 0
        self._begun = False
        try:
            super().run(parsed_args)
        except exceptions.JournalFailed as err:
            return _fail(err, _UNKNOWN if self._begun else _BAD_INPUT)
        except exceptions.SelectiveMigrateError as err:
            return _fail(err, _BAD_INPUT)
        except KeyboardInterrupt:
            return _INTERRUPTED + signal.SIGINT
        return self._code

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        """Check, and drain unless it is a dry run."""
        sdk = self.app.client_manager.sdk_connection
        options = drain_arguments.options(
            parsed_args, drain_checks.projects(sdk, parsed_args.project)
        )
        audit = drain_arguments.audit(parsed_args)
        nova = sdk_nova.SdkNova(sdk)
        services = nova.services()
        source = drain_checks.source(services, options)
        hosts, notes = drain_checks.hosts(nova, services, options)
        plan = drain_plans.make(
            nova.servers(options.host), options, hosts, audit
        )
        report = Report(
            id='',
            host=options.host,
            started=time.time(),
            ended=None,
            moves=(*plan.moves, *plan.blocked),
            left_out=plan.left_out,
            notes=(*notes, *plan.notes),
        )
        if not parsed_args.dry_run:
            report = self._drain(
                parsed_args, options, _Cloud(nova, source, hosts), plan, report
            )
        else:
            self._announce(parsed_args, report)
            self._code = report.exit_code
        columns: tuple[str, ...] = drain_reports.COLUMNS
        if parsed_args.long:
            columns = (*columns, *drain_reports.LONG_COLUMNS)
        return columns, report.rows(long=parsed_args.long)

    def _announce(
        self, parsed_args: argparse.Namespace, report: Report
    ) -> None:
        """Tell what cannot move, before anything is moved."""
        for line in (*report_files.reason_lines(report), *report.notes):
            print(line, file=sys.stderr)
        if parsed_args.report:
            report_files.write(parsed_args.report, report)

    def _drain(
        self,
        parsed_args: argparse.Namespace,
        options: drain_options.DrainOptions,
        cloud: '_Cloud',
        plan: drain_plans.DrainPlan,
        report: Report,
    ) -> Report:
        journal = drain_journal.DrainJournal(
            drain_arguments.journal(parsed_args),
            options.host,
            drain_arguments.state_directory(),
        )
        with journal:
            latest = journal.latest()
            over = latest is not None and latest.ended is not None
            former = None if over else latest
            moves = drain_resumption.moves(plan, former)
            report = report.of_moves(moves)
            self._announce(parsed_args, report)
            drain_checks.assert_alone(cloud.source, latest, options.host)
            if not parsed_args.yes and any(_is_left(m) for m in moves):
                _ask(moves, options.host)
            drain = former or drain_journal.DrainRecord(
                str(uuid.uuid4()), options.host, time.time(), moves
            )
            if former is None:
                journal.begin(drain)
            else:
                print(f'Drain {drain.id} is continued', file=sys.stderr)
                for move in moves:
                    journal.note(move)
            reason = f'{drain_checks.REASON} {drain.id}'
            if cloud.source.enabled or drain_checks.is_ours(cloud.source):
                cloud.nova.disable(cloud.source, reason)
            watcher = drain_display.display(sys.stderr)
            run = drain_runs.DrainRun(
                options,
                cloud.hosts,
                drain_tools.DrainTools(
                    cloud.nova,
                    journal,
                    _SystemClock(self._stop),
                    watcher,
                    self._stop,
                ),
                aborts=parsed_args.abort,
            )
            self._begun = True
            with _signals(self._stop), contextlib.closing(watcher):
                moves = run.run(moves, wait=parsed_args.wait)
            report = report.of_drain(
                drain.id, drain.started, time.time(), moves
            )
            if not any(_is_left(move) for move in moves):
                journal.end(time.time())
        self._conclude(parsed_args, report)
        return report

    def _conclude(
        self, parsed_args: argparse.Namespace, report: Report
    ) -> None:
        for line in report_files.reason_lines(report):
            print(line, file=sys.stderr)
        left = [move for move in report.moves if _is_left(move)]
        if left:
            print(
                f'{_servers(len(left))} still to move or on the way: run the '
                'same command to continue',
                file=sys.stderr,
            )
        print(
            f'nova-compute of {report.host} is disabled. To have it take '
            'servers again: openstack compute service set --enable '
            f'{report.host} nova-compute',
            file=sys.stderr,
        )
        if parsed_args.report:
            report_files.write(parsed_args.report, report)
        self._code = report.exit_code
        if left and self._stop.signal and self._code != _UNKNOWN:
            self._code = _INTERRUPTED + self._stop.signal


class _Cloud(typing.NamedTuple):
    nova: sdk_nova.SdkNova
    source: nova_port.ComputeService
    hosts: destination_choices.DestinationHosts


class _SystemClock:
    """The time; a wait ends when somebody wants to stop."""

    def __init__(self, stop: stop_requests.StopRequests) -> None:
        self._stop = stop

    def now(self) -> float:
        return time.time()

    def wait(self, seconds: float) -> None:
        self._stop.wait(seconds)


@contextlib.contextmanager
def _signals(
    stop: stop_requests.StopRequests,
) -> typing.Iterator[None]:
    """Let SIGINT and SIGTERM ask for a stop, and the second one leave."""

    def ask(number: int, _: types.FrameType | None) -> None:
        stop.ask(number)

    former = {
        number: signal.signal(number, ask)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _is_left(move: server_moves.ServerMove) -> bool:
    return move.flies or move.state is server_moves.MoveState.WAITING


def _servers(count: int) -> str:
    return '1 server' if count == 1 else f'{count} servers'


def _fail(error: BaseException, code: int) -> int:
    print(f'error: {error}', file=sys.stderr)
    return code


def _ask(moves: tuple[server_moves.ServerMove, ...], host: str) -> None:
    """Ask whether to go on.

    The question stands where the answer of the command does not, which may
    go into a file.

    :raises InvalidInput: when there is nobody to ask, or the answer is no
    """
    if not sys.stdin.isatty():
        raise exceptions.InvalidInput(
            'there is no terminal to ask at: look with --dry-run, then give '
            '--yes'
        )
    count = sum(_is_left(move) for move in moves)
    print(
        f'Move {_servers(count)} off {host}? [y/N] ',
        end='',
        file=sys.stderr,
        flush=True,
    )
    if sys.stdin.readline().strip().lower() not in ('y', 'yes'):
        raise exceptions.InvalidInput('nothing is done')
