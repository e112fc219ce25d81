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

"""check_can_live_migrate_destination: report this host to the source."""

import os
import typing

from nova import exception
import nova.conf
from nova.virt.libvirt import utils as libvirt_utils

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_images
from nova_selective_migrate.compute.common import nova_volume_groups
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.compute.wire import volume_transfer
from nova_selective_migrate.host.facts import image_digests
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.hypervisor import connection

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)


class DestinationCheck:
    """Reports to a source that this host has the plugin, and its facts."""

    def __init__(
        self,
        driver: typing.Any,
        digests: image_digests.DigestCache,
        disks_uri: str = '',
    ) -> None:
        self._driver = driver
        self._digests = digests
        self._disks_uri = disks_uri

    def mark(self, instance: typing.Any, data: typing.Any) -> typing.Any:
        """Add a protocol.DestinationReport to the name of nova's test file.

        Where that fails, the source takes this host for one without the
        plugin: an error here would set an untouched server to ERROR.

        :param data: LibvirtLiveMigrateData of nova's own check
        :returns: the same
        """
        try:
            return self._mark(instance, data)
        except (
            exceptions.SelectiveMigrateError,
            exception.HypervisorUnavailable,
            OSError,
        ) as err:
            LOG.warning(
                'This host is not reported to the source: %s',
                err,
                instance=instance,
            )
            return data

    def _mark(self, instance: typing.Any, data: typing.Any) -> typing.Any:
        directory = libvirt_utils.get_instance_path(instance)
        virt = self._driver._host.get_connection()
        versions = connection.Connection(virt, '').versions()
        images = nova_images.images_type(CONF.libvirt.images_type)
        peer = protocol.DestinationReport(
            free_bytes=local_storage.free_bytes(CONF.instances_path),
            directory_exists=os.path.lexists(directory),
            libvirt=versions.libvirt or 0,
            qemu=versions.qemu or 0,
            images=images,
            base=(
                self._base(instance.image_ref or '')
                if images == 'qcow2'
                else ''
            ),
            disks_uri=self._disks_uri,
            acknowledges=True,
            group=self._group(instance),
        )
        name = peer.mark(data.filename)
        os.rename(
            os.path.join(CONF.instances_path, data.filename),
            os.path.join(CONF.instances_path, name),
        )
        data.filename = name
        return data

    def _group(
        self, instance: typing.Any
    ) -> volume_transfer.GroupReport | None:
        """Return where volumes are made here; None where none are."""
        name = nova_volume_groups.configured()
        if not name:
            return None
        try:
            found = nova_volume_groups.read_group(name)
        except exceptions.PreparationFailed as err:
            # A server with files alone does not need it.
            LOG.warning(
                'The source is told of no volume group: %s',
                err,
                instance=instance,
            )
            return None
        return volume_transfer.GroupReport(
            name=name,
            uuid=found.uuid,
            free_bytes=found.free_bytes,
            has_volumes=any(
                os.path.basename(volume.path).startswith(f'{instance.uuid}_')
                for volume in found.volumes
            ),
        )

    def _base(self, image: str) -> str:
        """Return the digest of the base image; empty where there is none.

        It is empty too where the digest takes too long. This host then makes
        the base image and compares its digest with the source's before the
        guest runs here.
        """
        path = nova_images.image_base(image)
        if not os.path.exists(path):
            return ''
        return self._digests.within(path, image_digests.DIGEST_SECONDS) or ''
