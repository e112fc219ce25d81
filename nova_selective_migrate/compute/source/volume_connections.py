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

"""How the destination has connected the volumes: migrate_data.bdms.

The destination's pre_live_migration fills it.
"""

import inspect
import typing

from nova_selective_migrate.core.plan import destination_volumes


class VolumeConnections:
    """The volumes of one migration as the destination has connected them."""

    def __init__(
        self, driver: typing.Any, instance: typing.Any, data: typing.Any
    ) -> None:
        """Take the connections from migrate_data.

        :param driver: nova.virt.libvirt.driver.LibvirtDriver
        :param data: LibvirtLiveMigrateData
        """
        self._config = driver._get_volume_config
        self._instance = instance
        self._told = data.bdms if 'bdms' in data else []

    def disk(self, volume: destination_volumes.KeptVolume) -> str | None:
        """Return a volume's <disk> XML as nova writes it at the destination.

        :returns: None where the destination has not connected it
        """
        for told in self._told:
            if told.serial == volume.serial and told.connection_info:
                return str(self._written(told))
        return None

    def _written(self, told: typing.Any) -> typing.Any:
        asked: dict[str, typing.Any] = {
            'connection_info': told.connection_info,
            'disk_info': told.as_disk_info(),
        }
        # nova before 34 takes the instance as well.
        if 'instance' in inspect.signature(self._config).parameters:
            asked['instance'] = self._instance
        return self._config(**asked).to_xml()
