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

"""Bring up hosts that have kernels of their own: two, and their storage."""

from collections.abc import Mapping

from lab.errors import NotPrepared
from lab.hosts import host_layout
from lab.hosts import kernel_tree
from lab.hosts import libvirtd
from lab.hosts import namespaces
from lab.hosts import network_wires
from lab.hosts import own_kernel
from lab.hosts import privileges
from lab.hosts.host_layout import ADDRESSES
from lab.hosts.host_layout import HUB
from lab.hosts.host_layout import NAMES
from lab.hosts.host_layout import SECOND_PORTAL
from lab.hosts.host_layout import STORAGE
from lab.hosts.kernel_tree import KernelTree
from lab.hosts.lab_host import Host
from lab.hosts.namespaces import Namespace
from lab.lab_homes import Home
from lab.processes.process_journal import Journal

_ALL = (*NAMES, STORAGE)


def bring_up(journal: Journal, home: Home) -> dict[str, Namespace]:
    """Start kernels, and libvirt in those of the two hosts.

    :returns: the hub and the namespace that each kernel is in, by name
    :raises NotPrepared: this user cannot have them.
    """
    if not privileges.is_root():
        raise NotPrepared(
            'hosts with kernels of their own need the root user of the '
            'machine: they have its root file system and its network'
        )
    tree = kernel_tree.prepare(home)
    spaces = {HUB: _space(journal, home, HUB)}
    spaces |= {name: _space(journal, home, name, tree) for name in _ALL}
    hub = spaces[HUB]
    network_wires.join(
        hub, {name: spaces[name] for name in _ALL}, {HUB: ADDRESSES[HUB]}
    )
    kernels = [
        own_kernel.start(
            journal, home, tree, spaces[name], hub, _addresses(name)
        )
        for name in _ALL
    ]
    for kernel in kernels:
        own_kernel.await_ready(journal, home, kernel)
    hosts = of_spaces(spaces)
    for name in NAMES:
        libvirtd.start(journal, hosts[name])
    for name in NAMES:
        libvirtd.await_ready(journal, hosts[name])
    return spaces


def of_spaces(spaces: Mapping[str, Namespace]) -> dict[str, Host]:
    """Return the hosts by name, the storage last."""
    hub = spaces[HUB]
    return {
        name: Host(
            name,
            ADDRESSES[name],
            own_kernel.OwnKernel(
                name,
                spaces[name].keeper,
                spaces[name].of_user,
                ADDRESSES[name],
                hub,
            ),
        )
        for name in _ALL
    }


def _space(
    journal: Journal, home: Home, name: str, tree: KernelTree | None = None
) -> Namespace:
    view = host_layout.view(home, name, None, tree)
    return namespaces.create(journal, view, home, None)


def _addresses(name: str) -> list[str]:
    more = [SECOND_PORTAL] if name == STORAGE else []
    return [ADDRESSES[name], *more]
