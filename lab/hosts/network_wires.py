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

"""Join the network namespaces: one bridge, one wire for each host."""

from collections.abc import Mapping

from lab.hosts.namespaces import Namespace
from lab.processes import commands

_BRIDGE = 'lab0'
_PREFIX = 24


def join(
    hub: Namespace,
    hosts: Mapping[str, Namespace],
    addresses: Mapping[str, str],
) -> None:
    """Give hub and hosts their addresses on one common network.

    Everything is gone with the namespaces: there is nothing to take back.

    :param addresses: name -> IPv4 address, of the hub as well; a host
        without one has a kernel of its own, which has the address.
    """
    _ip(hub, 'link', 'add', _BRIDGE, 'type', 'bridge', 'forward_delay', '0')
    _set_up(hub, _BRIDGE, addresses[hub.name])
    for name, host in hosts.items():
        wire = f'to-{name}'
        _ip(
            hub,
            *('link', 'add', wire, 'type', 'veth'),
            *('peer', 'name', 'eth0', 'netns', str(host.keeper.pid)),
        )
        _ip(hub, 'link', 'set', wire, 'master', _BRIDGE, 'up')
        _set_up(host, 'eth0', addresses.get(name))


def _set_up(namespace: Namespace, device: str, address: str | None) -> None:
    if address:
        _ip(namespace, 'addr', 'add', f'{address}/{_PREFIX}', 'dev', device)
    _ip(namespace, 'link', 'set', device, 'up')


def _ip(namespace: Namespace, *arguments: str) -> None:
    commands.run(namespace.enter(['ip', *arguments]))
