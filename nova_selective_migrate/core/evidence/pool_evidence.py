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

"""Evidence that both hosts have one storage pool.

libvirt looks a volume up anew at the destination, in the pool of that name,
whatever that is there.
"""

import collections.abc

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import device_names
from nova_selective_migrate.core.evidence import evidence


def against(
    source: model.DiskSource, storage: storage_.Storage
) -> evidence.Evidence | None:
    """Say why a volume's pool is not shown to be that of the destination.

    :returns: None for what names no pool, too
    """
    if source.type is not model.SourceType.VOLUME:
        return None
    what = source.label
    pool = storage.pools.get(source.pool or '')
    if pool is None:
        return _unknown(what)
    others = storage.destination_pools
    there = pool if others is None else others.get(source.pool or '')
    if there is None:
        return _unknown(f'destination host: no pool {source.pool}')
    if there.source != pool.source:
        return _unknown(
            f'destination host: pool {source.pool} is {_label(there)}, here '
            f'it is {_label(pool)}'
        )
    here, path = (p.volumes.get(source.volume or '') for p in (pool, there))
    if here != path:
        return _unknown(
            f'destination host: {what} is {path or "unknown"}, here it is '
            f'{here or "unknown"}'
        )
    if pool.type not in storage_.NETWORK_POOLS:
        return None
    if not pool.hosts:
        return _unknown(f'pool {source.pool} names no server')
    if others is None:
        return evidence.Evidence(
            f'source host: pool {source.pool} is {_label(pool)}, and the '
            "destination's is not known",
            model.Locality.UNKNOWN,
            evidence.Strength.CANDIDATE,
            reasons.Reason.SHARED_NOT_CONFIRMED,
        )
    return None


def of(
    source: model.DiskSource,
    place: model.DiskSource,
    storage: storage_.Storage,
) -> collections.abc.Iterator[evidence.Evidence]:
    """Tell a device that both hosts' pools have by one name everywhere."""
    pools = storage.destination_pools or {}
    pool = pools.get(source.pool or '')
    if pool is None or pool.volumes.get(source.volume or '') != place.path:
        return
    facts = storage_.find(storage.source, place)
    if place.path and device_names.same_everywhere(place, facts):
        yield evidence.Evidence(
            f'both hosts: {source.label} is {place.path}',
            model.Locality.SHARED,
            evidence.Strength.PROOF,
            reasons.Reason.SAME_AT_DESTINATION,
        )


def _unknown(what: str) -> evidence.Evidence:
    return evidence.missing(reasons.Reason.POOL_UNKNOWN, what)


def _label(pool: storage_.StoragePool) -> str:
    """Name a pool's source for a person."""
    servers = (
        f'{host.name}:{host.port}' if host.port else host.name or ''
        for host in pool.hosts
    )
    place = '/'.join(
        filter(None, (pool.name, pool.directory, *pool.devices, pool.path))
    )
    return ' '.join(filter(None, (pool.type, ','.join(servers), place)))
