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

"""Logical volumes of images_type=lvm: copied where one can be made there."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

HOME, GROUP = '/nova/instances/uuid', '/dev/vg'
ROOT, SWAP = f'{GROUP}/{b.UUID}_disk', f'{GROUP}/{b.UUID}_disk.swap'
SIZES = {ROOT: b.GIB, SWAP: 64 * b.MIB}
HERE, THERE = 'G-1', 'G-2'
COPY = 'copy local-volume-group'
UNFIT = 'refuse volume-group-unfit'
_ROOT = b.disk('vda', b.block(ROOT))
_SWAP = b.disk('vdb', b.block(SWAP))
_BOTH = {'vda': COPY, 'vdb': COPY}


def _lv(path, *below, **facts):
    return b.device(
        'dm',
        *(below or ('sata',)),
        **{
            'group_uuid': HERE,
            'volume_uuid': f'V-{path[-1]}',
            'virtual_bytes': SIZES.get(path, b.GIB),
            **facts,
        },
    )


def _there(group=THERE, free=2 * b.GIB, **facts):
    known = {'exists': False, 'group_uuid': group, **facts}
    return {
        HOME: {'exists': False, 'kind': 'directory', 'free_bytes': b.GIB},
        GROUP: {'exists': True, 'free_bytes': free, 'group_uuid': group},
        ROOT: known,
        SWAP: known,
    }


def _of(name, disks, found, *plan, source=None, known=None, **more):
    options = {
        'directory': HOME,
        'images_type': 'lvm',
        'volume_group': 'vg',
        'destination_group': 'vg',
    }
    policy = {key: more.pop(key) for key in ('shared', 'local') if key in more}
    return Scenario(
        name,
        b.case(
            *disks,
            source=source or {path: _lv(path) for path in SIZES},
            destination=_there() if known is None else known,
            prepared={**options, **more},
            **policy,
        ),
        found,
        plan=plan,
    )


def _disk(path):
    return b.disk('vda', b.block(path))


SCENARIOS = (
    _of('both_volumes', [_ROOT, _SWAP], _BOTH),
    _of(
        'a_group_that_is_empty_there',
        [_ROOT],
        {'vda': COPY},
        known=_there('empty'),
    ),
    *(
        _of(
            f'a_group_of_this_host_on_{below}',
            [_ROOT],
            {'vda': COPY},
            source={ROOT: _lv(ROOT, below)},
        )
        for below in ('iscsi', 'multipath', 'fc', 'unknown')
    ),
    _of(
        'room_to_the_byte',
        [_ROOT, _SWAP],
        _BOTH,
        known=_there(free=b.GIB + 64 * b.MIB),
    ),
    _of(
        'a_byte_too_little_room',
        [_ROOT, _SWAP],
        _BOTH,
        'destination-full',
        known=_there(free=b.GIB + 64 * b.MIB - 1),
    ),
    _of(
        'a_file_needs_room_of_its_own',
        [_ROOT, b.disk('vdb', b.file(f'{HOME}/disk.eph0', 'raw'))],
        {'vda': COPY, 'vdb': 'copy local-filesystem'},
        source={ROOT: _lv(ROOT), f'{HOME}/disk.eph0': b.local()},
        known=_there(free=b.GIB),
    ),
    *(
        _of(
            f'one_group_on_both_hosts_{name}',
            [_ROOT],
            {'vda': decision},
            source={ROOT: _lv(ROOT, below)},
            known=_there(HERE, **facts),
            **policy,
        )
        for name, below, facts, policy, decision in (
            ('on_a_disk', 'sata', {}, {}, 'refuse same-volume-group'),
            ('on_a_lun', 'iscsi', {}, {}, 'refuse same-volume-group'),
            (
                'that_is_declared_local',
                'sata',
                {},
                {'local': [GROUP]},
                'refuse same-volume-group',
            ),
            (
                'that_is_declared_shared',
                'iscsi',
                {},
                {'shared': [GROUP]},
                'keep declared-shared',
            ),
            (
                'with_the_volume',
                'iscsi',
                {'exists': True, 'volume_uuid': 'V-k'},
                {},
                'keep same-at-destination',
            ),
        )
    ),
    _of(
        'volumes_of_the_server_there',
        [_ROOT],
        {'vda': 'refuse destination-exists'},
        known=_there(exists=True),
    ),
    _of(
        'a_group_of_whose_uuid_there_is_not_told',
        [_ROOT],
        {'vda': UNFIT},
        known=_there(None),
    ),
    _of(
        'a_group_of_whose_uuid_here_is_not_told',
        [_ROOT],
        {'vda': UNFIT},
        source={ROOT: _lv(ROOT, group_uuid=None)},
    ),
    _of(
        'a_size_that_is_not_known',
        [_ROOT],
        {'vda': 'refuse image-not-reproducible'},
        source={ROOT: _lv(ROOT, virtual_bytes=None)},
    ),
    _of(
        'another_name_of_the_group_there',
        [_ROOT],
        {'vda': COPY},
        known={**_there(), '/dev/vg1': {'exists': True, 'free_bytes': b.GIB}},
        destination_group='vg1',
    ),
    _of(
        'too_little_room_in_a_group_of_another_name',
        [_ROOT],
        {'vda': COPY},
        'destination-full',
        known={
            **_there(),
            '/dev/vg1': {'exists': True, 'free_bytes': b.GIB - 1},
        },
        destination_group='vg1',
    ),
    _of(
        'one_group_of_two_names',
        [_ROOT],
        {'vda': 'refuse same-volume-group'},
        known=_there(HERE),
        destination_group='vg1',
    ),
    _of('no_group_there', [_ROOT], {'vda': UNFIT}, destination_group=''),
    _of('no_plugin_there', [_ROOT], {'vda': UNFIT}, makes_images=False),
    _of(
        'files_there',
        [_ROOT],
        {'vda': 'refuse other-images-type'},
        destination_group='',
        images_type='qcow2',
        same_images_type=False,
    ),
    _of(
        'files_on_the_source_by_now',
        [_ROOT],
        {'vda': 'refuse local-block-device'},
        volume_group='',
        same_images_type=False,
    ),
    _of(
        'files_from_before_a_change_to_volumes',
        [b.disk('vda', b.file(f'{HOME}/disk'))],
        {'vda': 'copy local-filesystem'},
        source={f'{HOME}/disk': b.local()},
    ),
    _of(
        'forbidden',
        [_ROOT],
        {'vda': 'refuse block-migration-forbidden'},
        block_migration=False,
    ),
    _of(
        'a_shared_directory',
        [_ROOT],
        {'vda': 'refuse shared-instance-directory'},
        shared_directory=True,
    ),
    *(
        _of(
            name,
            [_disk(path)],
            {'vda': decision},
            source={path: _lv(path)},
            known={**_there(), path: {'exists': False, 'group_uuid': THERE}},
        )
        for name, path, decision in (
            (
                'another_group',
                f'/dev/vg2/{b.UUID}_disk',
                'refuse local-block-device',
            ),
            (
                'a_group_below',
                f'/dev/vg/sub/{b.UUID}_disk',
                'refuse local-block-device',
            ),
            (
                'a_volume_of_another_server',
                f'/dev/vg/{b.VOLUME}_disk',
                'refuse local-block-device',
            ),
            (
                'a_volume_with_a_longer_name',
                f'/dev/vg/x{b.UUID}_disk',
                'refuse local-block-device',
            ),
            (
                'a_volume_of_no_server',
                '/dev/vg/data',
                'refuse local-block-device',
            ),
            (
                'an_encrypted_volume',
                f'/dev/mapper/{b.UUID}_disk-dmcrypt',
                'refuse encrypted-disk',
            ),
        )
    ),
    _of(
        'a_partition_that_is_no_volume',
        [_disk('/dev/sdb1')],
        {'vda': 'refuse local-block-device'},
        source={'/dev/sdb1': b.device('sata')},
    ),
)
