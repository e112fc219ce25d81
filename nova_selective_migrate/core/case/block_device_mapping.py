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

"""Read nova's block_device_info: the volumes that nova has attached.

The shape is that of nova.virt.driver.get_block_device_info (nova 27 to 34):
``block_device_mapping`` is a list of rows with ``mount_device`` and
``connection_info``, the latter as os-brick and cinder made it.
"""

import collections.abc
import json
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import domains

Json = typing.Any
_DEVICE_PATH_KEYS = ('device_path', 'path')
_LUN_KEYS = (
    ('target_iqn', 'target_lun'),
    ('target_wwn', 'target_lun'),
    ('target_iqns', 'target_luns'),
    ('target_wwn', 'target_luns'),
)
#: The keys of connection_info.data that locate a volume. Nothing reads the
#: others, which can hold credentials.
DATA_KEYS = (
    'volume_id',
    'name',
    'export',
    *_DEVICE_PATH_KEYS,
    'multipath_id',
    *dict.fromkeys(key for pair in _LUN_KEYS for key in pair),
)
#: Those of them that hold a value for each path to the volume.
LIST_KEYS = ('target_iqns', 'target_luns', 'target_wwn')


def parse(info: Json) -> tuple[domains.VolumeAttachment, ...] | None:
    """Read the attachments, without duplicates; None where not known.

    A dangling row, without id, name and connection info, gives no
    attachment; :func:`dangling` counts those.

    :raises InvalidCase: when the structure is not nova's
    """
    if info is None:
        return None
    attachments = (_attachment(row) for row in rows(info))
    return tuple(
        dict.fromkeys(
            a for a in attachments if a != domains.VolumeAttachment()
        )
    )


def dangling(info: Json) -> int:
    """Count the rows that name neither volume nor device."""
    if info is None:
        return 0
    empty = domains.VolumeAttachment()
    return sum(
        _attachment(row) == empty
        for row in rows(info)
        # Nearly every row has a device name, so that this test is quick.
        if _target(row.get('mount_device')) is None
    )


def rows(info: Json) -> list[dict[str, Json]]:
    """Return the rows of the block device mapping.

    :raises InvalidCase: when there is no list of objects
    """
    if not isinstance(info, dict):
        raise exceptions.InvalidCase('block_device_info is not an object')
    rows = info.get('block_device_mapping')
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise exceptions.InvalidCase('block_device_mapping is not a list')
    return [json_object(row, 'a row of block_device_mapping') for row in rows]


def as_migrated(
    found: collections.abc.Iterable[dict[str, Json]],
    disks: collections.abc.Iterable[domains.Disk],
) -> list[dict[str, Json]]:
    """Return the rows that a live migration of nova's goes by.

    nova leaves out what has no connection_info. Of these the ones stay that
    no disk belongs to, so that a plan refuses them. A volume whose serial or
    alias a disk has is left out, as nova does not connect it at the
    destination.
    """
    shown = {key for disk in disks for key in (disk.serial, disk.alias_id)}
    return [
        row
        for row in found
        if row.get('connection_info') or row.get('volume_id') not in shown
    ]


def _attachment(row: dict[str, Json]) -> domains.VolumeAttachment:
    connection = json_object(row.get('connection_info'), 'connection_info')
    data = json_object(connection.get('data'), 'connection_info.data')
    # Cinder's serial comes first: it is the volume id after a swap or a
    # retype too, when volume_id may be the old one.
    volume_id = (
        _text(connection.get('serial'))
        or _text(data.get('volume_id'))
        or _text(connection.get('volume_id'))
        or _text(row.get('volume_id'))
    )
    driver_type = _text(connection.get('driver_volume_type'))
    name = _text(data.get('name'))
    return domains.VolumeAttachment(
        volume_id=volume_id,
        target=_target(row.get('mount_device')),
        driver_volume_type=driver_type,
        device_paths=_device_paths(data),
        image=name if driver_type == 'rbd' else None,
        export=_text(data.get('export')),
        file_name=name if driver_type != 'rbd' else None,
        luns=_luns(data),
        wwid=_text(data.get('multipath_id')),
        mapped_id=_text(row.get('volume_id')),
        data_id=_text(data.get('volume_id')),
    )


def _target(device_name: Json) -> str | None:
    name = _text(device_name)
    return (name.removeprefix('/dev/') or None) if name else None


def _device_paths(data: dict[str, Json]) -> tuple[str, ...]:
    paths = (_text(data.get(key)) for key in _DEVICE_PATH_KEYS)
    # Only a path identifies a file: two "json:{...}" sources look alike once
    # their secrets are dropped.
    return tuple(dict.fromkeys(p for p in paths if p and p.startswith('/')))


def _luns(data: dict[str, Json]) -> tuple[tuple[str, str], ...]:
    """Pair targets and LUNs; one LUN may stand for many targets."""
    found: dict[tuple[str, str], None] = {}
    for target_key, lun_key in _LUN_KEYS:
        targets = _texts(data.get(target_key))
        luns = _texts(data.get(lun_key))
        if len(luns) == 1:
            luns = luns * len(targets)
        if len(luns) == len(targets):
            found.update(dict.fromkeys(zip(targets, luns, strict=True)))
    return tuple(found)


def _texts(value: Json) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for item in values if (text := _text(item))]


def _text(value: Json) -> str | None:
    """Take a text or a number; anything else names nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value) or None


def json_object(value: Json, what: str) -> dict[str, Json]:
    """Take an object, or its JSON text as nova's database keeps it.

    :raises InvalidCase: when it is neither
    """
    if value is None or value == '':
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as err:
            raise exceptions.InvalidCase(f'{what} is not JSON') from err
    if value is None:
        return {}
    if not isinstance(value, collections.abc.Mapping):
        raise exceptions.InvalidCase(f'{what} is not an object')
    return dict(value)
