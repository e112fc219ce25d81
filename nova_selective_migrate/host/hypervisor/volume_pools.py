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

"""Volumes of a volume group on another host, through its storage pool.

libvirt tells of volumes what it saw when the pool was refreshed last, and one
that was removed and made again behind its back has the old one's UUID until
then. So a pool is refreshed before the first fact of a plan is taken from it,
and before each volume that is made or removed.
"""

import collections.abc
import contextlib
import dataclasses
import os.path

import libvirt
from lxml import etree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import existing_images
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import storage_answers

# The key of its volumes is a UUID; that of a zfs volume is its name.
_WITH_UUIDS = 'logical'
# libvirt runs lvs and vgs, which ask every disk, and waits for udev.
_LOOK_SECONDS = 12.0


@dataclasses.dataclass(frozen=True)
class Volume:
    """A volume as a host shows it.

    :ivar key: unique to the volume; None where libvirt shows none that is
    """

    name: str
    key: str | None
    size: int | None


class VolumePool:
    """A pool that runs, whose volumes are block devices of one group."""

    def __init__(
        self, pool: libvirt.virStoragePool, kind: str, path: str
    ) -> None:
        """Take an active pool of one of pool_facts.VOLUME_POOLS.

        :param path: of its directory
        """
        self._pool = pool
        self._kind = kind
        self.path = path
        self._refreshed = False
        self.name = str(pool.name())

    def facts(self, name: str) -> storage_facts.StorageFacts:
        """Return what the host knows of a volume, from one look for all.

        :returns: where libvirt lists none, that none exists: thin volumes
            and those that are not active it does not list
        :raises StorageSilent: when its disks do not answer
        """
        try:
            self._look_once()
            found = self._find(name)
        except exceptions.HypervisorError as err:
            return storage_facts.StorageFacts(error=str(err))
        if found is None:
            return storage_facts.StorageFacts(exists=False)
        with_uuid = self._kind == _WITH_UUIDS
        return storage_facts.StorageFacts(
            exists=True,
            kind=storage_facts.PathKind.BLOCK,
            virtual_bytes=found.size,
            logical_volume=str(self._volume(name).path())
            if with_uuid
            else None,
            volume_uuid=found.key,
            thin=False if with_uuid else None,
        )

    def keys(self) -> frozenset[str]:
        """Return the keys of all volumes that libvirt lists, as facts does.

        :raises HypervisorError: when it cannot list them
        """
        if self._kind != _WITH_UUIDS:
            return frozenset()
        self._look_once()
        with self._translated('list'):
            return frozenset(
                str(volume.key()) for volume in self._pool.listAllVolumes()
            )

    def find(self, name: str) -> Volume | None:
        """Return the volume of a name; None where libvirt lists none.

        :raises HypervisorError: when it cannot be looked at
        """
        self._refresh()
        return self._find(name)

    def create(self, image: destination_images.DestinationImage) -> Volume:
        """Make a volume of at least the wanted size.

        libvirt can make no thin one. A name that is taken is left alone,
        also where libvirt does not list what has it.

        :raises HypervisorError: when it cannot be made
        :raises PreparationFailed: when it comes out in a size of no use
        """
        name = os.path.basename(image.path)
        with libvirt_codes.translated(f'cannot create {image.path}'):
            made = self._pool.createXML(_volume_xml(name, image.virtual_bytes))
        try:
            return self._fitting(name, image)
        except exceptions.SelectiveMigrateError:
            # It has just been made by us, and is of no use.
            with contextlib.suppress(libvirt.libvirtError):
                made.delete()
            raise

    def delete(self, name: str, key: str) -> bool:
        """Delete the volume of a key; tell whether it is deleted.

        :param key: as it was when the volume had been made
        """
        try:
            found = self.find(name)
            if found is None or found.key != key:
                return False
            self._volume(name).delete()
        except (libvirt.libvirtError, exceptions.HypervisorError):
            return False
        return True

    def room(self) -> int | None:
        """Return the free bytes, as of the last look; None: not known."""
        try:
            return int(self._pool.info()[3])
        except libvirt.libvirtError:
            return None

    def _fitting(
        self, name: str, image: destination_images.DestinationImage
    ) -> Volume:
        """Return a volume that has been made, if the copy can use it."""
        found = self.find(name)
        size = found.size if found else None
        if found is None or size is None or size < image.virtual_bytes:
            raise exceptions.PreparationFailed(
                f'{image.path} was made with {size or "unknown"} bytes '
                f'instead of {image.virtual_bytes}'
            )
        if size > image.virtual_bytes:
            with self._translated('ask the version for'):
                version = self._pool.connect().getLibVersion()
            if version < existing_images.TAKES_LARGER_DEVICES:
                raise exceptions.PreparationFailed(
                    f'{image.path} cannot be made with exactly '
                    f'{image.virtual_bytes} bytes: the storage pool '
                    f'{self.name} gives it {size}, and libvirt there takes a '
                    'larger device from 10.0 on'
                )
        return found

    def _look_once(self) -> None:
        if not self._refreshed:
            self._refresh()

    def _refresh(self) -> None:
        with self._translated('look into'):
            storage_answers.of_daemon(
                f'the storage pool {self.name}',
                self.path,
                self._pool.refresh,
                _LOOK_SECONDS,
            )
        self._refreshed = True

    def _find(self, name: str) -> Volume | None:
        try:
            volume = self._pool.storageVolLookupByName(name)
            size = safe_xml.parse(volume.XMLDesc()).findtext('./capacity')
        except libvirt.libvirtError as err:
            if err.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL:
                return None
            raise libvirt_codes.ours(err, f'cannot look at {name}') from err
        with_uuid = self._kind == _WITH_UUIDS
        return Volume(
            name,
            str(volume.key()) if with_uuid else None,
            int(size) if size and size.isdecimal() else None,
        )

    def _volume(self, name: str) -> libvirt.virStorageVol:
        return self._pool.storageVolLookupByName(name)

    def _translated(
        self, doing: str
    ) -> contextlib.AbstractContextManager[None]:
        return libvirt_codes.translated(
            f'cannot {doing} the storage pool {self.name}'
        )


def at(
    peer: connection.Connection, folders: collections.abc.Collection[str]
) -> dict[str, VolumePool]:
    """Find the volume groups of a host whose volumes are in a directory.

    A pool that does not run is left alone: to start it would activate every
    volume of the group.

    :param folders: ``/dev/VG``
    :returns: by directory; nothing where the host cannot be asked
    """
    found: dict[str, VolumePool] = {}
    try:
        pools = peer.virt.listAllStoragePools() if folders else ()
    except libvirt.libvirtError:
        return {}
    for pool in pools:
        try:
            group = _of(pool)
        except libvirt.libvirtError:
            continue  # it has gone meanwhile
        if group is not None and group.path in folders:
            found[group.path] = group
    return found


def named(peer: connection.Connection, name: str) -> VolumePool | None:
    """Return the volume group of a pool that runs; None where none does.

    :raises HypervisorError: when the host cannot be asked
    """
    with libvirt_codes.translated(f'cannot look for the storage pool {name}'):
        try:
            pool = peer.virt.storagePoolLookupByName(name)
        except libvirt.libvirtError as err:
            if err.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
                return None
            raise
        return _of(pool)


def _of(pool: libvirt.virStoragePool) -> VolumePool | None:
    """Read a pool; None where it does not run, or has no such volumes."""
    root = safe_xml.parse(pool.XMLDesc())
    kind, path = root.get('type', ''), root.findtext('./target/path')
    if kind not in pool_facts.VOLUME_POOLS or not path:
        return None
    if not pool.isActive():
        return None
    return VolumePool(pool, kind, storage_facts.tidy(path.rstrip('/')))


def _volume_xml(name: str, size: int) -> str:
    volume = etree.Element('volume')
    etree.SubElement(volume, 'name').text = name
    etree.SubElement(volume, 'capacity', unit='bytes').text = str(size)
    # With a smaller allocation than the capacity libvirt makes no thin volume
    # but an LVM snapshot, which breaks when it is full.
    etree.SubElement(volume, 'allocation', unit='bytes').text = str(size)
    return safe_xml.render(volume)
