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

"""A storage pool of a volume group, as libvirt's daemon has one.

It shows what the group had at the last look, lists no thin volumes, and makes
volumes of whole extents; recorded from libvirt 9.0 and LVM 2.03.
"""

import dataclasses
import xml.etree.ElementTree as etree

import libvirt

from tests.unit.host import fake_daemon

EXTENT = 4 << 20


@dataclasses.dataclass(frozen=True)
class Lv:
    """A logical volume, as LVM has it."""

    key: str
    size: int
    listed: bool = True


class FakeVolumePool(fake_daemon.FakePool):
    """What we use of a virStoragePool of type logical or zfs."""

    is_directory = False

    def __init__(
        self,
        daemon: fake_daemon.FakeDaemon,
        name: str = 'vg0',
        kind: str = 'logical',
    ) -> None:
        super().__init__(daemon, f'/dev/{name}', name)
        self.kind = kind
        self.text = (
            f"<pool type='{kind}'><name>{name}</name>"
            f'<target><path>{self.path}</path></target></pool>'
        )
        #: What LVM has, and what libvirt saw of it.
        self.lvs: dict[str, Lv] = {}
        self.seen: dict[str, Lv] = {}
        self.free = 1 << 40
        self._count = 0

    def make(self, name: str, size: int, *, listed: bool = True) -> Lv:
        """Make a volume behind libvirt's back."""
        self._count += 1
        self.lvs[name] = Lv(f'uuid-{self._count}', size, listed)
        return self.lvs[name]

    def info(self) -> list[int]:
        return [libvirt.VIR_STORAGE_POOL_RUNNING, 1 << 40, 0, self.free]

    def refresh(self, flags: int = 0) -> int:
        self.daemon.do('refresh', self.path)
        self.seen = {n: lv for n, lv in self.lvs.items() if lv.listed}
        return 0

    def storageVolLookupByName(self, name: str) -> 'FakeLv':
        if name not in self.seen:
            raise fake_daemon.libvirt_error(
                libvirt.VIR_ERR_NO_STORAGE_VOL, 'no volume'
            )
        return FakeLv(self, name)

    def listAllVolumes(self, flags: int = 0) -> list['FakeLv']:
        return [FakeLv(self, name) for name in self.seen]

    def createXML(self, text: str, flags: int = 0) -> 'FakeLv':
        tree = etree.fromstring(text)
        name = tree.findtext('name') or ''
        self.daemon.do('createXML', name)
        if name in self.lvs:
            raise fake_daemon.broken(f'"{name}" already exists in {self.path}')
        size = int(tree.findtext('capacity') or 0)
        if tree.findtext('allocation') != str(size):
            raise fake_daemon.broken('snapshot: Required targets not detected')
        self.make(name, -(-size // EXTENT) * EXTENT)
        self.seen[name] = self.lvs[name]
        self.daemon.on_create(name)
        return FakeLv(self, name)


class FakeLv:
    """What we use of virStorageVol."""

    def __init__(self, group: FakeVolumePool, name: str) -> None:
        self.group = group
        self._name = name
        self._lv = group.seen[name]

    def name(self) -> str:
        return self._name

    def path(self) -> str:
        return f'{self.group.path}/{self._name}'

    def key(self) -> str:
        zfs = self.group.kind == 'zfs'
        return f'{self.group.label}/{self._name}' if zfs else self._lv.key

    def XMLDesc(self, flags: int = 0) -> str:
        self.group.daemon.do('volume.XMLDesc', self._name)
        return (
            f"<volume type='block'><name>{self._name}</name>"
            f'<key>{self.key()}</key>'
            f"<capacity unit='bytes'>{self._lv.size}</capacity></volume>"
        )

    def delete(self, flags: int = 0) -> int:
        # By its path, as lvremove: whatever has the name now.
        self.group.daemon.do('delete', self._name)
        del self.group.lvs[self._name]
        return 0
