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
"""``host audit``: plan the migration of every running guest, and move none."""

import argparse
import collections.abc
import contextlib
import dataclasses
import typing

from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import output_formats
from nova_selective_migrate.cli import signals
from nova_selective_migrate.cli import whole_number
from nova_selective_migrate.core.case import nova_records
from nova_selective_migrate.core.model import audit_options
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.plan import host_audit

_PAGE = 'html'
_rate = whole_number.parser(2**31 - 1, 'whole number of MiB/s', smallest=1)


class AuditHost(commands.GuardedShowOne):
    """Plan the migration of every running guest, and move none.

    Shows for each guest whether it can move, why not and what to do, how
    many bytes would be copied and, with --rate, how long that takes. The exit
    code is 0 if every guest can move, and 3 if at least one cannot.

    Without DEST_URI no destination is asked. Storage that could be shared is
    then refused as not confirmed, unless it is declared. "-f html" prints one
    page that needs no network.

    On a compute host of nova, give --config-file /etc/nova/nova.conf. The
    command then asks nova-conductor for the servers and volumes of this host,
    and says where nova's own driver would copy other disks. Nothing in nova is
    changed.
    """

    formats = (*output_formats.NAMES, _PAGE)

    def lines(
        self, tree: collections.abc.Mapping[str, typing.Any]
    ) -> collections.abc.Iterator[str]:
        """Write an audit for people."""
        # Here, since no program needs the table.
        from nova_selective_migrate.cli import audit_table

        return audit_table.lines(tree)

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Sequence[typing.Any],
    ) -> None:
        """Print one audit; a page is whole or not there.

        :raises ValueError: where a part of a page is asked for
        """
        if parsed_args.formatter != _PAGE:
            super().produce_output(parsed_args, column_names, data)
            return
        if parsed_args.columns:
            raise ValueError('-f html takes no -c: a page has all columns')
        # Here, since jinja2 takes longer than the rest of a start.
        from nova_selective_migrate.cli import audit_page

        tree = dict(zip(column_names, data, strict=True))
        self.app.stdout.write(audit_page.page(tree))

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'destination_uri',
            metavar='DEST_URI',
            nargs='?',
            help='libvirt URI of the destination for all guests, such as '
            'qemu+tls://host2/system',
        )
        group = parser.add_argument_group('audit')
        group.add_argument(
            '--rate',
            metavar='MIB',
            type=_rate,
            help='assumed speed of a migration in MiB/s, to estimate how '
            'long each takes; without it no time is estimated',
        )
        group.add_argument(
            '--no-probe',
            action='store_true',
            help='do not make an empty file on a host to find out whether '
            'both hosts see the same directory, and do not compare media',
        )
        group.add_argument(
            '--no-nova',
            action='store_true',
            help='do not ask nova, and take only the declared paths from '
            '--config-file. Without this option, a FILE that has other '
            "groups than [selective_migrate] counts as nova's configuration, "
            'and nova-conductor is asked, for at most 30 seconds',
        )
        evidence_arguments.add_policy(parser)
        return parser

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """Plan every guest."""
        # Here, so that --help and completion need no libvirt.
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.host.facts import guest_audits

        policy = evidence_arguments.declared_policy(parsed_args)
        records = _records(parsed_args)
        with contextlib.ExitStack() as opened:
            probes = opened.enter_context(
                open_hosts.probes(self.app.options.journal, interruption)
            )
            here, there = opened.enter_context(
                open_hosts.all_guests(
                    self.app.options.connect,
                    parsed_args.destination_uri,
                    probes,
                )
            )
            asked = guest_audits.request(
                _options(policy, records),
                there,
                probe=not parsed_args.no_probe,
            )
            journal = open_hosts.migration_records(self.app.options.journal)
            guests = guest_audits.of_host(
                here, there, asked, journal, records.find if records else None
            )
            found = host_audit.HostAudit(
                host=here.name,
                destination=there.name if there else None,
                rate=parsed_args.rate,
                guests=guests,
                nova=_nova(records, guests) if records else None,
            )
        self.status = commands.OK if found.movable else commands.REFUSED
        return self.dict2columns(found.tree())


def _records(
    parsed_args: argparse.Namespace,
) -> nova_records.NovaRecords | None:
    """Ask nova for its records, where its configuration is given.

    :raises InvalidInput: when nova cannot be asked
    """
    files = parsed_args.config_file
    if not files or parsed_args.no_nova:
        return None
    # Here, since most ask nova nothing.
    from nova_selective_migrate.cli import nova_process

    return nova_process.records(files) if nova_process.is_nova(files) else None


def _options(
    policy: declared_paths.LocalityPolicy,
    records: nova_records.NovaRecords | None,
) -> audit_options.AuditOptions:
    """Return what each guest is planned with: nova's options, and ours.

    :param policy: of the files and the command line
    :raises InvalidPolicy: when both declare one path in different ways
    """
    if records is None:
        return audit_options.AuditOptions(policy)
    known = records.options.policy
    both = declared_paths.LocalityPolicy(
        tuple(dict.fromkeys((*known.shared_paths, *policy.shared_paths))),
        tuple(dict.fromkeys((*known.local_paths, *policy.local_paths))),
    )
    return dataclasses.replace(records.options, policy=both)


def _nova(
    records: nova_records.NovaRecords,
    guests: collections.abc.Iterable[host_audit.GuestAudit],
) -> host_audit.NovaHost:
    return host_audit.NovaHost(
        records.host,
        records.mode,
        records.not_running({guest.uuid for guest in guests}),
    )
