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

"""Describe a server and start it."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
import hashlib
from pathlib import Path
import uuid

from lab.guests import guest_boot
from lab.guests.written_records import Workload
from lab.hosts.lab_host import Host
from lab.nova.nova_cloud import Cloud
from lab.nova.nova_server import Server
from lab.nova.nova_volumes import Volume
from lab.storage.guest_disks import MIB


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a user asks nova for.

    Its disks are vda, vdb, ... in this order: root, ephemeral, swap,
    volumes; a config drive is wherever nova puts it.
    """

    #: The format of the image: qcow2, raw or iso; unused with `volume`.
    image: str = 'qcow2'
    #: Boot from this one instead of an image.
    volume: Volume | None = None
    root_mib: int = 16
    #: 'ext4', 'vfat' or '' for nova's default; None is no such disk.
    ephemeral: str | None = None
    swap_mib: int = 0
    volumes: tuple[Volume, ...] = ()
    config_drive: bool = False
    memory_mib: int = 96
    workload: Workload = field(default_factory=Workload)
    #: Whether the guest takes disks that come and go.
    hotplug: bool = False
    #: More properties of the image.
    properties: Mapping[str, str] = field(default_factory=dict)


def boot(cloud: Cloud, host: Host, wanted: Description) -> Server:
    """Start a server on a host, as its own driver does it."""
    identifier = str(uuid.uuid4())
    properties = _properties(cloud, wanted)
    image = None
    if wanted.volume is None:
        file = _root_image(cloud, identifier, wanted)
        image = cloud.images.add(file, wanted.image, properties)
        file.unlink()
    cloud.compute(host).command(
        'boot',
        server=identifier,
        image=image,
        image_properties=properties,
        memory_mib=wanted.memory_mib,
        ephemeral_gib=0 if wanted.ephemeral is None else 1,
        swap_mib=wanted.swap_mib,
        config_drive=wanted.config_drive,
        disks=_disks(wanted, image),
    )
    return Server(cloud, identifier, wanted.workload, pattern(identifier))


def pattern(identifier: str) -> bytes:
    """Return what the last MiB of a server's image holds."""
    seed = hashlib.sha256(identifier.encode()).digest()
    return hashlib.shake_128(seed).digest(MIB)


def _properties(cloud: Cloud, wanted: Description) -> dict[str, str]:
    files = guest_boot.prepare(cloud.lab.home)
    command_line = guest_boot.command_line(
        wanted.workload, hotplug=wanted.hotplug
    )
    return {
        'kernel_id': cloud.images.add(files.kernel, 'aki'),
        'ramdisk_id': cloud.images.add(files.initramfs, 'ari'),
        'os_command_line': command_line,
        'hw_machine_type': 'pc',
        **wanted.properties,
    }


def _root_image(cloud: Cloud, identifier: str, wanted: Description) -> Path:
    raw = cloud.directory / f'{identifier}.raw'
    with raw.open('wb') as stream:
        stream.truncate(wanted.root_mib * MIB)
        if wanted.image == 'iso':
            # As much of ISO 9660 as it takes to be recognised.
            stream.seek(0x8000)
            stream.write(b'\1CD001\1')
        stream.seek((wanted.root_mib - 1) * MIB)
        stream.write(pattern(identifier))
    if wanted.image != 'qcow2':
        return raw
    image = raw.with_suffix('.qcow2')
    cloud.lab.a.run(
        ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, image]
    )
    raw.unlink()
    return image


def _disks(
    wanted: Description, image: str | None
) -> list[dict[str, str | int | None]]:
    """Return the fields of the block device mappings."""
    local: dict[str, str | int | None] = {'destination_type': 'local'}
    disks: list[dict[str, str | int | None]] = []
    if image:
        disks.append({**local, 'source_type': 'image', 'image_id': image})
        if wanted.image == 'iso':
            disks[0]['device_type'] = 'cdrom'
    if wanted.ephemeral is not None:
        blank = {**local, 'source_type': 'blank', 'volume_size': 1}
        disks.append({**blank, 'guest_format': wanted.ephemeral or None})
    if wanted.swap_mib:
        blank = {'source_type': 'blank', 'volume_size': wanted.swap_mib}
        disks.append({**local, **blank, 'guest_format': 'swap'})
    root = (wanted.volume,) if wanted.volume else ()
    volumes: list[dict[str, str | int | None]] = [
        {
            'source_type': 'volume',
            'destination_type': 'volume',
            'volume_id': volume.id,
            'volume_size': 1,
        }
        for volume in (*root, *wanted.volumes)
    ]
    split = len(root)
    disks = [*volumes[:split], *disks, *volumes[split:]]
    used = {'vd': 0, 'hd': 0}
    for disk in disks:
        bus = 'hd' if disk.get('device_type') == 'cdrom' else 'vd'
        disk['device_name'] = f'/dev/{bus}{chr(ord("a") + used[bus])}'
        used[bus] += 1
    return disks
