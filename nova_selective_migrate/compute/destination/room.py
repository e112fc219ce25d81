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

"""Watch the room of this host while a guest's disks come to it."""

import json
import os
import threading
import typing

from nova import exception
from nova import objects
import nova.conf
from oslo_log import log as logging

from nova_selective_migrate.compute import event
from nova_selective_migrate.core.job import free_space
from nova_selective_migrate.host.facts import local_storage

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

# A migration that goes on then may have been about to begin when it was
# first asked to end: nova aborts none before libvirt has been called.
_ASK_AGAIN_SECONDS = 15.0
_EVENT = 'selective_migrate_destination-full'


class Rooms:
    """The migrations to this host whose disks are on their way."""

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
        """Watch from now on; never raises.

        :param directory: the instance's, with the images that wait
        """
        try:
            needed = _needed(directory, disk_info)
            free = local_storage.free_bytes(directory)
        except Exception as err:
            # A boundary: the migration can go on without.
            LOG.warning(
                'The room for it is not watched: %r', err, instance=instance
            )
            return
        floor = free_space.Floor.of(self._reserve, free, needed)
        if not self._reserve or not needed:
            return
        ended = threading.Event()
        self.end(instance)
        with self._lock:
            self._ends[instance.uuid] = ended
        threading.Thread(
            target=self._watch,
            args=(ended, context, instance, directory, floor),
            name='selective-migrate-room',
            daemon=True,
        ).start()

    def end(self, instance: typing.Any) -> None:
        """Watch no more: the guest has come, or will not."""
        with self._lock:
            ended = self._ends.pop(instance.uuid, None)
        if ended is not None:
            ended.set()

    def _watch(
        self,
        ended: threading.Event,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        floor: free_space.Floor,
    ) -> None:
        told = False
        pause = 0.0
        while not ended.wait(pause):
            try:
                free = local_storage.free_bytes(directory)
            except OSError:
                return  # it has been taken back
            if floor.allows(free):
                pause = floor.next_look(free)
                continue
            pause = free_space.Floor().next_look(0)
            try:
                asked = self._ask(context.elevated(), instance)
            except Exception as err:
                # The thread's boundary: it is asked again.
                LOG.warning(
                    'The live migration is not aborted: %r',
                    err,
                    instance=instance,
                )
                continue
            if not asked:
                continue
            pause = _ASK_AGAIN_SECONDS
            why = (
                f'{CONF.host} has {free} bytes free in {directory}, less '
                f'than the {floor.bytes} that are to stay while a live '
                'migration comes: it is aborted. Make room there and migrate '
                'again, or lower [selective_migrate]free_space_reserve'
            )
            LOG.warning('%s', why, instance=instance)
            if not told:
                told = True
                event.record(context, instance, _EVENT, why)

    def _ask(self, context: typing.Any, instance: typing.Any) -> bool:
        """Ask the source to abort; tell whether there was anything to."""
        try:
            # Only the source knows it when the destination is prepared.
            migration = objects.Migration.get_by_instance_and_status(
                context, instance.uuid, 'running'
            )
        except exception.MigrationNotFoundByStatus:
            return False  # not yet, or not any more
        # nova.compute.manager.ComputeVirtAPI.
        rpcapi = self._driver.virtapi._compute.compute_rpcapi
        rpcapi.live_migration_abort(context, instance, migration.id)
        return True


def _needed(directory: str, disk_info: str | None) -> int:
    """Add up what the images that wait have still to get, in bytes."""
    needed = 0
    for entry in json.loads(disk_info or '[]'):
        name = os.path.basename(entry['path'])
        try:
            there = os.stat(os.path.join(directory, name)).st_blocks * 512
        except FileNotFoundError:
            continue  # nova makes it elsewhere
        needed += max(int(entry['disk_size']) - there, 0)
    return needed
