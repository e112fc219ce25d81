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

"""Digests of read-only media that both hosts have."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import image_digests
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools

_Facts = dict[str, storage_facts.StorageFacts]


def compare_media(
    domain: domains.Domain,
    here: _Facts,
    there: _Facts,
    peer: connection.Connection,
    pools: collections.abc.Mapping[str, pool_facts.StoragePool],
    mapped: collections.abc.Mapping[str, str] | None = None,
) -> None:
    """Add digests of the media that both hosts have in files of their own.

    All of the destination's is read, over the network: a medium of the same
    size can be another.

    :param pools: of the source, by name
    :param mapped: path on the source -> path at the destination, where that
        is another; only these are compared then
    """
    for path, place in _paths(domain, here, there, pools, mapped):
        theirs = _digest(peer, place)
        try:
            ours = image_digests.digest_of(path)
        except OSError:
            continue
        if theirs is not None:
            here[path] = dataclasses.replace(here[path], content=ours)
            there[place] = dataclasses.replace(there[place], content=theirs)


def _paths(
    domain: domains.Domain,
    here: _Facts,
    there: _Facts,
    pools: collections.abc.Mapping[str, pool_facts.StoragePool],
    mapped: collections.abc.Mapping[str, str] | None,
) -> collections.abc.Iterator[tuple[str, str]]:
    """List the media of one size that are not one file, on both hosts.

    The images below a medium are part of it.
    """
    read_only = (d for d in domain.disks if not d.writable and d.source)
    images = (
        image
        for disk in read_only
        # An argument maps the medium itself, and nothing below it.
        for image in (disk.chain if mapped is None else disk.chain[:1])
    )
    for image in images:
        found = pool_facts.in_pool(image, pools)
        path = found.path if found else None
        if path is None:
            continue
        place = path if mapped is None else mapped.get(path, '')
        ours, theirs = here.get(path), there.get(place)
        if ours is None or theirs is None or not theirs.exists:
            continue
        if (
            ours.kind is storage_facts.PathKind.FILE
            and theirs.kind is storage_facts.PathKind.FILE
            and ours.virtual_bytes in (theirs.virtual_bytes, None)
            and ours.identity != theirs.identity
        ):
            yield path, place


def _digest(peer: connection.Connection, path: str) -> str | None:
    folder, name = os.path.split(storage_facts.tidy(path))
    try:
        with storage_pools.directory(peer, folder) as seen:
            if isinstance(seen, pool_directory.PoolDirectory):
                return image_digests.digest_of_parts(seen.parts(name))
    except exceptions.HypervisorError:
        pass  # a medium that cannot be read is not proven to be the same
    return None
