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

"""A libvirt daemon whose storage pools are real directories.

libvirt's test driver makes a pool of any path, keeps its volumes in memory,
resizes none and migrates nothing. This one serves the files below ``root``,
so that two daemons with one root share their storage, and two with
different roots do not. Any operation can be made to fail.
"""

import collections.abc
import errno
import os
import pathlib
import uuid
import xml.etree.ElementTree as etree

import libvirt

from nova_selective_migrate.host.hypervisor import connection
from tests.unit.host import fake_domain

_KIB = 1024


def libvirt_error(
    code: int, message: str = 'it broke', system: int = 0
) -> libvirt.libvirtError:
    """Make an error as the binding raises it."""
    error = libvirt.libvirtError(message)
    # The binding takes the last error of the thread for its message.
    error.args = (message,)
    error.err = (code, 0, message, 2, None, None, None, system, -1)
    return error


def broken(message: str = 'it broke') -> libvirt.libvirtError:
    return libvirt_error(libvirt.VIR_ERR_INTERNAL_ERROR, message)


class FakeDaemon:
    """What we use of virConnect."""

    def __init__(self, root: pathlib.Path | str = '/') -> None:
        self.root = pathlib.Path(root)
        self.host = 'other-host'
        self.uuid = str(uuid.uuid4())
        #: Of this host, running and defined.
        self.domains: dict[str, fake_domain.FakeDomain] = {}
        self.pools: list[FakePool] = []
        #: Errors by operation, or by operation and name.
        self.fails: dict[str | tuple[str, str], Exception] = {}
        #: What was done: (operation, name).
        self.done: list[tuple[str, str]] = []
        #: format and capacity of what is not raw
        self.formats: dict[pathlib.Path, tuple[str, int]] = {}
        #: Backing files of images.
        self.backing: dict[pathlib.Path, str] = {}
        #: Capacity and free bytes of the file system of all directories.
        self.room = (1 << 40, 1 << 39)
        #: What happens when a volume has been made.
        self.on_create: collections.abc.Callable[[str], object] = str
        #: What happens meanwhile, whenever pools are listed.
        self.on_list: collections.abc.Callable[[], object] = lambda: None

    def do(self, operation: str, name: str) -> None:
        """Record an operation, or fail it."""
        for key in ((operation, name), operation):
            if key in self.fails:
                raise self.fails[key]
        self.done.append((operation, name))

    def names(self, operation: str) -> list[str]:
        return [name for done, name in self.done if done == operation]

    def real(self, path: str) -> pathlib.Path:
        return self.root / path.lstrip('/')

    @property
    def released(self) -> bool:
        """Tell whether no transient pool is left."""
        return not any(pool.transient for pool in self.pools)

    def getHostname(self) -> str:
        return self.host

    def getType(self) -> str:
        return 'Fake'

    def getLibVersion(self) -> int:
        return 9000000

    def getVersion(self) -> int:
        return 7002000

    def setKeepAlive(self, interval: int, count: int) -> int:
        return 0

    def isAlive(self) -> int:
        return 1

    def close(self) -> int:
        return 0

    def getCapabilities(self) -> str:
        host = f'<host><uuid>{self.uuid}</uuid></host>'
        return f'<capabilities>{host}</capabilities>'

    def listAllDomains(self, flags: int = 0) -> list[fake_domain.FakeDomain]:
        self.do('listAllDomains', '')
        return list(self.domains.values())

    def lookupByUUIDString(self, uuid: str) -> fake_domain.FakeDomain:
        self.do('lookupByUUIDString', uuid)
        if uuid not in self.domains:
            raise libvirt_error(libvirt.VIR_ERR_NO_DOMAIN, 'no domain')
        return self.domains[uuid]

    def lookupByName(self, name: str) -> fake_domain.FakeDomain:
        self.do('lookupByName', name)
        for domain in self.domains.values():
            if domain.name() == name:
                return domain
        raise libvirt_error(libvirt.VIR_ERR_NO_DOMAIN, f'no domain {name}')

    def listAllStoragePools(self) -> list['FakePool']:
        self.do('listAllStoragePools', '')
        self.on_list()
        return list(self.pools)

    def storagePoolLookupByName(self, name: str) -> 'FakePool':
        for pool in self.pools:
            if pool.label == name:
                return pool
        raise libvirt_error(libvirt.VIR_ERR_NO_STORAGE_POOL, 'no pool')

    def newStream(self, flags: int = 0) -> 'FakeStream':
        return FakeStream()

    def storageVolLookupByPath(self, path: str) -> 'FakeVolume':
        self.do('storageVolLookupByPath', path)
        for pool in self.pools:
            if pool.active and os.path.dirname(path) == pool.path:
                return pool.storageVolLookupByName(os.path.basename(path))
        raise libvirt_error(libvirt.VIR_ERR_NO_STORAGE_VOL, 'no volume')

    def storagePoolCreateXML(self, text: str) -> 'FakePool':
        tree = etree.fromstring(text)
        path = tree.findtext('./target/path') or ''
        self.do('storagePoolCreateXML', path)
        # As libvirt, of a directory beside a volume group of that name.
        if path in [pool.path for pool in self.pools if pool.is_directory]:
            raise libvirt_error(
                libvirt.VIR_ERR_OPERATION_FAILED,
                'Storage source conflict with pool',
            )
        if not self.real(path).is_dir():
            raise libvirt_error(
                libvirt.VIR_ERR_SYSTEM_ERROR,
                f"cannot open directory '{path}'",
                errno.ENOENT,
            )
        pool = FakePool(
            self, path, tree.findtext('name') or '', transient=True
        )
        self.pools.append(pool)
        return pool


class FakePool(libvirt.virStoragePool):
    """What we use of virStoragePool, of type dir."""

    _o = None  # there is nothing of the library's to free
    is_directory = True

    def __init__(
        self,
        daemon: FakeDaemon,
        path: str,
        name: str = 'images',
        *,
        transient: bool = False,
        active: bool = True,
    ) -> None:
        self.daemon = daemon
        self.path = path
        self.label = name
        self.transient = transient
        self.active = active
        #: What libvirt tells of it, where that is no directory; paths of
        #: its volumes by name.
        self.text = ''
        self.paths: dict[str, str] = {}

    def name(self) -> str:
        return self.label

    def isActive(self) -> int:
        return int(self.active)

    def XMLDesc(self, flags: int = 0) -> str:
        self.daemon.do('pool.XMLDesc', self.label)
        return self.text or (
            f"<pool type='dir'><name>{self.label}</name>"
            f'<target><path>{self.path}</path></target></pool>'
        )

    def info(self) -> list[int]:
        self.daemon.do('pool.info', self.path)
        capacity, free = self.daemon.room
        return [libvirt.VIR_STORAGE_POOL_RUNNING, capacity, 0, free]

    def connect(self) -> FakeDaemon:
        return self.daemon

    def refresh(self, flags: int = 0) -> int:
        self.daemon.do('refresh', self.path)
        return 0

    def destroy(self) -> int:
        self.daemon.do('destroy', self.path)
        self.daemon.pools.remove(self)
        return 0

    def storageVolLookupByName(self, name: str) -> 'FakeVolume':
        self.daemon.do('storageVolLookupByName', name)
        if name in self.paths:
            return FakeVolume(self.daemon, pathlib.Path(self.paths[name]))
        file = self.daemon.real(self.path) / name
        # As libvirt, which follows links and lists none that leads nowhere.
        if not file.exists():
            raise libvirt_error(libvirt.VIR_ERR_NO_STORAGE_VOL, 'no volume')
        return FakeVolume(self.daemon, file)

    def listAllVolumes(self, flags: int = 0) -> list['FakeVolume']:
        self.daemon.do('listAllVolumes', self.path)
        files = sorted(self.daemon.real(self.path).iterdir())
        return [FakeVolume(self.daemon, file) for file in files]

    def createXML(self, text: str, flags: int = 0) -> 'FakeVolume':
        tree = etree.fromstring(text)
        name = tree.findtext('name') or ''
        self.daemon.do('createXML', name)
        file = self.daemon.real(self.path) / name
        if file.exists():
            raise libvirt_error(
                libvirt.VIR_ERR_STORAGE_VOL_EXIST, f'{name} exists'
            )
        size = int(tree.findtext('capacity') or 0)
        form = tree.find('./target/format')
        kind = 'raw' if form is None else str(form.get('type'))
        try:
            # qemu-img follows a link that leads nowhere.
            with file.open('xb' if kind == 'raw' else 'wb') as out:
                out.truncate(size if kind == 'raw' else 0)
        except OSError as err:
            raise libvirt_error(
                libvirt.VIR_ERR_SYSTEM_ERROR,
                f"cannot create path '{file}'",
                err.errno or 0,
            ) from err
        if kind != 'raw':
            # As libvirt does: whole KiB, rounded up.
            self.daemon.formats[file] = (kind, -(-size // _KIB) * _KIB)
        self.daemon.done.append(('volume', text))
        self.daemon.on_create(name)
        return FakeVolume(self.daemon, file)


class FakeStream:
    """What we use of virStream: bytes that come, at most 1000 at once."""

    def __init__(self) -> None:
        self.left = b''
        self.file: pathlib.Path | None = None
        self.at = 0

    def send(self, data: bytes) -> int:
        assert self.file is not None
        with self.file.open('r+b') as out:
            out.seek(self.at)
            out.write(data[:1000])
        self.at += len(data[:1000])
        return len(data[:1000])

    def recv(self, count: int) -> bytes:
        part, self.left = self.left[: min(count, 1000)], self.left[1000:]
        return part

    def finish(self) -> int:
        return 0

    def abort(self) -> int:
        return 0


class FakeVolume:
    """What we use of virStorageVol."""

    def __init__(self, daemon: FakeDaemon, file: pathlib.Path) -> None:
        self.daemon = daemon
        self.file = file

    def name(self) -> str:
        return self.file.name

    def _format(self) -> tuple[str, int]:
        raw = ('raw', self.file.stat().st_size)
        return self.daemon.formats.get(self.file, raw)

    def XMLDesc(self, flags: int = 0) -> str:
        self.daemon.do('volume.XMLDesc', self.file.name)
        kind, capacity = self._format()
        type_ = 'file' if self.file.is_file() else 'dir'
        status = self.file.stat()
        allocated = status.st_blocks * 512
        return (
            f"<volume type='{type_}'><name>{self.file.name}</name>"
            f"<capacity unit='bytes'>{capacity}</capacity>"
            f"<allocation unit='bytes'>{allocated}</allocation>"
            f"<target><format type='{kind}'/><timestamps>"
            f'<mtime>{_time(status.st_mtime_ns)}</mtime>'
            f'<ctime>{_time(status.st_ctime_ns)}</ctime>'
            f'</timestamps></target>{self._backing()}</volume>'
        )

    def _backing(self) -> str:
        path = self.daemon.backing.get(self.file)
        return f'<backingStore><path>{path}</path></backingStore>' * bool(path)

    def path(self) -> str:
        return str(self.file)

    def info(self) -> list[int]:
        return [0, self._format()[1], 0]

    def download(
        self, stream: FakeStream, offset: int, length: int, flags: int = 0
    ) -> int:
        self.daemon.do('download', self.file.name)
        stream.left = self.file.read_bytes()
        return 0

    def upload(
        self, stream: FakeStream, offset: int, length: int, flags: int = 0
    ) -> int:
        self.daemon.do('upload', self.file.name)
        stream.file, stream.at = self.file, offset
        return 0

    def connect(self) -> FakeDaemon:
        return self.daemon

    def resize(self, capacity: int, flags: int = 0) -> int:
        self.daemon.do('resize', self.file.name)
        self.daemon.formats[self.file] = (self._format()[0], capacity)
        return 0

    def delete(self, flags: int = 0) -> int:
        self.daemon.do('delete', self.file.name)
        self.file.unlink()
        return 0


def _time(nanoseconds: int) -> str:
    """Write a time as libvirt does."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f'{seconds}.{rest:09d}'


def connect(
    daemon: FakeDaemon, uri: str = 'qemu+tcp://other-host/system'
) -> connection.Connection:
    """Return our connection to a daemon on another host."""
    return connection.Connection(daemon, uri)
