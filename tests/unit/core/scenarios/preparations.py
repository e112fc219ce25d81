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

"""What nova prepares at the destination, and what it does not."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

HOME = '/nova/instances/uuid'
ROOT, SWAP, CONFIG = f'{HOME}/disk', f'{HOME}/disk.swap', f'{HOME}/disk.config'
BASE = '/nova/instances/_base/0123'
COPY = 'copy local-filesystem'
_ROOT = b.disk('vda', b.file(ROOT))
_OVER = b.disk('vda', b.file(ROOT), over=[b.file(BASE, 'raw')])
_CONFIG = b.cdrom('hda', b.file(CONFIG, 'raw'))
_LOCAL = {ROOT: b.local(), CONFIG: b.local(), SWAP: b.local()}
_BASED = {**_LOCAL, BASE: b.local(content='x', allocated_bytes=100 * b.MIB)}

# A base that nova makes anew on each host, and whose content travels.
_SEED = ('/b/swap',)
_SEEDED = {'vda': 'copy local-over-shared', 'vdb': 'copy local-over-seed'}
_BOTH = {'vda': COPY, 'vdb': COPY}


def _room(free=b.GIB, **more):
    known = {'exists': False, 'kind': 'directory', 'free_bytes': free, **more}
    return {HOME: known, ROOT: b.GONE, CONFIG: b.GONE}


def _of(
    name,
    disks,
    *found,
    source=None,
    known=None,
    rows=None,
    pools=None,
    local=(),
    **prepared,
):
    plan, also = (), ()
    for item in found[1:]:
        if isinstance(item, tuple):
            also += (item,)
        else:
            plan += (item,)
    return Scenario(
        name,
        b.case(
            *disks,
            rows=rows,
            pools=pools,
            local=local,
            source=source or _LOCAL,
            destination=_room() if known is None else known,
            prepared={'directory': HOME, **prepared},
        ),
        found[0],
        plan=plan,
        also=also,
    )


SCENARIOS = (
    _of('a_local_root', [_ROOT], {'vda': COPY}, known={}),
    _of('asked_for', [_ROOT], {'vda': COPY}, block_migration=True),
    _of(
        'forbidden',
        [_ROOT],
        {'vda': 'refuse block-migration-forbidden'},
        block_migration=False,
    ),
    _of(
        'forbidden_over_a_base_with_the_same_bytes',
        [_OVER],
        {'vda': 'refuse block-migration-forbidden'},
        source=_BASED,
        known={**_room(), BASE: {'exists': True, 'content': 'x'}},
        block_migration=False,
    ),
    _of(
        'forbidden_with_nothing_to_copy',
        [b.disk('vda', b.rbd()), b.disk('vdb', b.rbd('volumes/v'))],
        {'vda': 'keep network-disk', 'vdb': 'keep network-disk'},
        block_migration=False,
    ),
    _of(
        'a_file_elsewhere',
        [b.disk('vda', b.file('/srv/disk'))],
        {'vda': 'refuse unexplained-disk'},
        source={'/srv/disk': b.local()},
    ),
    _of(
        'a_file_in_a_folder_below',
        [b.disk('vda', b.file(f'{HOME}/a/disk'))],
        {'vda': 'refuse unexplained-disk'},
        source={f'{HOME}/a/disk': b.local()},
    ),
    _of(
        'a_logical_volume',
        [b.disk('vda', b.block('/dev/vg/uuid_disk'))],
        {'vda': 'refuse local-block-device'},
        source={'/dev/vg/uuid_disk': b.device('dm', 'sata')},
    ),
    _of(
        'a_device_behind_a_file_name',
        [_ROOT],
        {'vda': 'refuse local-block-device'},
        source={ROOT: b.device('sata')},
    ),
    _of(
        'a_local_disk_where_the_directory_is_shared',
        [_ROOT],
        {'vda': 'refuse shared-instance-directory'},
        shared_directory=True,
        known={},
    ),
    _of(
        'an_unknown_size',
        [_ROOT],
        {'vda': 'refuse image-not-reproducible'},
        source={ROOT: {'exists': True, 'kind': 'file', 'fstype': 'ext4'}},
    ),
    _of(
        'a_shared_root_beside_a_local_disk',
        [b.disk('vda', b.rbd()), b.disk('vdb', b.file(SWAP))],
        {'vda': 'keep network-disk', 'vdb': COPY},
    ),
    _of(
        'a_shared_root_beside_a_local_disk_and_no_plugin_there',
        [b.disk('vda', b.rbd()), b.disk('vdb', b.file(SWAP))],
        {'vda': 'keep network-disk', 'vdb': 'refuse peer-required'},
        makes_images=False,
    ),
    _of(
        'a_volume_beside_a_local_disk_and_no_plugin_there',
        [_ROOT, b.disk('vdb', b.rbd('volumes/v'), serial=b.VOLUME)],
        {'vda': COPY, 'vdb': 'keep volume-attachment'},
        rows=[b.row('vdb', b.VOLUME, 'rbd', name='volumes/v')],
        makes_images=False,
    ),
    _of(
        'a_shared_root_and_another_images_type',
        [b.disk('vda', b.rbd())],
        {'vda': 'refuse other-images-type'},
        same_images_type=False,
    ),
    _of(
        'a_config_drive_in_ceph_and_another_images_type',
        [b.cdrom('hda', b.rbd('vms/uuid_disk.config'))],
        {'hda': 'refuse other-images-type'},
        same_images_type=False,
    ),
    # What is like a config drive in Ceph but for one thing.
    *(
        _of(
            f'{name}_and_another_images_type',
            [b.cdrom('hda', source)]
            if serial is None
            else [b.disk('hda', source, device='cdrom', serial=serial)],
            {'hda': 'skip read-only'},
            source=facts,
            known=facts,
            carried=['hda'],
            same_images_type=False,
        )
        for name, source, serial, facts in (
            (
                'a_medium_on_the_loopback',
                b.network('nbd', 'x', 'localhost'),
                None,
                {},
            ),
            ('a_medium_with_a_serial', b.rbd(), 'serial', {}),
            (
                'a_shared_file',
                b.file('/iso/x.iso', 'raw'),
                None,
                {'/iso/x.iso': b.on('nfs', identity='i')},
            ),
        )
    ),
    _of(
        'a_volume_that_no_row_explains_and_another_images_type',
        [b.disk('vda', b.rbd(f'volumes/volume-{b.VOLUME}'))],
        {'vda': 'refuse volume-not-in-mapping'},
        rows=[],
        same_images_type=False,
    ),
    _of(
        'a_format_that_nova_does_not_make',
        [b.disk('vda', b.file(ROOT, 'vmdk'))],
        {'vda': 'refuse image-not-reproducible'},
    ),
    _of(
        'a_volume_of_a_pool',
        [b.disk('vda', b.volume('pool', 'disk'))],
        {'vda': 'refuse unexplained-disk'},
        pools={'pool': {'type': 'dir', 'path': HOME}},
    ),
    *(
        _of(
            f'a_declared_{name}_of_which_nothing_is_known',
            [b.disk('vda', source)],
            {'vda': f'refuse {reason}'},
            source={'/': {}},
            local=['/'],
        )
        for name, source, reason in (
            ('file', b.file(ROOT), 'image-not-reproducible'),
            ('device', b.block('/dev/vg/disk'), 'local-block-device'),
        )
    ),
    _of(
        'a_raw_file_where_files_are_taken_for_qcow2',
        [b.disk('vda', b.file(ROOT, 'raw'))],
        {'vda': 'refuse other-images-type'},
        same_images_type=False,
    ),
    _of(
        'a_raw_file_where_it_is_as_wrong_as_here',
        [b.disk('vda', b.file(ROOT, 'raw'))],
        {'vda': COPY},
    ),
    _of(
        'files_where_disk_info_counts',
        [_ROOT, b.disk('vdb', b.file(SWAP, 'raw'))],
        {'vda': COPY, 'vdb': COPY},
        images_type='raw',
        same_images_type=False,
    ),
    _of(
        'a_file_where_none_is_looked_for',
        [_ROOT],
        {'vda': 'refuse other-images-type'},
        images_type='rbd',
        same_images_type=False,
    ),
    _of(
        'a_file_from_before_a_change_on_both_hosts',
        [_ROOT],
        {'vda': COPY},
        images_type='rbd',
    ),
    _of(
        'a_base_with_the_same_bytes_where_no_overlay_is_made',
        [_OVER],
        {'vda': COPY},
        source=_BASED,
        known={**_room(), BASE: {'exists': True, 'content': 'x'}},
        images_type='raw',
    ),
    _of(
        'local_disks_and_volumes_under_another_images_type',
        [_ROOT, b.disk('vdb', b.rbd('volumes/v'), serial=b.VOLUME)],
        {'vda': COPY, 'vdb': 'keep volume-attachment'},
        rows=[b.row('vdb', b.VOLUME, 'rbd', name='volumes/v')],
        same_images_type=False,
    ),
    _of('a_base_that_is_not_compared', [_OVER], {'vda': COPY}, source=_BASED),
    _of(
        'a_base_with_the_same_bytes',
        [_OVER],
        {'vda': 'copy local-over-shared'},
        source=_BASED,
        known={**_room(), BASE: {'exists': True, 'content': 'x'}},
    ),
    _of(
        'a_base_with_other_bytes',
        [_OVER],
        {'vda': COPY},
        source=_BASED,
        known={**_room(), BASE: {'exists': True, 'content': 'y'}},
    ),
    _of(
        'a_base_with_the_same_bytes_beside_one_with_others',
        [_OVER, b.disk('vdb', b.file(SWAP), over=[b.file('/b/swap', 'raw')])],
        {'vda': COPY, 'vdb': COPY},
        source={**_BASED, '/b/swap': b.local()},
        known={**_room(), BASE: {'exists': True, 'content': 'x'}},
    ),
    *(
        _of(
            f'a_base_with_the_same_bytes_beside_{name}',
            [
                _OVER,
                b.disk(
                    'vdb',
                    b.file(SWAP),
                    over=[b.file(path, 'raw') for path in below],
                ),
            ],
            wanted,
            *refusals,
            source={
                **_BASED,
                '/b/swap': b.local(allocated_bytes=2 * b.MIB),
                '/b/x': b.local(),
            },
            known={
                **_room(free),
                BASE: {'exists': True, 'content': 'x'},
            },
            seeded=['vdb'],
            images_type=kind,
        )
        for name, below, wanted, refusals, free, kind in (
            ('one_that_travels', _SEED, _SEEDED, (), 4 * b.MIB, 'qcow2'),
            (
                'one_that_travels_and_has_no_room',
                _SEED,
                _SEEDED,
                ('destination-full',),
                4 * b.MIB - 1,
                'qcow2',
            ),
            ('one_in_vain', _SEED, _BOTH, (), b.GIB, 'raw'),
            (
                'one_over_another',
                [*_SEED, '/b/x'],
                _BOTH,
                (),
                b.GIB,
                'qcow2',
            ),
        )
    ),
    _of(
        'a_base_with_other_bytes_beside_one_that_travels',
        [_OVER, b.disk('vdb', b.file(SWAP), over=[b.file('/b/swap', 'raw')])],
        _BOTH,
        source={**_BASED, '/b/swap': b.local()},
        known={**_room(), BASE: {'exists': True, 'content': 'y'}},
        seeded=['vdb'],
    ),
    _of(
        'a_base_that_travels_and_may_have_one_of_its_own',
        [b.disk('vdb', b.file(SWAP), over=[b.file('/b/swap')], ends=False)],
        {'vdb': COPY},
        source={**_BASED, '/b/swap': b.local()},
        known=_room(),
        seeded=['vdb'],
    ),
    _of(
        'a_base_with_the_same_bytes_beside_a_disk_without',
        [_OVER, b.disk('vdb', b.file(SWAP))],
        {'vda': 'copy local-over-shared', 'vdb': COPY},
        source=_BASED,
        known={**_room(), BASE: {'exists': True, 'content': 'x'}},
    ),
    _of(
        'a_config_drive_that_is_carried',
        [_CONFIG],
        {'hda': 'skip read-only'},
        carried=['hda'],
    ),
    _of(
        'a_config_drive_that_nobody_carries',
        [_CONFIG],
        {'hda': 'skip read-only'},
        ('hda', 'media-not-carried'),
    ),
    _of(
        'a_config_drive_that_cannot_be_carried',
        [_CONFIG],
        {'hda': 'skip read-only'},
        ('hda', 'media-not-carried'),
        not_carried={'hda': 'it is too large'},
    ),
    _of(
        'a_shared_config_drive',
        [_CONFIG],
        {'hda': 'skip read-only'},
        source={CONFIG: b.on('nfs', identity='1')},
        known={
            **_room(exists=True),
            CONFIG: {'exists': True, 'identity': '1'},
        },
        shared_directory=True,
    ),
    _of(
        'the_directory_is_there',
        [_ROOT],
        {'vda': COPY},
        'instance-directory-exists',
        known=_room(exists=True),
    ),
    _of('just_enough_room', [_ROOT], {'vda': COPY}, known=_room(b.MIB)),
    _of(
        'too_little_room',
        [_ROOT],
        {'vda': COPY},
        'destination-full',
        known=_room(b.MIB - 1),
    ),
    _of(
        'too_little_room_for_the_config_drive_as_well',
        [_ROOT, _CONFIG],
        {'vda': COPY, 'hda': 'skip read-only'},
        'destination-full',
        known=_room(2 * b.MIB - 1),
        carried=['hda'],
    ),
    *(
        _of(
            f'room_for_a_config_drive_of_which_{name}_is_known',
            [_ROOT, _CONFIG],
            {'vda': COPY, 'hda': 'skip read-only'},
            known=_room(b.MIB),
            source={ROOT: b.local(), **facts},
            carried=['hda'],
        )
        for name, facts in (
            ('nothing', {}),
            ('no_size', {CONFIG: {'exists': True, 'kind': 'file'}}),
        )
    ),
    _of(
        'too_little_room_for_the_kernel_as_well',
        [_ROOT],
        {'vda': COPY},
        'destination-full',
        known=_room(b.MIB + 9),
        fetched_bytes=10,
    ),
    _of(
        'too_little_room_for_a_base_that_must_be_made',
        [_OVER],
        {'vda': 'copy local-over-shared'},
        'destination-full',
        source=_BASED,
        known={
            **_room(100 * b.MIB),
            BASE: {'exists': False, 'content': 'x'},
        },
    ),
    _of(
        'room_for_a_disk_whose_base_is_there',
        [_OVER],
        {'vda': 'copy local-over-shared'},
        source=_BASED,
        known={**_room(b.MIB), BASE: {'exists': True, 'content': 'x'}},
    ),
    _of(
        'a_read_only_disk_brings_no_base',
        [
            _ROOT,
            b.disk('vdb', b.file(CONFIG), 'readonly', over=[b.file(BASE)]),
        ],
        {'vda': COPY, 'vdb': 'skip read-only'},
        source={ROOT: b.local(), BASE: _BASED[BASE]},
        known={**_room(b.MIB), BASE: {'exists': False, 'content': 'x'}},
        carried=['vdb'],
    ),
    _of(
        'room_for_a_whole_chain_whose_base_is_not_made',
        [_OVER],
        {'vda': COPY},
        source=_BASED,
        known={**_room(101 * b.MIB), BASE: b.GONE},
    ),
    _of(
        'too_little_room_for_a_whole_chain',
        [_OVER],
        {'vda': COPY},
        'destination-full',
        source=_BASED,
        known=_room(100 * b.MIB),
    ),
    _of(
        'more_disks_than_parameters',
        [b.disk(f'vd{n}', b.file(f'{HOME}/d{n}')) for n in range(60)],
        {f'vd{n}': COPY for n in range(60)},
        'too-many-parameters',
        source={f'{HOME}/d{n}': b.local() for n in range(60)},
        also_sent=[
            *('bandwidth', 'destination_xml', 'persistent_xml'),
            *('migrate_uri', 'parallel.connections'),
        ],
    ),
)
