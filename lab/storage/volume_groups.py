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

"""Make volume groups, thin pools and logical volumes on a host.

The host has a kernel of its own: device-mapper knows no namespaces.
"""

from dataclasses import dataclass
import json

from lab.hosts.lab_host import Host

#: Devices of a host with its own kernel that nothing is on: sparse, 3 GiB.
DEVICES = ('/dev/loop1', '/dev/loop2')
_SECTOR = 512


@dataclass(frozen=True)
class Volume:
    """One logical volume, by its name on its host."""

    host: Host
    group: str
    name: str

    @property
    def path(self) -> str:
        """Return the name of its device."""
        return f'/dev/{self.group}/{self.name}'

    @property
    def uuid(self) -> str:
        """Return what tells it from another one of that name."""
        return self._field('lv_uuid')

    @property
    def size(self) -> int:
        """Return its size in bytes."""
        return int(self._field('lv_size'))

    @property
    def exists(self) -> bool:
        """Whether its group has a volume of this name."""
        return self.name in volumes(self.host, self.group)

    @property
    def allocated(self) -> int:
        """Return how many bytes its pool has for it; thin ones only.

        Asked of the kernel: what LVM shows is a rounded share.
        """
        name = '-'.join(n.replace('-', '--') for n in (self.group, self.name))
        said = self.host.run(['dmsetup', 'status', name]).stdout.split()
        # START LENGTH thin MAPPED-SECTORS HIGHEST
        return int(said[3]) * _SECTOR

    def remove(self) -> None:
        """Remove it."""
        self.host.run(['lvremove', '-qy', f'{self.group}/{self.name}'])

    def _field(self, name: str) -> str:
        said = self.host.run(
            ['lvs', '--noheadings', '--nosuffix', '--units=b']
            + ['-o', name, f'{self.group}/{self.name}']
        )
        return said.stdout.strip()


@dataclass(frozen=True)
class ThinPool:
    """A pool that thin volumes take their blocks from."""

    host: Host
    group: str
    name: str

    def create(self, name: str, size_mib: int) -> Volume:
        """Make a thin volume."""
        self.host.run(
            ['lvcreate', '-qy', '--type=thin', f'--virtualsize={size_mib}M']
            + [f'--name={name}', f'--thinpool={self.name}', self.group]
        )
        return Volume(self.host, self.group, name)


@dataclass(frozen=True)
class VolumeGroup:
    """A volume group of one host."""

    host: Host
    name: str

    @classmethod
    def create(
        cls, host: Host, name: str = 'nsm', device: str = DEVICES[0]
    ) -> 'VolumeGroup':
        """Make a group of a whole device."""
        host.run(['vgcreate', '-qy', name, device])
        return cls(host, name)

    def create_volume(self, name: str, size_mib: int) -> Volume:
        """Make a thick volume; its content is not to be relied upon."""
        self.host.run(
            ['lvcreate', '-qy', '--wipesignatures=n', f'--size={size_mib}M']
            + [f'--name={name}', self.name]
        )
        return Volume(self.host, self.name, name)

    def create_pool(
        self, name: str = 'pool', size_mib: int = 1024
    ) -> ThinPool:
        """Make a thin pool."""
        self.host.run(
            ['lvcreate', '-qy', '--type=thin-pool', f'--size={size_mib}M']
            + [f'--name={name}', self.name]
        )
        return ThinPool(self.host, self.name, name)

    @property
    def free(self) -> int:
        """Return how many bytes no volume has."""
        said = self.host.run(
            ['vgs', '--noheadings', '--nosuffix', '--units=b']
            + ['-o', 'vg_free', self.name]
        )
        return int(said.stdout)

    def remove(self) -> None:
        """Remove it with all of its volumes; its devices are free again."""
        devices = _devices(self.host, self.name)
        self.host.run(['vgremove', '-qffy', self.name])
        self.host.run(['pvremove', '-qffy', *devices])


def volumes(host: Host, group: str) -> list[str]:
    """Return the names of a group's volumes, not the hidden ones."""
    said = host.run(['lvs', '--reportformat=json', '-o', 'lv_name', group])
    (report,) = json.loads(said.stdout)['report']
    return [row['lv_name'] for row in report['lv']]


def _devices(host: Host, group: str) -> list[str]:
    said = host.run(
        ['pvs', '--noheadings', '-o', 'pv_name', '--select']
        + [f'vg_name={group}']
    )
    return said.stdout.split()
