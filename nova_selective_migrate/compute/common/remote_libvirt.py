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

"""Connections to the libvirt of other hosts, as nova makes them."""

import typing

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.migration import settlement


def connect(driver: typing.Any, uri: str) -> connection.Connection:
    """Connect to another host's libvirt.

    With nova's own method: it asks in a thread of the operating system where
    nova runs in green ones, and has its credentials.

    :param driver: nova.virt.libvirt.driver.LibvirtDriver
    :raises ConnectFailed: when it cannot be reached
    """
    return connection.Connection.open(
        uri, lambda name: driver._host._connect(name, False)
    )


def look(driver: typing.Any, instance: typing.Any) -> guest_location.GuestSide:
    """Look what the host has of an instance that nova has it on."""

    def ask() -> guest_location.GuestSide:
        uri = str(driver._live_migration_uri(instance.host))
        with connect(driver, uri) as host:
            return host.look(instance.uuid)

    return settlement.TimedQuestion(ask)()
