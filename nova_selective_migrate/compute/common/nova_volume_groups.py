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

"""LVM as nova uses it, through its own code and with its own rights.

nova.virt.libvirt.storage.lvm and nova.privsep.fs run LVM's programs; nothing
here runs one by itself.
"""

import dataclasses
import os.path

from nova import exception
import nova.conf
from nova.privsep import fs
from nova.virt.libvirt.storage import lvm
from oslo_concurrency import processutils

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.evidence import volume_groups
from nova_selective_migrate.core.model import logical_volumes

CONF = nova.conf.CONF
#: What nova's code raises where LVM fails.
ERRORS = (
    processutils.ProcessExecutionError,
    exception.NovaException,
    RuntimeError,
    OSError,
)


@dataclasses.dataclass(frozen=True)
class VolumeGroup:
    """A volume group, as LVM tells it.

    :ivar uuid: volume_groups.EMPTY_GROUP where it has no volume: nova's code
        shows the UUID beside volumes alone
    :ivar free_bytes: bytes that no volume has
    """

    name: str
    uuid: str
    free_bytes: int
    volumes: tuple[logical_volumes.LogicalVolume, ...]


def configured() -> str:
    """Return the volume group where nova makes images here; empty: none."""
    if CONF.libvirt.images_type != 'lvm':
        return ''
    return str(CONF.libvirt.images_volume_group or '')


def device(group: str, name: str) -> str:
    """Return the path of a volume (nova.virt.libvirt.imagebackend.Lvm)."""
    return os.path.join('/dev', group, name)


def read_group(name: str) -> VolumeGroup:
    """Read a volume group.

    :raises PreparationFailed: when LVM does not tell one of that name
    """
    try:
        free = lvm.get_volume_group_info(name)['free']
    except ERRORS as err:
        raise _failed(f'the volume group {name} cannot be read', err) from err
    volumes = read_volumes(name)
    uuids = {volume.group_uuid for volume in volumes}
    if len(uuids) > 1:
        raise exceptions.PreparationFailed(
            f'LVM knows several volume groups of the name {name}'
        )
    uuid = uuids.pop() if uuids else volume_groups.EMPTY_GROUP
    return VolumeGroup(name, uuid, int(free), volumes)


def read_volumes(place: str) -> tuple[logical_volumes.LogicalVolume, ...]:
    """Read the volumes of a group, or the one at a path.

    :raises PreparationFailed: when LVM tells none there
    """
    try:
        # nova.virt.libvirt.storage.lvm.volume_info takes one volume alone.
        text, _ = fs.lvinfo(place)
    except ERRORS as err:
        raise _failed(f'the volumes of {place} cannot be read', err) from err
    head, *rows = [line.strip().split('|') for line in text.splitlines()] or [
        []
    ]
    found = []
    for row in rows:
        told = dict(zip(head, row, strict=False))
        try:
            volume = logical_volumes.LogicalVolume(
                told['Path'], told['VG UUID'], told['LV UUID']
            )
        except KeyError as err:
            raise exceptions.PreparationFailed(
                f'lvs tells no {err} of {place}'
            ) from err
        found.append(volume)
    return tuple(found)


def read_volume(path: str) -> logical_volumes.LogicalVolume:
    """Read one volume.

    :raises PreparationFailed: when LVM does not tell it, and it alone
    """
    found = read_volumes(path)
    if len(found) != 1 or not found[0].uuid or not found[0].group_uuid:
        raise exceptions.PreparationFailed(
            f'LVM tells no UUID of one logical volume at {path}'
        )
    return dataclasses.replace(found[0], path=path)


def names(group: str) -> list[str]:
    """List the names of a group's volumes.

    :raises PreparationFailed: when LVM does not tell them
    """
    try:
        return list(lvm.list_volumes(group))
    except ERRORS as err:
        raise _failed(f'the volumes of {group} cannot be read', err) from err


def create(group: str, name: str, size: int) -> None:
    """Make a volume with all of its room.

    Never a sparse one: nova gives each of these a pool of 64 MiB, and QEMU
    writes all of a device that it copies to.

    :param size: bytes; LVM rounds it up to extents
    :raises PreparationFailed: when it cannot be made
    """
    try:
        lvm.create_volume(group, name, size)
    except ERRORS as err:
        path = device(group, name)
        raise _failed(f'{path} cannot be made', err) from err


def size(path: str) -> int:
    """Return the bytes of a volume's device.

    :raises PreparationFailed: when it cannot be read
    """
    try:
        return int(lvm.get_volume_size(path))
    except ERRORS as err:
        raise _failed(f'the size of {path} cannot be read', err) from err


def remove(path: str) -> None:
    """Clear a volume as volume_clear says, and remove it.

    :raises PreparationFailed: when it cannot be removed
    """
    try:
        lvm.remove_volumes([path])
    except ERRORS as err:
        raise _failed(f'{path} cannot be removed', err) from err


def _failed(what: str, error: Exception) -> exceptions.PreparationFailed:
    said = getattr(error, 'stderr', '') or str(error)
    return exceptions.PreparationFailed(f'{what}: {said}')
