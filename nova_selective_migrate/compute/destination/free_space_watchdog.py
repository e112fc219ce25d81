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

"""Watch this host's free space while a guest's disks are copied to it."""

import dataclasses
import json
import os
import threading
import time
import typing

from nova import exception
from nova import objects
import nova.conf

from nova_selective_migrate import plan_log
from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.facts import local_storage

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)

# nova aborts no migration before libvirt has been called, so that the first
# request may be lost.
_ASK_AGAIN_SECONDS = 15.0
# How often nova's migration record is read: its rollback does not get here
# where an earlier part of it fails.
_RECORD_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class _Coming:
    """One incoming migration and the free space that it has to leave.

    :ivar migration: id of its record
    :ivar directory: the instance's
    :ivar floor: bytes to leave free
    """

    context: typing.Any
    instance: typing.Any
    migration: int
    directory: str
    floor: watchdog_limits.FreeSpaceFloor
    ended: threading.Event


class IncomingSpaceWatchdog:
    """Aborts incoming migrations before this host's disk is full.

    One thread for each migration looks at the free space.

    :param reserve: bytes to keep free; 0 watches nothing
    """

    def __init__(self, driver: typing.Any, reserve: int) -> None:
        self._driver = driver
        self._reserve = reserve
        self._lock = threading.Lock()
        self._ends: dict[str, threading.Event] = {}

    def begin(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        disk_info: str | None,
    ) -> None:
        """Start to watch a migration; never raises.

        :param directory: the instance's, with the images to be filled
        :param disk_info: JSON text of pre_live_migration
        """
        self.end(instance)
        if not self._reserve:
            return
        try:
            needed = _needed(directory, disk_info)
            if needed is None:
                return
            free = local_storage.free_bytes(directory)
            migration = _coming(context.elevated(), instance)
        except Exception as err:
            # A boundary: the migration can go on without.
            LOG.warning(
                'The free space for it is not watched: %r',
                err,
                instance=instance,
            )
            return
        coming = _Coming(
            context,
            instance,
            migration,
            directory,
            watchdog_limits.FreeSpaceFloor.of(self._reserve, free, needed),
            threading.Event(),
        )
        with self._lock:
            self._ends[instance.uuid] = coming.ended
        threading.Thread(
            target=plan_log.in_thread(self._watch),
            args=(coming,),
            name='selective-migrate-room',
            daemon=True,
        ).start()

    def end(self, instance: typing.Any) -> None:
        """Stop to watch a migration that has ended."""
        with self._lock:
            ended = self._ends.pop(instance.uuid, None)
        if ended is not None:
            ended.set()

    def _watch(self, coming: _Coming) -> None:
        told = False
        pause = 0.0
        asked_record = time.monotonic()
        while not coming.ended.wait(pause):
            try:
                free = local_storage.free_bytes(coming.directory)
            except OSError:
                break  # the rollback has removed it
            full = not coming.floor.allows(free)
            pause = coming.floor.next_look(free)
            if full:
                pause = watchdog_limits.FreeSpaceFloor().next_look(0)
            elif time.monotonic() - asked_record < _RECORD_SECONDS:
                continue
            asked_record = time.monotonic()
            try:
                status = _status(coming)
                if status in nova_interface.FINAL_STATUSES:
                    break
                # Until it is "running", only the source knows of it.
                if not full or status != 'running':
                    continue
                cause = abort_causes.destination_full(
                    CONF.host, coming.directory, free, coming.floor.bytes
                )
                if not told:
                    # Before the abort: the source reads the cause from it.
                    told = True
                    fault_reports.record_event(
                        coming.context,
                        coming.instance,
                        abort_causes.event_name(cause),
                        cause.text,
                    )
                LOG.warning(
                    '(%s) %s',
                    cause.kind.value,
                    cause.text,
                    instance=coming.instance,
                )
                self._abort(coming)
            except Exception as err:
                # The thread's boundary: the next round asks again.
                LOG.warning(
                    'The live migration is not aborted: %r',
                    err,
                    instance=coming.instance,
                )
                continue
            pause = _ASK_AGAIN_SECONDS
        self._forget(coming)

    def _forget(self, coming: _Coming) -> None:
        """Forget a watch that has ended by itself."""
        with self._lock:
            if self._ends.get(coming.instance.uuid) is coming.ended:
                del self._ends[coming.instance.uuid]

    def _abort(self, coming: _Coming) -> None:
        """Ask the source to abort this migration, and no other."""
        # nova.compute.manager.ComputeVirtAPI.
        rpcapi = self._driver.virtapi._compute.compute_rpcapi
        rpcapi.live_migration_abort(
            coming.context.elevated(), coming.instance, coming.migration
        )


def _coming(context: typing.Any, instance: typing.Any) -> int:
    """Return the id of the migration that this host is prepared for.

    nova does not pass it to the destination. It is that of the newest record
    to this host that is not final; the source saves it before it calls
    pre_live_migration.

    :raises MigrationNotFound: when there is none
    """
    rows = objects.MigrationList.get_in_progress_by_instance(
        context, instance.uuid, 'live-migration'
    )
    found = [
        int(row.id)
        for row in rows
        if row.dest_compute == CONF.host
        and row.source_compute == instance.host
        and row.status not in nova_interface.FINAL_STATUSES
    ]
    if not found:
        raise exception.MigrationNotFoundByStatus(
            instance_id=instance.uuid, status='in progress'
        )
    return max(found)


def _status(coming: _Coming) -> str:
    """Return the status of nova's migration record."""
    try:
        row = objects.Migration.get_by_id(
            coming.context.elevated(), coming.migration
        )
    except exception.MigrationNotFound:
        return nova_interface.FINAL_STATUSES[0]  # its server was deleted
    return str(row.status)


def _needed(directory: str, disk_info: str | None) -> int | None:
    """Return the bytes that the images of this host have still to receive.

    None where there is no image to fill. An image that needs 0 bytes now
    still receives what the guest writes during the migration.
    """
    needed = None
    for entry in json.loads(disk_info or '[]'):
        name = os.path.basename(entry['path'])
        try:
            there = os.stat(os.path.join(directory, name)).st_blocks * 512
        except FileNotFoundError:
            continue  # nova makes it elsewhere
        needed = (needed or 0) + max(int(entry['disk_size']) - there, 0)
    return needed
