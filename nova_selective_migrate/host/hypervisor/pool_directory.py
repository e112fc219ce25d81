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

"""See and make files on another host through a storage pool of libvirt's."""

import collections.abc
import contextlib
import dataclasses
import errno
import os
import stat
import uuid

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.hypervisor import storage_volumes
from nova_selective_migrate.host.hypervisor import volume_upload
from nova_selective_migrate.host.journal import probe_journal

# As much as one message of libvirt's carries (VIR_NET_MESSAGE_PAYLOAD_MAX
# is larger since 1.0.6, and older parts are cut to it).
_PART = 256 * 1024


@dataclasses.dataclass(frozen=True)
class FreeSpace:
    """Size and free space, in bytes, of a directory's file system."""

    capacity: int
    free: int


class PoolDirectory:
    """A directory of a host, seen through a storage pool of type dir."""

    def __init__(
        self,
        pool: libvirt.virStoragePool,
        path: str,
        *,
        is_local: bool,
        look_id: str = '',
    ) -> None:
        """Take an active pool of type dir.

        :param look_id: for the names of what is put into the directory
        """
        self._pool = pool
        self._is_local = is_local
        self._look_id = look_id or str(uuid.uuid4())
        self.path = path

    def facts(self, name: str) -> storage_facts.StorageFacts:
        """Return what the host knows of a file in the directory."""
        try:
            return storage_volumes.facts(
                self._pool.storageVolLookupByName(name)
            )
        except libvirt.libvirtError as err:
            missing = err.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL
            return storage_facts.StorageFacts(
                exists=False if missing else None
            )

    def absent(self, name: str) -> storage_facts.StorageFacts:
        """Tell whether a name that libvirt does not list is free.

        It lists neither a link that leads nowhere nor what it may not open
        (virStorageBackendVolOpen), and makes a qcow2 image at the target of
        such a link. A raw image it makes with O_EXCL: an empty one that is
        made for a moment shows whether the name is free.
        """
        try:
            volume = self._pool.createXML(storage_volumes.empty_xml(name))
        except libvirt.libvirtError as err:
            taken = err.get_error_code() == libvirt.VIR_ERR_STORAGE_VOL_EXIST
            if taken or err.get_int1() == errno.EEXIST:
                return storage_facts.StorageFacts(
                    exists=True, kind=storage_facts.PathKind.OTHER
                )
            return storage_facts.StorageFacts(error=str(err))
        with libvirt_codes.translated(f'cannot remove {self.path}/{name}'):
            volume.delete()
        return storage_facts.StorageFacts(exists=False)

    def parts(self, name: str) -> collections.abc.Iterator[bytes]:
        """Read a file, part by part.

        :raises HypervisorError: when it cannot be read
        """
        with libvirt_codes.translated(f'cannot read {self.path}/{name}'):
            volume = self._pool.storageVolLookupByName(name)
            stream = self._pool.connect().newStream()
            volume.download(stream, 0, 0)
            ended = False
            try:
                while part := stream.recv(_PART):
                    yield part
                ended = True
            finally:
                # One that is left open would block the connection.
                stream.finish() if ended else stream.abort()

    def upload(
        self, name: str, parts: collections.abc.Iterable[bytes]
    ) -> None:
        """Fill a file that has been made; see :func:`volume_upload.upload`.

        :raises HypervisorError: when it cannot be written
        """
        path = f'{self.path}/{name}'
        with libvirt_codes.translated(f'cannot write {path}'):
            volume = self._pool.storageVolLookupByName(name)
        volume_upload.upload(volume, path, parts)

    def changed_ns(self, name: str) -> int | None:
        """Return when a file was last changed; None where not known."""
        stamp = self.stamp(name)
        seconds, _, rest = (stamp.changed if stamp else '').partition('.')
        if not seconds.isdecimal() or not (rest or '0').isdecimal():
            return None
        return int(seconds) * 10**9 + int(rest.ljust(9, '0')[:9])

    def create(self, image: destination_images.DestinationImage) -> None:
        """Make a fresh, sparse image of exactly the wanted size.

        :raises HypervisorError: when libvirt cannot make it; where there
            is a file already it does not touch it
        :raises PreparationFailed: when it comes out in another size
        """
        name = os.path.basename(image.path)
        # QEMU follows a link that leads nowhere.
        if image.format != 'raw' and self.absent(name).exists:
            raise exceptions.HypervisorError(
                f'cannot create {image.path}: the name is taken there by '
                'what libvirt does not list, such as a link that leads '
                'nowhere'
            )
        with libvirt_codes.translated(f'cannot create {image.path}'):
            volume = self._pool.createXML(storage_volumes.image_xml(image))
        try:
            self._fit(volume, image)
        except exceptions.SelectiveMigrateError:
            # It has just been made by us, and is of no use.
            with contextlib.suppress(libvirt.libvirtError):
                volume.delete()
            raise

    def _fit(
        self,
        volume: libvirt.virStorageVol,
        image: destination_images.DestinationImage,
    ) -> None:
        with libvirt_codes.translated(f'cannot resize {image.path}'):
            if volume.info()[1] != image.virtual_bytes:
                # libvirt makes qcow2 in whole KiB (storage_util.c).
                shrink = libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK
                volume.resize(image.virtual_bytes, shrink)
        size = self.facts(os.path.basename(image.path)).virtual_bytes
        if size != image.virtual_bytes:
            raise exceptions.PreparationFailed(
                f'{image.path} was made with {size} bytes instead of '
                f'{image.virtual_bytes}'
            )

    def stamp(self, name: str) -> storage_facts.FileStamp | None:
        """Return what identifies a file: times and inode.

        :returns: None where there is no such file, or it is not known
        """
        try:
            volume = self._pool.storageVolLookupByName(name)
            times = safe_xml.parse(volume.XMLDesc()).find(
                './target/timestamps'
            )
        except libvirt.libvirtError:
            return None
        if times is None:
            return None
        return storage_facts.FileStamp(
            times.findtext('mtime', ''),
            times.findtext('ctime', ''),
            _inode(f'{self.path}/{name}') if self._is_local else None,
        )

    def delete(self, name: str) -> bool:
        """Delete a file, or a link itself; tell whether it is deleted."""
        try:
            self._pool.storageVolLookupByName(name).delete()
        except libvirt.libvirtError:
            return False
        return True

    @contextlib.contextmanager
    def marker(self) -> collections.abc.Iterator[str | None]:
        """Put an empty file into the directory for a moment.

        :returns: its name; None where it cannot be made
        """
        name = f'.{probe_journal.new_name(self._look_id)}'
        try:
            volume = self._pool.createXML(storage_volumes.empty_xml(name))
        except libvirt.libvirtError:
            yield None
            return
        try:
            yield name
        finally:
            with libvirt_codes.translated(f'cannot remove {self.path}/{name}'):
                volume.delete()

    def markers(self, look: probe_journal.Probe) -> list[str]:
        """List the markers of a probe that are in the directory.

        :raises HypervisorError: when it cannot be listed
        """
        with libvirt_codes.translated(f'cannot list {self.path}'):
            names = [str(v.name()) for v in self._pool.listAllVolumes()]
        return sorted(
            name for name in names if name.startswith('.') and look.names(name)
        )

    def backing(self) -> dict[str, str]:
        """Return the backing file of each image that has one, by its name.

        :raises HypervisorError: when the directory cannot be listed
        """
        found = {}
        with libvirt_codes.translated(f'cannot list {self.path}'):
            for volume in self._pool.listAllVolumes():
                root = safe_xml.parse(volume.XMLDesc())
                path = root.findtext('./backingStore/path')
                if path:
                    found[str(volume.name())] = path
        return found

    def room(self) -> FreeSpace | None:
        """Return the file system's free space as of the last refresh."""
        try:
            _state, capacity, _allocation, free = self._pool.info()
        except libvirt.libvirtError:
            return None
        return FreeSpace(capacity, free)

    def refresh(self) -> bool:
        """Have libvirt list the directory again; tell whether it did."""
        try:
            self._pool.refresh()
        except libvirt.libvirtError:
            return False
        return True


def _inode(path: str) -> str | None:
    """Name a file that we see ourselves; None for a link and the like."""
    storage_answers.require(path)
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return f'{status.st_dev}:{status.st_ino}'
