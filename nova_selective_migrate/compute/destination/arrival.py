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

"""The destination of a live migration: prepare, take back."""

import collections.abc
import copy
import os
import typing

from nova import exception
import nova.conf
from nova.virt.libvirt import utils as libvirt_utils
from oslo_log import log as logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.destination import claim
from nova_selective_migrate.compute.wire import disk_info as disk_info_
from nova_selective_migrate.compute.wire import media
from nova_selective_migrate.host import content
from nova_selective_migrate.host.hypervisor import connection

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

Method = collections.abc.Callable[..., typing.Any]


class Arrivals:
    """Live migrations that come to this host."""

    def __init__(self, driver: typing.Any, contents: content.Contents) -> None:
        self._driver = driver
        self._contents = contents

    def prepare(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        block_device_info: typing.Any,
        network_info: typing.Any,
        disk_info: typing.Any,
        migrate_data: typing.Any,
    ) -> typing.Any:
        """Let nova prepare, and add what it does not make."""
        directory = _directory(instance, migrate_data)
        ours = not migrate_data.is_shared_instance_path
        if ours and os.path.lexists(directory):
            raise exception.DestinationDiskExists(path=directory)
        try:
            result = stock(
                context,
                instance,
                block_device_info,
                network_info,
                disk_info,
                migrate_data,
            )
            told = disk_info is not None
            if ours and told and migrate_data.is_shared_block_storage:
                self._make_others(context, instance, directory, disk_info)
        finally:
            if ours and os.path.isdir(directory):
                claim.put(directory)
        return result

    def _make_others(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        disk_info: typing.Any,
    ) -> None:
        """Make the images that nova leaves out where others are shared.

        :raises MigrationError: when the source names none that can be made
        """
        try:
            entries = disk_info_.loads(disk_info)
        except exceptions.PreparationFailed as err:
            raise exception.MigrationError(reason=str(err)) from err
        # Without an entry it still fetches the kernel, as nova does here.
        self._driver._create_images_and_backing(
            context,
            instance,
            directory,
            entries,
            fallback_from_host=instance.host,
        )

    def fill(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        disk_info: typing.Any,
    ) -> None:
        """Put read-only content into place, and check base images.

        nova has just made an image for each entry of disk_info.

        :raises MigrationError: when what is there is not the source's
        """
        try:
            for arrival in disk_info_.arrivals(disk_info or ()):
                self._fill(context, instance, directory, arrival)
        except (exceptions.SelectiveMigrateError, OSError) as err:
            raise exception.MigrationError(reason=str(err)) from err

    def _fill(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        made: disk_info_.Arrival,
    ) -> None:
        if made.base_digest:
            base = os.path.join(
                CONF.instances_path,
                CONF.image_cache.subdirectory_name,
                made.base,
            )
            if self._contents.of(base) != made.base_digest:
                raise exceptions.PreparationFailed(
                    f'{base} is not the image of the same name on the '
                    'source; migrate again: it will be copied'
                )
        if made.medium is not None:
            media.unpack(
                made.medium,
                os.path.join(directory, made.name),
                lambda path: libvirt_utils.fetch_image(
                    context, path, instance.image_ref, instance.trusted_certs
                ),
            )

    def finish(self, instance: typing.Any) -> None:
        """Take away what only a migration needs."""
        try:
            claim.take(libvirt_utils.get_instance_path(instance))
        except OSError as err:
            # The guest runs here: nova would set it to ERROR for this.
            LOG.warning('%s', err, instance=instance)

    def roll_back(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        network_info: typing.Any,
        block_device_info: typing.Any,
        destroy_disks: bool,
        migrate_data: typing.Any,
    ) -> None:
        """Let nova clean up what this migration made, and nothing else.

        :raises MigrationError: when the guest runs here
        """
        virt = self._driver._host.get_connection()
        here = connection.Connection(virt, '').look(instance.uuid)
        if here.holds:
            raise exception.MigrationError(
                reason=f'the guest is {here} on {CONF.host}, though its '
                'live migration is said to have failed: it is not touched; '
                'look at both hosts'
            )
        directory = _directory(instance, migrate_data)
        shared = migrate_data is None or migrate_data.is_shared_instance_path
        there = not shared and os.path.lexists(directory)
        if there and not claim.there(directory):
            LOG.error(
                '%s was not made by this live migration and is left as it is',
                directory,
                instance=instance,
            )
            if CONF.workarounds.ensure_libvirt_rbd_instance_dir_cleanup:
                # nova deletes it whatever it is told.
                raise exception.MigrationError(
                    reason=f'{directory} was not made by this live migration: '
                    'nothing is cleaned up there'
                )
            # Of these two nova concludes that the directory stays.
            migrate_data = copy.copy(migrate_data)
            migrate_data.is_shared_instance_path = True
            destroy_disks = False
        stock(
            context,
            instance,
            network_info,
            block_device_info,
            destroy_disks,
            migrate_data,
        )


def _directory(instance: typing.Any, migrate_data: typing.Any) -> str:
    return str(
        libvirt_utils.get_instance_path_at_destination(instance, migrate_data)
    )
