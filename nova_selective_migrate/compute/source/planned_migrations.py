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

"""What nova asks and what is planned, from the check to the end."""

import dataclasses
import threading
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.source import again
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_codes


@dataclasses.dataclass(frozen=True)
class LiveMigrationRequest:
    """One live migration as nova asks whether it can be done.

    :ivar block_device_info: nova's, with the rows that it leaves out
    :ivar instances_path: where all instances have their directories
    :ivar instance_directory: the instance's own
    :ivar shared_directory: whether both hosts see one instances_path
    :ivar image_base: path of the base image made from the instance's
        image; empty where the destination makes none, or none that is
        checked
    :ivar image_root: path of the root disk that is a copy of the image
    :ivar images_type: the destination's, with "default" resolved
    :ivar same_images_type: whether both hosts have the same images_type
    :ivar fetched_bytes: of kernel and ramdisk, which the destination fetches
    :ivar block_migration: True, False or None, as it was asked for
    :ivar options: those of [libvirt] that shape the call
    """

    block_device_info: typing.Any
    instances_path: str
    instance_directory: str
    shared_directory: bool
    image_base: str
    image_root: str
    images_type: str
    same_images_type: bool
    fetched_bytes: int
    block_migration: bool | None
    peer: protocol.DestinationReport | None
    options: migration_options.MigrationOptions


@dataclasses.dataclass(frozen=True)
class PlannedMigration:
    """What the check before a live migration found.

    :ivar peer: whether the destination runs the plugin
    :ivar acknowledges: whether it will say that it has prepared
    :ivar shared_block_storage: nova's is_shared_block_storage: whether its
        clean-up must leave images on shared storage alone
    :ivar carried: read-only content to bring over, by target
    :ivar seeds: content of base images to bring over, by target
    """

    case: migration_case.Case
    plan: migration_plan.MigrationPlan
    peer: bool
    shared_block_storage: bool
    carried: dict[str, media_transfer.PlannedMedium]
    seeds: dict[str, media_transfer.PlannedMedium]
    acknowledges: bool = False

    @property
    def told(self) -> bool:
        """Tell whether the destination is told what to make.

        nova asks for that exactly where its block_migration is true. A
        source whose plugin is off by then copies whatever it calls local
        where it is: it must not be for a guest that has nothing to copy.
        """
        return bool(self.plan.migrate_disks or self.carried)


class MigrationCall:
    """The libvirt call of a migration, as far as it has come.

    Written by the thread that makes the call and read by the one that
    follows it.

    :ivar of: the migration, as an object: an instance's next one is another
    :ivar again: whether there is to be a second one
    :ivar returned: whether libvirt said that the migration succeeded
    :ivar error: what it said otherwise
    :ivar cause: why it was aborted, where nobody has asked for that
    :ivar forced: whether it is to be completed whatever that takes
    :ivar held: whether the guest was paused for that
    """

    def __init__(self, of: object = None) -> None:
        self.of = of
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._started = False
        self._given_up = False
        self.returned = False
        self.again = again.SecondCopy()
        self.error: Exception | None = None
        self.cause: abort_causes.AbortCause | None = None
        self._aborted = False
        self.forced = False
        self.held = False

    def force(self) -> bool:
        """Note that it is to be completed; tell whether that is new.

        No copy begins again for a guest that is paused, unless one is about
        to.
        """
        with self._lock:
            new, self.forced = not self.forced, True
        if not self.again.pending:
            self.again.end()
        return new

    def abort(self, cause: abort_causes.AbortCause | None = None) -> bool:
        """Note that the migration is aborted, for good.

        No copy begins any more. The first cause is the true one.

        :param cause: None where somebody has asked for it
        :returns: whether a second copy was about to begin
        """
        with self._lock:
            if not self._aborted:
                self._aborted, self.cause = True, cause
        return self.again.end()

    @property
    def aborted(self) -> bool:
        """Tell whether it is aborted, or was asked to be."""
        return self._aborted

    def start(self) -> None:
        """Note that the call is being made.

        :raises PreparationFailed: when the migration was given up before
        """
        with self._lock:
            if self._given_up:
                raise exceptions.PreparationFailed(
                    'the migration was given up before libvirt was called'
                )
            self._started = True

    @property
    def made(self) -> bool:
        """Tell whether libvirt has been called."""
        return self._started

    @classmethod
    def earlier(cls, error: Exception) -> 'MigrationCall':
        """Return the call of another process, of which nothing is known.

        :param error: what is told of it
        """
        call = cls()
        call.start()
        call.end(error)
        return call

    def end(self, error: Exception | None = None) -> None:
        """Note that the call is over, or will not be made any more."""
        self.error = error
        self.returned = error is None
        self._ended.set()

    @property
    def result(self) -> guest_location.CallResult:
        """Return what is known of the end."""
        if not self.made:
            return guest_location.CallResult.NOT_MADE
        if self.returned:
            return guest_location.CallResult.SUCCEEDED
        if self.error is None:
            return guest_location.CallResult.UNTOLD
        return libvirt_codes.call_result(self.error)

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the call; one not made yet never will be."""
        with self._lock:
            self._given_up = not self._started
        return self._given_up or self._ended.wait(seconds)


class PlannedMigrations:
    """The planned migrations of this host, by instance.

    Safe to use from several threads. A plan whose migration never comes is
    replaced by the next of its instance, or pushed out by newer ones.
    """

    _LIMIT = 1000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._planned: dict[str, PlannedMigration] = {}
        self._calls: dict[str, MigrationCall] = {}

    def keep(self, uuid: str, planned: PlannedMigration) -> None:
        """Keep the plan of an instance, in place of an earlier one."""
        with self._lock:
            self._planned.pop(uuid, None)
            self._planned[uuid] = planned
            while len(self._planned) > self._LIMIT:
                self._planned.pop(next(iter(self._planned)))

    def planned(self, uuid: str) -> PlannedMigration | None:
        """Return the plan of an instance."""
        with self._lock:
            return self._planned.get(uuid)

    def begin(self, uuid: str, of: object) -> MigrationCall:
        """Note that an instance's migration begins."""
        with self._lock:
            self._calls[uuid] = MigrationCall(of)
            return self._calls[uuid]

    def call(self, uuid: str) -> MigrationCall | None:
        """Return the call of a migration that has begun."""
        with self._lock:
            return self._calls.get(uuid)

    def forget(self, uuid: str) -> None:
        """Forget a migration that has ended."""
        with self._lock:
            self._planned.pop(uuid, None)
            self._calls.pop(uuid, None)
            self._changed.notify_all()

    def await_ends(self, seconds: float) -> bool:
        """Wait until no migration is under way; tell whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._calls, seconds)
