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

"""Connections to the libvirt of other compute hosts, made as nova does."""

import typing

from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import timed_question


def connect(driver: typing.Any, uri: str) -> connection.Connection:
    """Connect to another host's libvirt.

    Through nova's own method, which has nova's credentials and asks in a
    native thread where nova runs in green ones.

    :param driver: nova.virt.libvirt.driver.LibvirtDriver
    :raises ConnectFailed: when it cannot be reached
    """
    return connection.Connection.open(
        uri, lambda name: driver._host._connect(name, False)
    )


def look(driver: typing.Any, instance: typing.Any) -> guest_presence.GuestSide:
    """Return what the instance's host, as nova records it, has of it.

    :param driver: nova.virt.libvirt.driver.LibvirtDriver
    :returns: UNREACHABLE where that host does not answer in time
    """

    def ask() -> guest_presence.GuestSide:
        uri = str(driver._live_migration_uri(instance.host))
        with connect(driver, uri) as host:
            return host.look(instance.uuid)

    return timed_question.TimedQuestion(ask)()
