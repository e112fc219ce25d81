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

"""Find or make the storage pool through which a directory is seen."""

import collections.abc
import contextlib
import errno
import functools
import os.path
import time

import libvirt
from lxml import etree

from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.journal import probe_journal

_FOREIGN_POOL_SECONDS = 10.0
_FOREIGN_POOL_POLL_SECONDS = 0.1
# A pool opens everything in its directory: never do that to devices.
_NOT_STORAGE = ('/dev', '/proc', '/sys', '/run', '/var/run')
_OF_FILES = ('dir', 'fs', 'netfs')
# "Storage source conflict with pool": another pool has the directory.
_TAKEN = libvirt.VIR_ERR_OPERATION_FAILED


def may_look(folder: str) -> bool:
    """Tell whether a pool may open all that is in a directory."""
    folder = '/' + os.path.normpath(folder).lstrip('/')
    return not any(
        folder == top or folder.startswith(f'{top}/') for top in _NOT_STORAGE
    )


@contextlib.contextmanager
def directory(
    peer: connection.Connection, path: str
) -> collections.abc.Iterator[pool_directory.PoolDirectory | bool | None]:
    """Open a directory of a host through a storage pool.

    A pool that has the directory already is used and left as it was;
    otherwise a transient one is made and destroyed again.

    :returns: False where there is no such directory, None where it is
        not known
    :raises JournalFailed: when it cannot be written down before
    :raises StorageSilent: when the host's storage does not answer
    :raises Interrupted: when nothing is to be begun any more
    """
    with peer.look_into(path) as look_id:
        pool, ours = _pool(peer, path, probe_journal.new_name(look_id))
        if not isinstance(pool, libvirt.virStoragePool):
            yield pool
            return
        found = pool_directory.PoolDirectory(
            pool, path, is_local=peer.is_local, look_id=look_id
        )
        if not ours and not storage_answers.of_daemon(
            peer.name, path, found.refresh
        ):
            # A volume is being made in it, or it broke: try again later.
            yield None
            return
        try:
            yield found
        finally:
            if ours:
                with libvirt_codes.translated(f'cannot release {path}'):
                    pool.destroy()


def release(
    peer: connection.Connection, look: probe_journal.Probe
) -> list[str]:
    """Destroy the pools that a killed process has left on a host.

    They are transient, and what is in their directories stays.

    :returns: the names of those that are gone
    :raises HypervisorError: when the host cannot be asked
    """
    gone = []
    for name in left_by(peer, look):
        with libvirt_codes.translated(
            f'cannot release the storage pool {name}'
        ):
            peer.virt.storagePoolLookupByName(name).destroy()
        gone.append(name)
    return gone


def left_by(
    peer: connection.Connection, look: probe_journal.Probe
) -> list[str]:
    """List the pools of a probe that a host has.

    :raises HypervisorError: when the host cannot be asked
    """
    with libvirt_codes.translated(
        f'cannot list the storage pools of {peer.name}'
    ):
        names = [str(p.name()) for p in peer.virt.listAllStoragePools()]
    return sorted(name for name in names if look.names(name))


def directories(peer: connection.Connection) -> list[str]:
    """List the directories of a host that pools that run have.

    :raises HypervisorError: when the host cannot be asked
    """
    found = []
    with libvirt_codes.translated(
        f'cannot list the storage pools of {peer.name}'
    ):
        for pool in peer.virt.listAllStoragePools():
            root = safe_xml.parse(pool.XMLDesc())
            path = root.findtext('./target/path')
            kind = root.get('type') or ''
            if path and kind in _OF_FILES and _active(pool):
                found.append(path)
    return found


def _pool(
    peer: connection.Connection, path: str, name: str
) -> tuple[libvirt.virStoragePool | bool | None, bool]:
    """Find or make the pool of a directory.

    libvirt allows one pool for each directory. The pool of another migration
    lasts for a moment and must not be used, as it would go meanwhile: wait for
    its end, unless its process was killed.

    :param name: of the one that is made
    :returns: the pool, False where there is no directory or None where it
        cannot be told; and whether the pool is ours to destroy
    """
    virt = peer.virt
    deadline = time.monotonic() + _FOREIGN_POOL_SECONDS
    while True:
        # A pool whose storage hangs blocks the listing of all pools.
        pool = storage_answers.of_daemon(
            peer.name, path, functools.partial(_existing, virt, path)
        )
        late = time.monotonic() > deadline
        if pool is not None and (late or not _waited_for(peer, pool)):
            if late:
                peer.lingering_pools.add(str(pool.name()))
            # Starting an inactive pool would change the host.
            return (pool if _active(pool) else None), False
        if pool is None:
            create = functools.partial(
                virt.storagePoolCreateXML, _pool_xml(path, name)
            )
            try:
                return storage_answers.of_daemon(peer.name, path, create), True
            except libvirt.libvirtError as err:
                if err.get_int1() == errno.ENOENT:
                    return False, False
                if late or err.get_error_code() != _TAKEN:
                    return None, False
        time.sleep(_FOREIGN_POOL_POLL_SECONDS)


def _active(pool: libvirt.virStoragePool) -> bool:
    try:
        return bool(pool.isActive())
    except libvirt.libvirtError:
        return False  # it has gone meanwhile


def _waited_for(
    peer: connection.Connection, pool: libvirt.virStoragePool
) -> bool:
    """Tell whether a pool is one that will be gone in a moment."""
    name = str(pool.name())
    if (
        not name.startswith(probe_journal.PREFIX)
        or name in peer.lingering_pools
    ):
        return False
    return not probe_journal.is_stale(name, peer.probes)


def _existing(
    virt: libvirt.virConnect, path: str
) -> libvirt.virStoragePool | None:
    wanted = os.path.normpath(path)
    try:
        pools = virt.listAllStoragePools()
    except libvirt.libvirtError:
        return None
    for pool in pools:
        try:
            root = safe_xml.parse(pool.XMLDesc())
        except libvirt.libvirtError:
            continue  # it has gone meanwhile
        if root.get('type') in pool_facts.VOLUME_POOLS:
            continue  # it does not list all that its directory has
        target = root.findtext('./target/path')
        if target and os.path.normpath(target) == wanted:
            return pool
    return None


def _pool_xml(path: str, name: str) -> str:
    pool = etree.Element('pool', type='dir')
    etree.SubElement(pool, 'name').text = name
    target = etree.SubElement(pool, 'target')
    etree.SubElement(target, 'path').text = path
    return safe_xml.render(pool)
