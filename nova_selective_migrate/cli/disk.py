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

"""``disk list``: each disk with its locality and the evidence."""

import argparse
import typing

from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import signals
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import planner

_COLUMNS = (
    'target',
    'device',
    'source',
    'locality',
    'reason',
    'evidence',
    'virtual_bytes',
    'allocated_bytes',
)


class ListDisk(commands.GuardedLister):
    """List a guest's disks and whether they are local or shared.

    This command does not ask a destination. So storage that could be shared
    is shown as unknown, unless the block device mapping or a declaration
    decides. 'plan' asks the destination too.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'domain', metavar='DOMAIN', help='name, UUID or id of the guest'
        )
        evidence_arguments.add_evidence(parser)
        return parser

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """List the disks."""
        # Here, so that --help and completion need no libvirt.
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.host.facts import case_gathering

        asked = case_gathering.CaseRequest(
            policy=evidence_arguments.declared_policy(parsed_args),
            options=migration_options.MigrationOptions(),
            block_device_info=evidence_arguments.block_device_info(
                parsed_args
            ),
            probe=False,
        )
        uri = self.app.options.connect
        with open_hosts.source(uri, parsed_args.domain) as (here, guest):
            case = case_gathering.gather(here, guest, None, asked)
        disks = plan_formats.plan_tree(planner.plan(case))['disks']
        people = parsed_args.formatter == 'table'
        return _COLUMNS, [
            [_cell(disk[name], people) for name in _COLUMNS] for disk in disks
        ]


def _cell(value: typing.Any, people: bool) -> typing.Any:
    if people and isinstance(value, list):
        return '\n'.join(value)
    return '-' if people and value is None else value
