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

"""Complete a live migration according to where the guest is; record totals."""

import collections.abc
import dataclasses
import typing

from nova import exception
import nova.conf

from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.migration import migration_attempt

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)

Method = collections.abc.Callable[..., typing.Any]


@dataclasses.dataclass(frozen=True)
class NovaCallbacks:
    """nova's methods that complete a migration.

    :ivar ending: finds out where the guest is
    :ivar post: nova's work after a migration that came through
    :ivar recover: nova's rollback
    :ivar fault: records a fault of the instance
    :ivar event: adds an event to its action: name and text
    :ivar cause: says why it was aborted, where nobody has asked for that
    """

    ending: collections.abc.Callable[
        [], live_migration_settlement.SettledMigration
    ]
    post: Method
    recover: Method
    fault: Method
    event: Method
    cause: collections.abc.Callable[
        [], migration_attempt.AbortCause | None
    ] = lambda: None


class Completion:
    """Completes one migration, whatever nova's monitor believes.

    :ivar ending: how it has ended; None: not settled yet
    """

    def __init__(
        self,
        methods: NovaCallbacks,
        context: typing.Any,
        instance: typing.Any,
        dest: str,
        block_migration: typing.Any,
        migrate_data: typing.Any,
    ) -> None:
        self._methods = methods
        self._context = context
        self._instance = instance
        self._dest = dest
        self._block_migration = block_migration
        self._migrate_data = migrate_data
        self._unknown: Exception | None = None
        self.ending: guest_location.Ending | None = None

    @property
    def reached(self) -> bool:
        """Tell whether the end is settled and acted upon."""
        return self.ending is not None

    @property
    def status(self) -> str:
        """Return the status that nova's record of it has by now."""
        record = getattr(self._migrate_data, 'migration', None)
        return str(getattr(record, 'status', ''))

    def believed_moved(self, *_: typing.Any, **__: typing.Any) -> None:
        """Act in place of nova's post_method."""
        self._act('failed', None)

    def believed_failed(
        self,
        *_: typing.Any,
        migration_status: str = 'failed',
        **__: typing.Any,
    ) -> None:
        """Act in place of nova's recover_method."""
        self._act(migration_status, None)

    def broken_off(self, error: Exception) -> None:
        """Act where nova's own code failed before the migration ended."""
        LOG.warning(
            'Live migration failed outside of libvirt: %r',
            error,
            instance=self._instance,
        )
        self._act('failed', error)

    def report(self) -> None:
        """Raise if it is not known where the guest is.

        :raises MigrationError: nova then sets the server to ERROR
        """
        if self._unknown is not None:
            raise self._unknown

    def _act(self, status: str, error: Exception | None) -> None:
        settled = self._methods.ending()
        self.ending = settled.ending
        why = error or settled.error
        aborted = guest_location.CallResult.ABORTED
        if error is None and why and libvirt_codes.call_result(why) is aborted:
            # libvirt forgets the end of a job sooner than nova looks again,
            # which then takes it for failed.
            status = 'cancelled'
        if settled.ending is guest_location.Ending.MOVED:
            self._methods.post(
                self._context,
                self._instance,
                self._dest,
                self._block_migration,
                self._migrate_data,
            )
        elif settled.ending is guest_location.Ending.NOT_MOVED:
            self._methods.recover(
                self._context,
                self._instance,
                self._dest,
                self._migrate_data,
                migration_status=status,
            )
            cause = self._methods.cause()
            said = _words(why, cause)
            fault = self._tell(
                f'live migration to {self._dest} {status}: '
                f'{said}; the server is on {CONF.host} as before '
                f'({settled.here.presence.value})'
            )
            full = migration_attempt.AbortKind.DESTINATION_FULL
            if cause is not None and cause.kind is not full:
                # nova shows no fault of a server that is ACTIVE; that it is
                # full the destination has recorded itself.
                self._methods.event(
                    self._context,
                    self._instance,
                    abort_causes.event_name(cause),
                    str(fault),
                )
        else:
            self._unknown = self._tell_unknown(settled, why)

    def _tell_unknown(
        self,
        settled: live_migration_settlement.SettledMigration,
        why: Exception | None,
    ) -> Exception:
        """Record an unknown end; nova keeps 255 characters of a fault."""
        found = settled.settlement
        text = (
            f'live migration to {self._dest} unknown: {found.explanation}; '
            f'nothing was cleaned up, look at both hosts; {CONF.host} has '
            f'the guest {settled.here}, {self._dest} {settled.there}; '
            f'{_words(why, self._methods.cause())}'
        )
        doubt = found.doubt or guest_location.Doubt.LOCATION
        self._methods.event(
            self._context,
            self._instance,
            f'selective_migrate_{doubt.value}',
            text,
        )
        return self._tell(text)

    def _tell(self, text: str) -> Exception:
        fault: Exception = exception.MigrationError(reason=text)
        try:
            self._methods.fault(self._context, self._instance, fault)
        except Exception:
            # A boundary: a record that cannot be written must not turn a
            # clean rollback into an error.
            LOG.exception(
                'No fault recorded: %s', text, instance=self._instance
            )
        return fault


def _words(
    error: Exception | None, cause: migration_attempt.AbortCause | None = None
) -> str:
    said = ' '.join(str(error).split()) if error else ''
    if cause is None:
        return said or 'libvirt gave no reason'
    # For an abort, libvirt's error only says that it was requested.
    aborted = guest_location.CallResult.ABORTED
    if error is None or libvirt_codes.call_result(error) is aborted:
        return cause.text
    return f'{cause.text} ({said})'


_MIB = 2**20


def save_totals(
    migration: typing.Any,
    instance: typing.Any,
    plan: migration_plan.MigrationPlan,
) -> None:
    """Save in nova's record that everything was moved; never raises.

    :param migration: nova.objects.Migration
    :param plan: of what has just come through
    """
    # As QEMU counts: the allocated bytes of a top that is copied alone.
    disks = sum(
        disk.copy_bytes
        if disk.top_only
        else disk.virtual_bytes or disk.copy_bytes
        for disk in plan.disks
        if disk.copied
    )
    try:
        for kind, least in (
            ('memory', instance.flavor.memory_mb * _MIB),
            ('disk', disks),
        ):
            # Keep a larger figure of libvirt's: a guest has more than its RAM.
            total = max(getattr(migration, f'{kind}_total') or 0, least)
            setattr(migration, f'{kind}_total', total)
            setattr(migration, f'{kind}_processed', total)
            setattr(migration, f'{kind}_remaining', 0)
        migration.save()
    except Exception as err:
        # A boundary: the guest has moved, and nova's work goes on.
        LOG.warning('Its totals are not noted: %s', err, instance=instance)
