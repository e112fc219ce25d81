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

"""How the destination has connected the volumes, by nova's own words."""

import types
import unittest
from unittest import mock

from nova_selective_migrate.compute.source import volume_connections
from nova_selective_migrate.core.plan import destination_volumes

VOLUME = destination_volumes.KeptVolume('vdb', 'volume v', 'v', proven=True)


class Data(types.SimpleNamespace):
    """As LibvirtLiveMigrateData is: a field may be unset."""

    def __contains__(self, name):
        return hasattr(self, name)


def told(serial, info):
    return types.SimpleNamespace(
        serial=serial, connection_info=info, as_disk_info=lambda: {'dev': 'x'}
    )


class New:
    """As nova 34 has it."""

    def _get_volume_config(self, connection_info, disk_info):
        written = f'<{connection_info} {disk_info["dev"]}>'
        return mock.Mock(to_xml=lambda: written)


class Old(New):
    """As nova 31.3 to 33 have it."""

    def _get_volume_config(self, instance, connection_info, disk_info):
        assert instance == 'instance'
        return super()._get_volume_config(connection_info, disk_info)


class VolumeConnectionsTest(unittest.TestCase):
    def disk(self, data, driver=None):
        found = volume_connections.VolumeConnections(
            driver or New(), 'instance', data
        )
        return found.disk(VOLUME)

    def test_by_serial(self):
        data = Data(bdms=[told('w', 'other'), told('v', 'there')])
        for driver in (New(), Old()):
            self.assertEqual('<there x>', self.disk(data, driver))

    def test_none(self):
        for data in (
            Data(),
            Data(bdms=[]),
            Data(bdms=[told('w', 'other')]),
            Data(bdms=[told('v', {})]),
        ):
            self.assertIsNone(self.disk(data))
