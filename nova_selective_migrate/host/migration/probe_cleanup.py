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

"""Remove pools and markers that a killed process has left."""

from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.journal import probe_journal

PROBES_LEFT = 'left: libvirt did not delete it'
PROBES_UNSEEN = 'left: the host cannot look into it'


def remove_probes(
    peer: connection.Connection, look: probe_journal.Probe, *, remove: bool
) -> dict[str, str]:
    """Remove the markers and the pools of a probe from one host.

    Their names have an id that no other process uses; the markers are
    empty, and a pool that is destroyed leaves its directory as it is.

    :param look: of a process that has ended
    :param remove: False removes nothing
    :returns: path of a marker or name of a pool -> what became of it
    :raises HypervisorError: when the host cannot be asked
    """
    word = 'removed' if remove else 'removable'
    found: dict[str, str] = {}
    here = (p for p in look.places if p.host == peer.host_uuid())
    for place in here:
        with storage_pools.directory(peer, place.directory) as seen:
            if isinstance(seen, pool_directory.PoolDirectory):
                for name in seen.markers(look):
                    gone = not remove or seen.delete(name)
                    path = f'{place.directory}/{name}'
                    found[path] = word if gone else PROBES_LEFT
            elif seen is None:
                found[place.directory] = PROBES_UNSEEN
    names = (
        storage_pools.release(peer, look)
        if remove
        else storage_pools.left_by(peer, look)
    )
    return found | {f'storage pool {name}': word for name in names}
