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

"""The block device mapping as a whole: known or not, and left over."""

import json

from tests.unit.core import builders as b
from tests.unit.core.scenarios import joins
from tests.unit.core.scenarios.scenario import Scenario

PATH = '/data/vda'
_FACTS = {PATH: b.local()}
_DISK = b.disk('vda', b.file(PATH))
COPY = 'copy local-filesystem'
UNEXPLAINED = 'refuse volume-not-in-mapping'


def _of(name, decision, disk, info='absent', facts=None, plan=()):
    case = b.case(disk, source=_FACTS if facts is None else facts)
    if info != 'absent':
        case['block_device_info'] = info
    return Scenario(name, case, {'vda': decision}, plan)


def _told(name, path, source=b.file, facts=None):
    """A source that looks like a volume's, with and without a mapping."""
    known = {path: facts or b.local()}
    disk = b.disk('vda', source(path))
    return (
        _of(f'{name}_unexplained', UNEXPLAINED, disk, b.mapping(), known),
        _of(
            f'{name}_and_no_mapping',
            'copy',
            disk,
            facts=known,
        ),
    )


_SERIAL = b.disk('vda', b.file(PATH), serial=b.VOLUME)
_DANGLING = {'mount_device': None, 'connection_info': None}
_NO_DISK = ('volume-without-disk',)

SCENARIOS = (
    _of('absent_is_not_known', COPY, _SERIAL),
    _of('null_is_not_known', COPY, _SERIAL, None),
    _of('an_empty_object_has_told_all', UNEXPLAINED, _SERIAL, {}),
    _of(
        'an_empty_mapping_has_told_all',
        UNEXPLAINED,
        _SERIAL,
        {'block_device_mapping': []},
    ),
    _of('an_empty_mapping_is_fine_for_others', COPY, _DISK, b.mapping()),
    _of(
        'a_serial_that_is_no_volume_id_is_fine',
        COPY,
        b.disk('vda', b.file(PATH), serial='my-disk'),
        b.mapping(),
    ),
    _of(
        'a_serial_like_a_volume_id_in_capitals',
        UNEXPLAINED,
        b.disk('vda', b.file(PATH), serial=b.VOLUME.upper()),
        b.mapping(),
    ),
    *_told('nova_mount', joins.NFS_PATH),
    *_told('by_path_iscsi', joins.BY_PATH, b.block, facts=b.device('sata')),
    *_told('by_path_fc', joins.FC_PATH, b.block, facts=b.device('sata')),
    *_told(
        'logical_volume',
        f'/dev/cinder-volumes/volume-{b.VOLUME}',
        b.block,
        facts=b.device('dm', 'sata'),
    ),
    _of(
        'a_link_to_a_path_of_volumes',
        UNEXPLAINED,
        _DISK,
        b.mapping(),
        {PATH: b.local(resolved=joins.NFS_PATH)},
    ),
    _of(
        'an_image_of_a_volume_unexplained',
        UNEXPLAINED,
        b.disk('vda', b.rbd(f'volumes/volume-{b.VOLUME}')),
        b.mapping(),
    ),
    _of(
        'a_volume_without_a_disk',
        COPY,
        _DISK,
        b.mapping(b.row('vdz', b.VOLUME, 'iscsi')),
        plan=_NO_DISK,
    ),
    _of(
        'each_volume_without_a_disk',
        COPY,
        _DISK,
        b.mapping(
            b.row('vdz', b.VOLUME, 'iscsi'),
            b.row('vdy', b.OTHER_VOLUME, 'rbd', name='volumes/y'),
        ),
        plan=_NO_DISK * 2,
    ),
    _of(
        'a_volume_without_disk_and_name',
        COPY,
        _DISK,
        b.mapping(b.row(None, b.VOLUME, 'iscsi')),
        plan=_NO_DISK,
    ),
    *(
        _of(f'a_dangling_row_{n}', COPY, _DISK, b.mapping(row))
        for n, row in enumerate(
            (
                _DANGLING,
                {},
                {'connection_info': {}},
                {'connection_info': 'null', 'mount_device': ''},
                {'connection_info': {'data': None}},
            )
        )
    ),
    _of(
        'one_row_twice_is_one_row',
        'keep volume-attachment',
        _SERIAL,
        b.mapping(
            b.row('vda', b.VOLUME, 'local'), b.row('vda', b.VOLUME, 'local')
        ),
    ),
    _of(
        'one_row_twice_once_as_text',
        'keep volume-attachment',
        _SERIAL,
        b.mapping(
            b.row('vda', b.VOLUME, 'local'),
            {
                'mount_device': 'vda',
                'connection_info': json.dumps(
                    b.row('vda', b.VOLUME, 'local')['connection_info']
                ),
            },
        ),
    ),
    Scenario(
        'a_volume_whose_name_a_joined_disk_bears_has_no_disk',
        b.case(
            b.disk('vda', b.block('/dev/sda'), serial=b.VOLUME),
            rows=[
                b.row('vda', b.VOLUME, 'iscsi'),
                b.row('vda', b.OTHER_VOLUME, 'iscsi'),
            ],
            source={'/dev/sda': b.device('iscsi')},
        ),
        {'vda': 'refuse attachment-conflict'},
        _NO_DISK,
    ),
)
