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
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import destination_storage
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import mapped_places
from nova_selective_migrate.host.facts import media_digests
from nova_selective_migrate.host.facts import qemu_conf
from nova_selective_migrate.host.facts import readiness_answers
from nova_selective_migrate.host.facts import source_facts
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.facts import volume_group_pools
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.hypervisor import volume_pools

LOG = logging.getLogger(__name__)


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
    here = source_facts.collect(
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
            media_digests.compare_media(
                domain, here, there, destination, pools
            )
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
        if asked.probe and source.is_local and places.paths:
            media_digests.compare_media(
                domain, here, there, destination, pools, places.paths
            )
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
) -> dict[str, pool_facts.StoragePool]:
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
