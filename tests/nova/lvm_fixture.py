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

"""LVM in place of its programs, a volume group for each host.

nova's own code (nova.virt.libvirt.storage.lvm) runs as it is; what is feigned
is what nova.privsep.fs runs: lvcreate, vgs, lvs, lvremove, blockdev, shred.
The kernel of these tests has no device-mapper. Real volume groups, in kernels
of their own, are in tests/storage.
"""

import dataclasses
import itertools
import os
import typing

import fixtures
from nova.privsep import fs
from oslo_concurrency import processutils

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import local_storage

MIB = 1 << 20
# As lvs 2.03.16 heads them, those before and after left out. LV is twice.
HEADS = 'VG UUID|VG|VSize|VFree|Ext|LV UUID|LV|LV|Path|LSize|Data%|Meta%|Attr'
_NUMBER = itertools.count(1)


def uuid(of: str) -> str:
    """Make a UUID as LVM prints one."""
    signs = f'{of}{next(_NUMBER)}'.ljust(32, 'x')
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    return '-'.join(signs[a:b] for a, b in itertools.pairwise(cuts))


@dataclasses.dataclass
class Volume:
    """A volume; what is written to it is kept in no place."""

    size: int
    uuid: str = dataclasses.field(default_factory=lambda: uuid('volume'))
    cleared: bool = False


@dataclasses.dataclass
class Group:
    """A volume group of one host."""

    name: str
    size: int = 4096 * MIB
    extent: int = 4 * MIB
    uuid: str = dataclasses.field(default_factory=lambda: uuid('group'))
    volumes: dict[str, Volume] = dataclasses.field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.size - sum(v.size for v in self.volumes.values())

    def create(self, name: str, size: int) -> Volume:
        size = -(-size // self.extent) * self.extent
        if name in self.volumes:
            raise failed('lvcreate', f'{name} already exists in {self.name}')
        if size > self.free:
            raise failed('lvcreate', f'{self.name} has insufficient space')
        self.volumes[name] = Volume(size)
        return self.volumes[name]

    def rows(self) -> list[str]:
        return [self.row(name) for name in self.volumes]

    def row(self, name: str) -> str:
        told = self.volumes[name]
        return '|'.join(
            (
                *(self.uuid, self.name, '4.00g', '1.00g', '4.00m'),
                *(told.uuid, name, f'{self.name}/{name}'),
                *(f'/dev/{self.name}/{name}', '1.00g', '', '', '-wi-a-----'),
            )
        )


def failed(program: str, why: str) -> Exception:
    return processutils.ProcessExecutionError(
        cmd=program, exit_code=5, stderr=f'  {why}'
    )


class Lvm(fixtures.Fixture):
    """Takes the place of LVM's programs, and of what sysfs says of devices.

    :param host: tells the host that asks
    """

    def __init__(self, host: typing.Callable[[], str]) -> None:
        super().__init__()
        self.groups: dict[str, list[Group]] = {}
        #: What was run, with the host that ran it.
        self.runs: list[tuple[str, ...]] = []
        self.fails: dict[str, Exception] = {}
        self._host = host

    def _setUp(self) -> None:
        for name in (
            *('lvcreate', 'vginfo', 'lvlist', 'lvinfo', 'lvremove'),
            *('blockdev_size', 'clear'),
        ):
            self.useFixture(
                fixtures.MockPatchObject(fs, name, self._noted(name))
            )
        real = local_storage.local_facts

        def facts(path: str) -> storage_facts.StorageFacts:
            folder = os.path.basename(os.path.dirname(path))
            if not path.startswith('/dev/') or not self._named(folder):
                return real(path)
            if self._find(path) is None:
                return storage_facts.StorageFacts(exists=False)
            return storage_facts.StorageFacts(
                exists=True,
                kind=storage_facts.PathKind.BLOCK,
                resolved=path,
                transport='dm',
                slaves=('sata',),
            )

        self.useFixture(
            fixtures.MockPatchObject(local_storage, 'local_facts', facts)
        )
        exists = os.path.exists

        def seen(path: typing.Any) -> bool:
            # nova looks whether the group has a directory of devices.
            folder, name = os.path.split(str(path))
            group = folder == '/dev' and bool(self._named(name))
            return group or exists(path)

        self.useFixture(fixtures.MockPatchObject(os.path, 'exists', seen))

    def _noted(self, name: str) -> typing.Callable[..., typing.Any]:
        act = getattr(self, f'_{name}')

        def noted(*args: typing.Any, **more: typing.Any) -> typing.Any:
            self.runs.append((self._host(), name, *map(str, args)))
            if name in self.fails:
                raise self.fails[name]
            return act(*args, **more)

        return noted

    def _named(self, name: str) -> list[Group]:
        groups = self.groups.get(self._host(), [])
        return [group for group in groups if group.name == name]

    def group(self, name: str) -> Group:
        found = self._named(name.removeprefix('/dev/'))
        if len(found) != 1:
            raise failed('vgs', f'Volume group "{name}" not found')
        return found[0]

    def _find(self, path: str) -> Volume | None:
        folder, name = os.path.split(path)
        groups = self._named(folder.removeprefix('/dev/'))
        return groups[0].volumes.get(name) if groups else None

    def _volume(self, path: str) -> Volume:
        found = self._find(path)
        if found is None:
            raise failed('lvs', f'Failed to find logical volume "{path}"')
        return found

    def _lvcreate(
        self, size: int, lv: str, vg: str, preallocated: int | None = None
    ) -> None:
        if preallocated:
            raise failed('lvcreate', 'no thin pool is feigned')
        self.group(vg).create(lv, size)

    def _vginfo(self, vg: str) -> tuple[str, str]:
        group = self.group(vg)
        return f'  {group.size}|{group.free}\n', ''

    def _lvlist(self, vg: str) -> tuple[str, str]:
        names = self.group(vg).volumes
        return ''.join(f'  {name}\n' for name in names), ''

    def _lvinfo(self, place: str) -> tuple[str, str]:
        folder, name = os.path.split(place)
        if folder in ('', '/dev'):
            rows = self.group(place).rows()
        else:
            self._volume(place)
            rows = [self.group(folder).row(name)]
        return ''.join(f'  {row}\n' for row in [HEADS, *rows] if rows), ''

    def _lvremove(self, path: str) -> None:
        self._volume(path)
        folder, name = os.path.split(path)
        del self.group(folder).volumes[name]

    def _blockdev_size(self, path: str) -> tuple[str, str]:
        return f'{self._volume(path).size}\n', ''

    def _clear(self, path: str, size: int, shred: bool = False) -> None:
        self._volume(path).cleared = True
