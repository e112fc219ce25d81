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

"""The libvirt call of one copy of a guest, followed until it ends."""

import collections.abc
import dataclasses
import threading
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import bandwidth_throttle
from nova_selective_migrate.host.migration import destination_watchdogs
from nova_selective_migrate.host.migration import login_advice
from nova_selective_migrate.host.migration import migration_attempt
from nova_selective_migrate.host.migration import migration_events
from nova_selective_migrate.host.migration import migration_hosts
from nova_selective_migrate.host.migration import preflight
from nova_selective_migrate.host.migration import progress_monitor
from nova_selective_migrate.host.migration import timed_actions

LOG = plan_log.logger(__name__)

# Each poll is one call and one more for each disk; small disks are through
# in less than nova's half second.
_POLL_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class MigrationCopy:
    """One copy of a guest: all that belongs to one libvirt call.

    :ivar record: its entry in the journal, with the images that were made
    :ivar held: paths of these images, which this process has made
    :ivar monitor: measures and reports it
    """

    plan: migration_plan.MigrationPlan
    record: migration_record.MigrationRecord
    held: tuple[str, ...]
    attempt: migration_attempt.Attempt
    monitor: progress_monitor.ProgressMonitor


class CopyCall:
    """Calls libvirt for one copy at a time, and aborts for a cause.

    :param uri: libvirt URI of the destination, as the source reaches it
    :param take_abort: notes an abort that the operator has asked for
    """

    def __init__(
        self,
        hosts: migration_hosts.MigrationHosts,
        guest: libvirt_guest.Guest,
        uri: str,
        limits: watchdog_limits.AbortLimits,
        tried: attempts.Attempts,
        take_abort: collections.abc.Callable[[], None],
    ) -> None:
        self._hosts = hosts
        self._guest = guest
        self._uri = uri
        self._limits = limits
        self._attempts = tried
        self._take_abort = take_abort

    def run(
        self,
        copy: MigrationCopy,
        notify: bandwidth_throttle.Notify,
        listen: migration_events.Listen = migration_events.ignore_event,
    ) -> None:
        """Call libvirt in a thread and return when the call has ended.

        Returns earlier where nothing can be hoped of the call any more: the
        attempt is abandoned then.
        """
        thread = threading.Thread(
            target=plan_log.in_thread(self._call),
            args=(copy, listen),
            name='migrate',
            daemon=True,
        )
        destination = self._hosts.destination
        reserve = self._limits.reserve_bytes
        with (
            destination_watchdogs.ReachabilityWatchdog(
                destination, self._guest.uuid
            ) as watched,
            destination_watchdogs.FreeSpaceWatchdog(
                destination, copy.plan, reserve
            ) as space,
        ):
            thread.start()
            policy = progress_monitor.AbortPolicy(
                self._guest,
                copy.attempt,
                watched,
                space,
                self._limits.progress_seconds,
            )
            self._follow(copy, policy, notify, listen)

    def _follow(
        self,
        copy: MigrationCopy,
        policy: progress_monitor.AbortPolicy,
        notify: bandwidth_throttle.Notify,
        listen: migration_events.Listen,
    ) -> None:
        """Look at the call until it ends, and ask libvirt for its abort."""
        taken = False
        told = 0
        disks = len(copy.plan.migrate_disks)
        throttle = bandwidth_throttle.BandwidthThrottle(
            self._guest, copy.plan.limit, disks, notify
        )
        actions = timed_actions.TimedActions(
            self._guest, copy.plan.transport, notify
        )
        convergence = watchdog_limits.Convergence()
        while not copy.attempt.wait(_POLL_SECONDS):
            job = copy.monitor.look(self._guest)
            now = time.monotonic()
            progress = copy.monitor.progress
            throttle.look(progress)
            actions.look(job, called=copy.attempt.called)
            if progress is not None:
                convergence = convergence.look(now, progress)
            self._take_abort()
            if convergence.lasts(now) and copy.plan.second_call is not None:
                self._attempts.second_copy.want()
            cause = policy.look(now, job)
            if cause is not None:
                self._attempts.abort(cause)
            for wanted_for in copy.attempt.causes[told:]:
                listen(migration_events.AbortWanted(wanted_for))
                told += 1
            if cause is not None and cause.hopeless:
                copy.attempt.abandon(cause)
                return
            # Before the job has begun and while it ends libvirt takes none.
            wanted = self._attempts.second_copy.wanted
            to_abort = copy.attempt.called and (copy.attempt.causes or wanted)
            if to_abort and not taken:
                taken = self._guest.abort_migration()

    def _call(
        self, copy: MigrationCopy, listen: migration_events.Listen
    ) -> None:
        # A connection of its own: on a shared one libvirt 9.0 was seen to
        # answer no question until the call returned, 40 s later.
        try:
            with self._hosts.source.again() as own:
                guest = own.guest(self._guest.uuid)
                # Making the images took its time.
                preflight.assert_unchanged(self._guest, copy.plan)
                call = preflight.with_secrets(copy.plan, guest)
                if not copy.attempt.call():
                    return
                LOG.info('%s: calls libvirt', self._guest.name)
                number = copy.monitor.copy
                listen(migration_events.LibvirtCalled(number, copy.plan.call))
                if migrate_call.MigrateFlag.PEER2PEER in call.flags:
                    left_out = guest.migrate_to_uri(self._uri, call)
                else:
                    virt = self._hosts.destination.virt
                    left_out = guest.migrate(virt, call)
                    _require_answer(own, guest.uuid)
            copy.attempt.succeed(left_out)
        except Exception as err:
            # The thread's boundary: what the binding raises for an argument
            # it cannot pass must not look like success.
            peer = migrate_call.MigrateFlag.PEER2PEER in copy.plan.call.flags
            advised = login_advice.added(err, self._uri) if peer else err
            copy.attempt.fail(advised)


def _require_answer(source: connection.Connection, uuid: str) -> None:
    """Check that the source still answers after a direct migration.

    It is told last that the guest has arrived. libvirt reports success
    without its answer (virDomainMigrateVersion3Full), and it may keep the
    guest, paused.

    :raises HypervisorError: when it cannot be asked
    """
    found = source.look(uuid)
    if found.presence is guest_presence.Presence.UNREACHABLE:
        raise exceptions.HypervisorError(
            'the source has not confirmed that it has let the guest go: '
            f'{found.detail}'
        )
