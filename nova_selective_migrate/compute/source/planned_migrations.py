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

"""Planned and running migrations, from the check to the end."""

import collections.abc
import dataclasses
import enum
import threading
import typing

from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.source import post_copy
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.migration import attempts


@dataclasses.dataclass(frozen=True)
class LiveMigrationRequest:
    """One live migration as check_can_live_migrate_source is asked for it.

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
    :ivar volume_group: where nova makes logical volumes on this host; empty
        where it makes none
    :ivar volumes: the guest's logical volumes in that group, as LVM tells
        them
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
    volume_group: str = ''
    volumes: tuple[logical_volumes.LogicalVolume, ...] = ()


@dataclasses.dataclass(frozen=True)
class PlannedMigration:
    """The result of check_can_live_migrate_source.

    :ivar peer: whether the destination runs the plugin
    :ivar acknowledges: whether it will say that it has prepared
    :ivar shared_block_storage: nova's is_shared_block_storage: whether its
        clean-up must leave images on shared storage alone
    :ivar carried: read-only content to bring over, by target
    :ivar seeds: content of base images to bring over, by target
    :ivar plan_id: of both hosts; empty where nova's request is not known
    """

    case: migration_case.Case
    plan: migration_plan.MigrationPlan
    peer: bool
    shared_block_storage: bool
    carried: dict[str, media_transfer.PlannedMedium]
    seeds: dict[str, media_transfer.PlannedMedium]
    acknowledges: bool = False
    plan_id: str = ''

    @property
    def sends_disk_info(self) -> bool:
        """Tell whether the source sends the list of files to make.

        nova asks for disk_info only where its block_migration is true. A
        source whose plugin has been disabled since then copies whatever it
        calls local, so that it is false where nothing is copied or carried.
        """
        return bool(self.plan.migrate_disks or self.carried)


class ForcedState(enum.Enum):
    """How far a forced completion has come."""

    NOT_ASKED = 'nobody has asked for it'
    ASKED = 'the migration is to be completed whatever that takes'
    PAUSED = 'its guest was paused for that'


class ForcedRequest:
    """Whether a migration is to be completed; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = ForcedState.NOT_ASKED

    @property
    def asked(self) -> bool:
        """Tell whether somebody has asked for it."""
        return self._state is not ForcedState.NOT_ASKED

    @property
    def paused(self) -> bool:
        """Tell whether its guest was paused for that."""
        return self._state is ForcedState.PAUSED

    def ask(self) -> bool:
        """Note that somebody asks for it; tell whether that is new."""
        with self._lock:
            if self.asked:
                return False
            self._state = ForcedState.ASKED
            return True

    def pause(self) -> None:
        """Note that its guest is paused for that."""
        with self._lock:
            self._state = ForcedState.PAUSED


@dataclasses.dataclass(frozen=True)
class RunningMigration:
    """A migration that nova has begun.

    :ivar calls: its calls of libvirt; they are of nova's migrate_data
    :ivar forced: whether nova's user wants it completed
    :ivar postcopy: whether its guest was seen in post-copy
    """

    calls: attempts.Attempts = dataclasses.field(
        default_factory=attempts.Attempts
    )
    forced: ForcedRequest = dataclasses.field(default_factory=ForcedRequest)
    postcopy: post_copy.PostCopy = dataclasses.field(
        default_factory=post_copy.PostCopy
    )

    def force(self) -> bool:
        """Note that it is to be completed; tell whether that is new.

        No copy begins again for a guest that is paused, unless one is about
        to.
        """
        self.calls.second_copy.close()
        return self.forced.ask()


class PlannedMigrations:
    """The planned migrations of this host, by instance.

    Safe to use from several threads. A plan whose migration never comes is
    replaced by the next of its instance, or pushed out by newer ones.

    :ivar activity: what metrics tell of them
    """

    _LIMIT = 1000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._planned: dict[str, PlannedMigration] = {}
        self._running: dict[str, RunningMigration] = {}
        self.activity = migration_activity.MigrationActivity()

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

    def begin(self, uuid: str, of: object) -> RunningMigration:
        """Note that an instance's migration begins.

        :param of: nova's migrate_data
        """
        with self._lock:
            self._running[uuid] = RunningMigration(attempts.Attempts(of))
            return self._running[uuid]

    def running(self, uuid: str) -> RunningMigration | None:
        """Return the migration of an instance that has begun."""
        with self._lock:
            return self._running.get(uuid)

    def forget(self, uuid: str) -> None:
        """Forget a migration that has ended."""
        with self._lock:
            self._planned.pop(uuid, None)
            self._running.pop(uuid, None)
            self._changed.notify_all()

    def pending(self, waiting: collections.abc.Collection[str]) -> int:
        """Count the planned migrations that wait for their turn.

        :param waiting: UUIDs that nova has in its queue
        """
        with self._lock:
            begun = self._running.keys()
            return sum(
                uuid in self._planned and uuid not in begun for uuid in waiting
            )

    def await_ends(self, seconds: float) -> bool:
        """Wait until no migration is under way; tell whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)
