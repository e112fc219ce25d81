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

"""Make volumes, and see which host the hosts' Cinder says has them."""

from dataclasses import dataclass
from dataclasses import replace
import hashlib
from pathlib import Path
from typing import Any
import uuid

from lab.hosts.host_layout import HUB
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import SHARED
from lab.laboratory import Lab
from lab.nova import locked_json
from lab.nova.nova_settings import NFS
from lab.storage import loop_devices
from lab.storage.guest_disks import MIB

#: lab.nova.service.fakes mounts the shared file system for it.
EXPORT = 'hub:/shared'


@dataclass(frozen=True)
class Volume:
    """A volume that both hosts reach."""

    id: str
    #: Where the hosts see it.
    path: str
    connection_info: dict[str, Any]


@dataclass(frozen=True)
class Volumes:
    """The file that lab.nova.service.cinder reads and writes."""

    lab: Lab
    path: Path

    def block(self, size_mib: int = 16) -> Volume:
        """Make a block device that both hosts see under one name."""
        identifier = str(uuid.uuid4())
        node = f'/dev/lab/{identifier}'
        file = _empty(self._backing(HUB) / identifier, size_mib)
        loop_devices.show(loop_devices.attach(file), self.lab.hosts, node)
        data = {'device_path': node, 'access_mode': 'rw'}
        return self._add(Volume(identifier, node, _info('local', data)))

    def dealt(self, size_mib: int = 16) -> Volume:
        """Make a block device that each host names by itself.

        :returns: the volume with its path on host a.
        """
        identifier = str(uuid.uuid4())
        file = _empty(self._backing(HUB) / identifier, size_mib)
        device = loop_devices.attach(file)
        paths = {}
        for host in self.lab.hosts:
            paths[host.name] = f'/dev/lab/{host.name}-{identifier}'
            loop_devices.show(device, [host], paths[host.name])
        here = paths[self.lab.a.name]
        data = {'device_path': here, 'access_mode': 'rw'}
        return self._add(Volume(identifier, here, _info('local', data)), paths)

    def path_at(self, volume: Volume, host: Host) -> str:
        """Return where a host sees a volume of :meth:`dealt`."""
        return str(locked_json.read(self.path)['paths'][volume.id][host.name])

    def swapped(self, volume: Volume) -> Volume:
        """Give a volume another id, as after a swap of volumes."""
        identifier = str(uuid.uuid4())
        with locked_json.changed(self.path) as state:
            for kind in ('volumes', 'paths'):
                state[kind][identifier] = state[kind][volume.id]
            for attachment in state['attachments'].values():
                if attachment['volume'] == volume.id:
                    attachment['volume'] = identifier
        return replace(volume, id=identifier)

    def impostor(self, volume: Volume, host: Host, fill: bytes) -> Path:
        """Put another device where a host sees a volume.

        As where each host numbers its devices itself: one path, two disks.

        :returns: the file behind that device.
        """
        file = self._backing(host.name) / volume.id
        size = (self._backing(HUB) / volume.id).stat().st_size
        file.write_bytes(fill * (size // len(fill)))
        host.run(['rm', '-f', volume.path])
        loop_devices.show(loop_devices.attach(file), [host], volume.path)
        return file

    def nfs(self, size_mib: int = 16) -> Volume:
        """Make a file on the shared file system, as if that were NFS."""
        identifier = str(uuid.uuid4())
        name = f'volume-{identifier}'
        _empty(self.lab.a.path(f'{SHARED}/{name}'), size_mib)
        # Nova's rule.
        digest = hashlib.md5(EXPORT.encode(), usedforsecurity=False)
        mount = f'{NFS}/{digest.hexdigest()}'
        data = {'export': EXPORT, 'name': name, 'format': 'raw'}
        info = _info('nfs', data)
        return self._add(Volume(identifier, f'{mount}/{name}', info))

    def attachments(self, server: str) -> dict[str, list[str]]:
        """Return the hosts that have each volume of a server attached."""
        hosts: dict[str, list[str]] = {}
        for attachment in locked_json.read(self.path)['attachments'].values():
            if attachment['instance'] == server:
                hosts.setdefault(attachment['volume'], []).append(
                    attachment['host']
                )
        return hosts

    def _backing(self, owner: str) -> Path:
        directory = self.lab.home.of_host(owner) / 'backing'
        directory.mkdir(exist_ok=True)
        return directory

    def _add(
        self, volume: Volume, paths: dict[str, str] | None = None
    ) -> Volume:
        with locked_json.changed(self.path) as state:
            state['volumes'][volume.id] = volume.connection_info
            if paths:
                state['paths'][volume.id] = paths
        return volume


def _info(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {'driver_volume_type': kind, 'data': data}


def _empty(file: Path, size_mib: int) -> Path:
    with file.open('wb') as stream:
        stream.truncate(size_mib * MIB)
    return file
