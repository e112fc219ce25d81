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

"""Evidence from the server of a network disk or of a pool."""

import collections.abc
import ipaddress
import re

from nova_selective_migrate.core.evidence import device_names
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import storage_facts

_LOCAL = storage_facts.Reach.LOCAL


def of(source: domains.DiskSource) -> locality_verdicts.Evidence:
    if any(is_loopback(host) for host in source.hosts):
        return locality_verdicts.Evidence(
            f'domain XML: {source.server} is served on this host',
            domains.Locality.UNKNOWN,
            locality_verdicts.Strength.MISSING,
            reasons.Reason.LOOPBACK_SERVER,
        )
    return locality_verdicts.Evidence(
        f'domain XML: network disk of protocol {source.protocol}',
        domains.Locality.SHARED,
        locality_verdicts.Strength.PROOF,
        reasons.Reason.NETWORK_DISK,
    )


def is_loopback(host: domains.NetworkHost) -> bool:
    """Return whether an address means another server on another host."""
    if host.socket or host.transport == 'unix':
        return True
    name = (host.name or '').strip('[]').rstrip('.').lower()
    if name.startswith('localhost') or name.endswith('.localhost'):
        return True
    if name in ('ip6-localhost', 'ip6-loopback'):
        return True
    address = _address(name.partition('%')[0])
    if address is None:
        return False
    mapped = getattr(address, 'ipv4_mapped', None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _address(
    name: str,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, also in the short forms of inet_aton(3)."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    if not re.fullmatch(r'[0-9a-fx]+(\.[0-9a-fx]+){0,3}', name):
        return None
    try:
        *head, last = (_number(part) for part in name.split('.'))
        value = last
        for index, part in enumerate(head):
            value += part << (24 - 8 * index)
        return ipaddress.IPv4Address(value)
    except ValueError:
        return None


def _number(text: str) -> int:
    octal = len(text) > 1 and text.isdecimal() and text.startswith('0')
    return int(text, 8 if octal else 0)


def against_pools(
    source: domains.DiskSource, storage: storage_facts.Storage
) -> locality_verdicts.Evidence | None:
    """Return evidence against the pool of a volume.

    :returns: None for what names no pool, too
    """
    if source.type is not domains.SourceType.VOLUME:
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
    if pool.type not in pool_facts.NETWORK_POOLS:
        return None
    if not pool.hosts:
        return _unknown(f'pool {source.pool} names no server')
    if others is None:
        return locality_verdicts.Evidence(
            f'source host: pool {source.pool} is {_label(pool)}, and the '
            "destination's is not known",
            domains.Locality.UNKNOWN,
            locality_verdicts.Strength.CANDIDATE,
            reasons.Reason.SHARED_NOT_CONFIRMED,
        )
    return None


def of_pool(
    source: domains.DiskSource,
    place: domains.DiskSource,
    storage: storage_facts.Storage,
) -> collections.abc.Iterator[locality_verdicts.Evidence]:
    """Yield proof where both pools have a device of one global name.

    Of a device that looks attached to the source alone it is a doubt, and so
    is a name made from a serial where nothing shows that the device is not.
    """
    pools = storage.destination_pools or {}
    pool = pools.get(source.pool or '')
    if pool is None or pool.volumes.get(source.volume or '') != place.path:
        return
    facts = storage_facts.find(storage.source, place)
    if not place.path or not device_names.same_everywhere(place, facts):
        return
    sentence = f'both hosts: {source.label} is {place.path}'
    reach = storage_facts.device_reach(facts or storage_facts.StorageFacts())
    shared = reach is storage_facts.Reach.CANDIDATE
    if not shared and (
        reach is _LOCAL or device_names.of_a_serial(place.path)
    ):
        # QEMU's own disks have one serial in every guest, and names such as
        # ata-QEMU_HARDDISK_QM00001 are made from it.
        yield locality_verdicts.Evidence(
            sentence,
            domains.Locality.UNKNOWN,
            locality_verdicts.Strength.DOUBT,
            reasons.Reason.CONFLICTING_EVIDENCE,
            device_names.ONE_NAME,
        )
        return
    yield locality_verdicts.Evidence(
        sentence,
        domains.Locality.SHARED,
        locality_verdicts.Strength.PROOF,
        reasons.Reason.SAME_AT_DESTINATION,
    )


def _unknown(what: str) -> locality_verdicts.Evidence:
    return locality_verdicts.missing(reasons.Reason.POOL_UNKNOWN, what)


def _label(pool: pool_facts.StoragePool) -> str:
    """Name a pool's source for a person."""
    servers = (
        f'{host.name}:{host.port}' if host.port else host.name or ''
        for host in pool.hosts
    )
    place = '/'.join(
        filter(None, (pool.name, pool.directory, *pool.devices, pool.path))
    )
    return ' '.join(filter(None, (pool.type, ','.join(servers), place)))
