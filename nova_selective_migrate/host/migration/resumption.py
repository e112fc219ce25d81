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

"""Settle a migration whose program has ended."""

import dataclasses
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import migration_hosts
from nova_selective_migrate.host.migration import migration_outcome
from nova_selective_migrate.host.migration import progress_monitor

_POLL_SECONDS = 0.2


def resume(
    hosts: migration_hosts.MigrationHosts,
    run: migration_record.MigrationRecord,
    report: progress_monitor.ProgressReport,
) -> migration_outcome.MigrationOutcome:
    """Follow a migration that runs on to its end, and conclude.

    A peer-to-peer migration goes on without the program that began it; a
    direct one ends with the program.

    :raises GuestBusy: when its program is there, or cleanup is at it
    """
    with hosts.journal.alone(run.uuid, run.domain):
        return _resume_alone(hosts, run, report)


def _resume_alone(
    hosts: migration_hosts.MigrationHosts,
    run: migration_record.MigrationRecord,
    report: progress_monitor.ProgressReport,
) -> migration_outcome.MigrationOutcome:
    started = time.monotonic()
    held = _on_the_way(hosts, run)
    follow = progress_monitor.ProgressMonitor(run.targets, report)
    while guest := _migrating(hosts.source, run.uuid):
        follow.look(guest)
        time.sleep(_POLL_SECONDS)
    ended = hosts.conclude(run, held=held)
    return dataclasses.replace(
        ended,
        seconds=time.monotonic() - started,
        progress=follow.progress,
    )


def _on_the_way(
    hosts: migration_hosts.MigrationHosts,
    run: migration_record.MigrationRecord,
) -> frozenset[str]:
    """Return the images of a record that an arriving guest uses.

    They are proven to be the ones that its program has made.
    """
    there = hosts.destination.look(run.uuid)
    if there.presence is not guest_presence.Presence.SWITCHING:
        return frozenset()
    try:
        used = path_users.paths_in_use(hosts.destination, run.uuid)
    except exceptions.SelectiveMigrateError:
        return frozenset()
    name = run.destination_name or run.domain
    made = {image.path for image in run.images if image.stamp is not None}
    return frozenset(path for path in made if used.get(path) == name)


def _migrating(
    source: connection.Connection, uuid: str
) -> libvirt_guest.Guest | None:
    """Return the guest while it migrates, as far as that is known."""
    try:
        guest = source.guest(uuid)
    except exceptions.HypervisorError:
        return None
    if not guest.job_active():
        return None
    # A failed post-copy keeps its job, to be taken up again.
    failed = guest_presence.Presence.POSTCOPY_FAILED
    return None if source.look(uuid).presence is failed else guest
