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

"""Gather a case: all that the planner sees, without secrets."""

import collections.abc
import dataclasses
import logging
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import other_devices
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import destination_storage
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import mapped_places
from nova_selective_migrate.host.facts import media_digests
from nova_selective_migrate.host.facts import qcow2_header
from nova_selective_migrate.host.facts import qemu_conf
from nova_selective_migrate.host.facts import readiness_answers
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.facts import volume_group_pools
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.hypervisor import volume_pools

LOG = logging.getLogger(__name__)

_ON_HOST = (
    domains.SourceType.FILE,
    domains.SourceType.BLOCK,
    domains.SourceType.DIR,
    domains.SourceType.VOLUME,
)
_WITH_HEADER = (storage_facts.PathKind.FILE, storage_facts.PathKind.BLOCK)


@dataclasses.dataclass(frozen=True)
class CaseRequest:
    """What the caller brings to a plan.

    :ivar block_device_info: nova's, or None where it is not known
    :ivar probe: whether marker files may be put on the destination
    :ivar shared_filesystems: what the source's qemu.conf names, where it
        cannot be read
    :ivar tried: what was found of another guest for the same hosts, whose
        ports are then not tried again
    """

    policy: declared_paths.LocalityPolicy
    options: migration_options.MigrationOptions
    block_device_info: typing.Any = None
    probe: bool = True
    shared_filesystems: tuple[str, ...] = ()
    tried: destination_readiness.Readiness | None = None


def gather(
    source: connection.Connection,
    guest: libvirt_guest.Guest,
    destination: connection.Connection | None,
    asked: CaseRequest,
) -> migration_case.Case:
    """Collect what both hosts know of a domain's disks.

    :raises InvalidInput: when the domain or the mapping cannot be read
    :raises HypervisorError: when a daemon fails
    """
    text = redaction.domain_xml(guest.xml())
    domain = domain_xml.parse(text)
    mapped = asked.options.mapping.pools
    pools = _pools(source, domain, [each.source for each in mapped])
    pools_there = None
    if destination is not None:
        pools_there = _pools(
            destination, domain, [each.destination for each in mapped]
        )
    here = source_facts(
        guest,
        domain,
        pools,
        local_storage.local_facts if source.is_local else None,
    )
    there: dict[str, storage_facts.StorageFacts] = {}
    if destination is not None:
        theirs = volume_pools.at(
            destination, {*volume_group_pools.folders(here).values()}
        )
        there = destination_storage.destination_facts(
            destination,
            _without(here, domain.others.directories),
            source=source_storage.of(source),
            groups=theirs,
            probe=asked.probe,
        )
        if asked.probe and source.is_local:
            media_digests.compare_media(domain, here, there, destination)
        groups = volume_group_pools.of_devices(
            source, destination, here, there, theirs
        )
        here, there = groups.here, groups.there
        pools |= groups.source
        pools_there = {**(pools_there or {}), **groups.destination}
        places = mapped_places.look(
            source,
            destination,
            domain,
            storage_facts.Storage(here, there, pools, pools_there),
            asked.options,
            probe=asked.probe,
        )
        there = places.added_to(there, here)
        pools_there |= places.pools
        there = _with_users(destination, guest.uuid, here, there)
    for path, seen in here.items():
        LOG.debug('source: %s: %s', path, seen)
    for path, seen in there.items():
        LOG.debug('destination: %s: %s', path, seen)
    persistent = guest.persistent_xml()
    versions = connection.Connection.versions
    unknown = domains.Versions()
    return migration_case.Case(
        domain_xml=text,
        block_device_info=redaction.block_device_info(asked.block_device_info),
        storage=storage_facts.Storage(
            here,
            there,
            pools,
            pools_there,
        ),
        domain_state=guest.state([disk.target for disk in domain.disks]),
        hypervisors=domains.Hypervisors(
            _with_certificates(
                configured(
                    versions(source), asked.shared_filesystems, source.is_local
                ),
                wanted=asked.options.tls and source.is_local,
            ),
            versions(destination) if destination else unknown,
        ),
        policy=asked.policy,
        options=asked.options,
        persistent_xml=redaction.domain_xml(persistent)
        if persistent
        else None,
        readiness=readiness_answers.readiness(
            source, guest, destination, asked.options, asked.tried
        )
        if destination
        else None,
    )


def configured(
    found: domains.Versions,
    declared: collections.abc.Iterable[str],
    is_local: bool,
) -> domains.Versions:
    """Add what the source's qemu.conf is known to name as shared.

    :param declared: what the operator says that it names
    :param is_local: whether it is the one of this machine
    """
    read = qemu_conf.shared_filesystems() if is_local else ()
    return dataclasses.replace(
        found,
        shared_filesystems=tuple(dict.fromkeys((*read, *declared))),
    )


def _with_certificates(
    found: domains.Versions, *, wanted: bool
) -> domains.Versions:
    """Add whether this machine's QEMU has certificates, where it matters."""
    known = qemu_conf.tls_certificates() if wanted else None
    return dataclasses.replace(found, tls_certificates=known)


def _pools(
    host: connection.Connection,
    domain: domains.Domain,
    mapped: collections.abc.Iterable[str],
) -> dict[str, storage_facts.StoragePool]:
    """Read the pools that the disks name, as one host has them.

    :param mapped: those that a mapping names besides
    """
    names: dict[str, set[str]] = {name: set() for name in mapped}
    for disk in domain.disks:
        for image in disk.chain:
            if image.pool:
                names.setdefault(image.pool, set()).add(image.volume or '')
    found = {
        name: host.pool(name, sorted(volumes))
        for name, volumes in sorted(names.items())
    }
    return {name: pool for name, pool in found.items() if pool}


def source_facts(
    guest: libvirt_guest.Guest,
    domain: domains.Domain,
    pools: collections.abc.Mapping[str, storage_facts.StoragePool],
    see: collections.abc.Callable[[str], storage_facts.StorageFacts] | None,
) -> dict[str, storage_facts.StorageFacts]:
    """Collect the source's facts of every image of every disk.

    :param see: looks at a path; None where its host is not this one
    :raises StorageSilent: when the storage of one does not answer
    """
    facts: dict[str, storage_facts.StorageFacts] = {}
    # Asked last: for the sizes of one disk QEMU looks at the storage of all.
    tops: dict[str, str] = {}
    for disk in domain.disks:
        for depth, image in enumerate(disk.chain):
            for part in filter(None, (image, image.data_file)):
                place = storage_facts.in_pool(part, pools)
                path = place.path if place else None
                if path is None or part.type not in _ON_HOST:
                    continue
                if see is not None and path not in facts:
                    facts[path] = _with_snapshots(path, see(path), part)
                if depth == 0 and part is image:
                    tops[disk.target] = path
    for directory in domain.others.directories:
        if see is not None and directory.path not in facts:
            facts[directory.path] = see(directory.path)
    for target, path in tops.items():
        known = facts.get(path, storage_facts.StorageFacts())
        facts[path] = _with_sizes(known, guest, target)
    return facts


def _without(
    here: dict[str, storage_facts.StorageFacts],
    directories: tuple[other_devices.HostDirectory, ...],
) -> dict[str, storage_facts.StorageFacts]:
    """Leave out directories that guests use as they are.

    A storage pool over one would open every file in it, and the guest would
    see the marker.
    """
    paths = {directory.path for directory in directories}
    return {path: known for path, known in here.items() if path not in paths}


def _with_snapshots(
    path: str, facts: storage_facts.StorageFacts, image: domains.DiskSource
) -> storage_facts.StorageFacts:
    """Add how many snapshots an image of this machine has inside."""
    if image.format != 'qcow2' or facts.kind not in _WITH_HEADER:
        return facts
    return dataclasses.replace(
        facts, internal_snapshots=qcow2_header.internal_snapshots(path)
    )


def _with_users(
    destination: connection.Connection,
    uuid: str,
    here: dict[str, storage_facts.StorageFacts],
    there: dict[str, storage_facts.StorageFacts],
) -> dict[str, storage_facts.StorageFacts]:
    """Add which domain of the destination uses each path.

    A logical volume is looked for by each name that it has on every host.
    """
    try:
        used = path_users.paths_in_use(destination, uuid)
    except exceptions.SelectiveMigrateError as err:
        LOG.debug('destination: who uses what is not known: %s', err)
        return there
    return {
        path: dataclasses.replace(
            known,
            used_by=path_users.user_of(
                used, path, pool_volumes.volume_path(path, here.get(path))
            ),
        )
        for path, known in there.items()
    }


def _with_sizes(
    facts: storage_facts.StorageFacts, guest: libvirt_guest.Guest, target: str
) -> storage_facts.StorageFacts:
    """Add the sizes of a disk's top image that QEMU reports."""
    sizes = guest.block_sizes(target)
    if sizes is None:
        return facts
    allocated = facts.allocated_bytes
    if allocated is None and facts.kind is not storage_facts.PathKind.BLOCK:
        # For a device libvirt tells how far QEMU has written; a copy takes all
        # of it. 0 means that libvirt does not know.
        allocated = sizes.allocation or None
    return dataclasses.replace(
        facts, virtual_bytes=sizes.capacity, allocated_bytes=allocated
    )
