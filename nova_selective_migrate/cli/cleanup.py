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

"""``cleanup``: images and markers that killed programs have left."""

import argparse
import collections.abc
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import signals
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import migration_hosts

if typing.TYPE_CHECKING:
    from nova_selective_migrate.host.journal import migration_journal
    from nova_selective_migrate.host.journal import probe_journal


_COLUMNS = ('plan_id', 'began', 'domain', 'destination', 'path', 'state')
Row = tuple[str, ...]


class Cleanup(commands.GuardedLister):
    """List, and with --remove delete, what migrations left behind.

    Looks at every migration in the journal whose end no command has seen.
    An image at the destination is deleted only if the source has the guest
    running, no domain of the destination uses the image, the source does not
    see its directory, and it is the same file that the migration made. A
    volume of a storage pool is deleted if it has the UUID of the volume that
    was made. Everything else stays, and the reason is shown.

    A migration that still runs is named and not touched. Marker files and
    storage pools that a killed command has left at a destination are deleted
    as well. So is an image of the source that --remove-source-images had to
    delete, if the guest runs at the destination and nothing on the source
    uses the image.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'domain',
            metavar='DOMAIN',
            nargs='?',
            help='name or UUID of a guest; default: all guests',
        )
        parser.add_argument(
            '--remove',
            action='store_true',
            help='delete what may be deleted; without this option only a '
            'marker file is made in a directory for a moment',
        )
        return parser

    def interruption(
        self, parsed_args: argparse.Namespace
    ) -> signals.SignalHandling:
        """Handle signals; what is not removed yet stays for the next time."""
        interruption = signals.SignalHandling()
        interruption.undone = 'what was not removed is still in the journal'
        return interruption

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """List leftovers, or remove them."""
        # Here, so that --help and completion need no libvirt.
        from nova_selective_migrate.cli import open_hosts

        directory = self.app.options.journal
        journal = open_hosts.migration_records(directory)
        rows: list[Row] = []
        with open_hosts.probes(directory, interruption) as probes:
            for run in journal.runs():
                if parsed_args.domain in (None, *run.names):
                    rows += self._run(journal, run, probes, parsed_args.remove)
            if parsed_args.domain is None:
                for look in probes.dead():
                    rows += self._look(probes, look, parsed_args.remove)
        return _COLUMNS, rows

    def _run(
        self,
        journal: 'migration_journal.MigrationJournal',
        run: 'migration_record.MigrationRecord',
        probes: 'probe_journal.ProbeJournal',
        remove: bool,
    ) -> list[Row]:
        """List or remove the images of one migration."""
        from nova_selective_migrate.cli import open_hosts

        try:
            with (
                journal.alone(run.uuid, run.domain),
                open_hosts.hosts_of_record(
                    journal, run, self.app.options.connect, probes=probes
                ) as opened,
            ):
                if journal.read(run.plan_id) is None:
                    return []  # it has been completed meanwhile
                states = _states(opened, run, remove)
        except exceptions.GuestBusy as err:
            states = _each(run, f'left: {err}')
        except (
            exceptions.HypervisorError,
            exceptions.InvalidInput,
        ) as err:
            states = _each(run, f'left: {err}')
        states = states or {'-': 'nothing was made'}
        known = (run.plan_id, run.began, run.domain, run.destination_uri)
        return self._rows(known, states, remove)

    def _look(
        self,
        probes: 'probe_journal.ProbeJournal',
        look: 'probe_journal.Probe',
        remove: bool,
    ) -> list[Row]:
        """List or remove the markers and pools of one probe of other hosts."""
        from nova_selective_migrate.cli import open_hosts
        from nova_selective_migrate.host.migration import probe_cleanup

        rows: list[Row] = []
        hosts = {place.host: place.uri for place in look.places}
        for host, uri in hosts.items():
            try:
                with open_hosts.host_of_record(host, uri, probes) as peer:
                    states = probe_cleanup.remove_probes(
                        peer, look, remove=remove
                    )
            except (
                exceptions.HypervisorError,
                exceptions.InvalidInput,
            ) as err:
                places = [p for p in look.places if p.host == host]
                states = {p.directory: f'left: {err}' for p in places}
            known = (look.look_id, look.began, '-', uri)
            rows += self._rows(known, states, remove)
        if remove and not any(row[-1].startswith('left') for row in rows):
            probes.forget(look)
        return rows

    def _rows(
        self,
        known: tuple[str, ...],
        states: collections.abc.Mapping[str, str],
        remove: bool,
    ) -> list[Row]:
        if remove and any(s.startswith('left') for s in states.values()):
            self.status = commands.NOT_MOVED
        return [(*known, path, state) for path, state in states.items()]


def _each(
    run: 'migration_record.MigrationRecord', state: str
) -> dict[str, str]:
    """Return a row for each image of a run, all with one status."""
    return {image.path: state for image in run.images} or {'-': state}


def _states(
    opened: 'migration_hosts.MigrationHosts',
    run: 'migration_record.MigrationRecord',
    remove: bool,
) -> dict[str, str]:
    """Return a row for each image of a run, with what became of it."""
    from nova_selective_migrate.host.migration import settlement

    found = settlement.settle_once(opened.source, opened.destination, run.uuid)
    if run.removals and found.settlement.ending is (
        guest_location.Ending.MOVED
    ):
        return _left_behind(opened, run, remove)
    if not found.vacant:
        why = (
            f'left: the source has the guest {found.source}, the destination '
            f'{found.destination}; migrate --resume-report {run.domain} '
            'settles that'
        )
        return {image.path: why for image in run.images}
    done = opened.clean(run, remove=remove)
    word = 'removed' if remove else 'removable'
    states = {image.path: 'gone' for image in run.images}
    states |= dict.fromkeys(done.removed, word)
    states |= {item.path: f'left: {item.why}' for item in done.left}
    return states


def _left_behind(
    opened: 'migration_hosts.MigrationHosts',
    run: 'migration_record.MigrationRecord',
    remove: bool,
) -> dict[str, str]:
    """Return a row for each image of the source that was to go."""
    done = opened.leave_source(run, delete=remove)
    states = {image.path: 'gone' for image in run.removals}
    states |= dict.fromkeys(done.removed, 'removed' if remove else 'removable')
    states |= {item.path: f'left: {item.why}' for item in done.left}
    if remove and not done.left:
        opened.journal.end(run)
    return states
