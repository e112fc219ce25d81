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

"""``plan``: the dry run."""

import argparse
import collections.abc
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import output_formats
from nova_selective_migrate.cli import signals

if typing.TYPE_CHECKING:
    from nova_selective_migrate.core.case import migration_case

# Formats that tell several objects as one list.
_WITH_LISTS = ('json', 'yaml')


class Plan(commands.GuardedShowOne):
    """Show what would happen to every disk, and change nothing.

    Shows for each disk whether it would be copied, kept, skipped or refused,
    the evidence for that, and the libvirt call. The exit code is 0 if the
    plan is ready, and 3 if it is refused. A refused plan lists every bad
    disk with its remedy.

    To find out whether both hosts see the same directory, and whether a file
    name is free, the command makes an empty file and removes it at once. It
    also compares read-only media that both hosts have. --no-probe forbids
    both.
    """

    def lines(
        self, tree: collections.abc.Mapping[str, typing.Any]
    ) -> collections.abc.Iterator[str]:
        """Write a plan for people."""
        # Here, since a table takes a quarter of a command's start.
        from nova_selective_migrate.cli import plan_table

        return plan_table.lines(tree)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'domain',
            metavar='DOMAIN',
            nargs='?',
            help='name, UUID or id of the guest',
        )
        parser.add_argument(
            'destination_uri',
            metavar='DEST_URI',
            nargs='?',
            help="libvirt URI of the destination, as the source's daemon "
            'reaches it, such as qemu+tls://host2/system',
        )
        parser.add_argument(
            '--record',
            metavar='FILE',
            help="write the planner's whole input (a case) to FILE, without "
            'secrets',
        )
        parser.add_argument(
            '--replay',
            metavar='FILE',
            nargs='+',
            action='extend',
            default=[],
            help='make the plan again from recorded cases, without any host; '
            'the plans of several files are printed one after the other, or '
            'as a list in JSON and YAML',
        )
        evidence_arguments.add_evidence(parser)
        arguments.add_destination(parser)
        return parser

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """Make the plans of all cases before any is shown."""
        # Here, so that --help needs no planner.
        from nova_selective_migrate.core.plan import plan_formats
        from nova_selective_migrate.core.plan import planner

        cases = self._cases(parsed_args, interruption)
        plans = [planner.plan(case) for case in cases]
        if parsed_args.record:
            from nova_selective_migrate.core.case import migration_case
            from nova_selective_migrate.core.case import redaction

            # A replayed case may have been written by hand.
            text = migration_case.dumps(redaction.case(cases[0]))
            commands.write_text(parsed_args.record, text)
        ready = all(plan.ready for plan in plans)
        self.status = commands.OK if ready else commands.REFUSED
        trees = [plan_formats.plan_tree(plan) for plan in plans]
        if len(trees) == 1:
            return self.dict2columns(trees[0])
        return tuple(trees[0]), [tuple(tree.values()) for tree in trees]

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: typing.Any,
    ) -> None:
        """Print one plan, or one for each of several cases."""
        if len(parsed_args.replay) < 2:
            super().produce_output(parsed_args, column_names, data)
            return
        stream = self.app.stdout
        if parsed_args.formatter in _WITH_LISTS:
            output_formats.print_list(parsed_args, column_names, data, stream)
            return
        for path, row in zip(parsed_args.replay, data, strict=True):
            if parsed_args.formatter == 'table':
                stream.write(f'Case {path}\n')
            super().produce_output(parsed_args, column_names, row)

    def _cases(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> 'list[migration_case.Case]':
        named = parsed_args.domain or parsed_args.destination_uri
        if parsed_args.replay:
            if named or arguments.given(parsed_args):
                raise exceptions.InvalidInput(
                    '--replay takes no DOMAIN, no DEST_URI and no option '
                    'that decides: the case has them all'
                )
            if parsed_args.record and len(parsed_args.replay) > 1:
                raise exceptions.InvalidInput(
                    '--record writes one case: replay one FILE with it'
                )
            return [_recorded(path) for path in parsed_args.replay]
        if not parsed_args.domain or not parsed_args.destination_uri:
            raise exceptions.InvalidInput(
                'DOMAIN and DEST_URI are needed, or --replay FILE'
            )
        # Here, so that a replay needs no libvirt.
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.cli import requested_case

        with (
            open_hosts.probes(
                self.app.options.journal, interruption
            ) as probes,
            open_hosts.both(self.app.options, parsed_args, probes) as opened,
        ):
            return [requested_case.now(opened, parsed_args)]


def _recorded(path: str) -> 'migration_case.Case':
    from nova_selective_migrate.core.case import migration_case

    text = commands.read_text(path)
    try:
        return migration_case.loads(text)
    except exceptions.InvalidCase as err:
        raise exceptions.InvalidCase(
            f'{path} is no recorded case: {err}'
        ) from err
