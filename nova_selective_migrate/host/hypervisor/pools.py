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
import os.path
import time
import uuid

import libvirt
from lxml import etree

from nova_selective_migrate.core.case import xml
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import errors
from nova_selective_migrate.host.hypervisor import volumes

_FOREIGN_POOL_SECONDS = 10.0
_FOREIGN_POOL_POLL_SECONDS = 0.1
# "Storage source conflict with pool": another pool has the directory.
_TAKEN = libvirt.VIR_ERR_OPERATION_FAILED


@contextlib.contextmanager
def directory(
    peer: connection.Connection, path: str
) -> collections.abc.Iterator[volumes.Directory | bool | None]:
    """See a directory of a host for a while.

    A pool that has the directory already is used and left as it was;
    otherwise a transient one is made and destroyed again.

    :returns: False where there is no such directory, None where it cannot
        be told
    """
    pool, ours = _pool(peer.virt, path)
    if not isinstance(pool, libvirt.virStoragePool):
        yield pool
        return
    found = volumes.Directory(pool, path, is_local=peer.is_local)
    if not ours and not found.refresh():
        # A volume is being made in it, or it broke: look another time.
        yield None
        return
    try:
        yield found
    finally:
        if ours:
            with errors.translated(f'cannot release {path}'):
                pool.destroy()


def _pool(
    virt: libvirt.virConnect, path: str
) -> tuple[libvirt.virStoragePool | bool | None, bool]:
    """Find or make the pool of a directory.

    libvirt allows one pool a directory. Another migration's is gone in a
    moment and must not vanish under our hands: wait for it, but not for
    ever, since a killed one leaves its pool behind.

    :returns: the pool, False where there is no directory or None where it
        cannot be told; and whether the pool is ours to destroy
    """
    deadline = time.monotonic() + _FOREIGN_POOL_SECONDS
    while True:
        pool = _existing(virt, path)
        late = time.monotonic() > deadline
        if pool is not None and (late or not _transient(pool)):
            # To start a pool would change what the host does.
            return (pool if _active(pool) else None), False
        if pool is None:
            try:
                return virt.storagePoolCreateXML(_pool_xml(path)), True
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
        return False  # it went away while we looked


def _transient(pool: libvirt.virStoragePool) -> bool:
    return str(pool.name()).startswith(volumes.PREFIX)


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
            target = xml.parse(pool.XMLDesc()).findtext('./target/path')
        except libvirt.libvirtError:
            continue  # it went away while we looked
        if target and os.path.normpath(target) == wanted:
            return pool
    return None


def _pool_xml(path: str) -> str:
    pool = etree.Element('pool', type='dir')
    etree.SubElement(pool, 'name').text = f'{volumes.PREFIX}{uuid.uuid4()}'
    target = etree.SubElement(pool, 'target')
    etree.SubElement(target, 'path').text = path
    return xml.render(pool)
