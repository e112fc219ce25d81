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

"""Destinations that differ: other paths, other pools, other formats."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

HERE, THERE = '/data/vda', '/srv/vda'
GROUP, VOLUME = '/dev/vg', '/dev/vg/vda'
LV = '/dev/old/vda'
COPY = 'copy local-filesystem'
FOLDER = {'exists': True, 'kind': 'directory', 'free_bytes': b.GIB}
ROOM = {'/srv': FOLDER, THERE: b.GONE}
POOL = {'type': 'logical', 'path': GROUP, 'free_bytes': b.GIB, 'active': True}
MAP = [{'source': '/data', 'destination': '/srv'}]
TO_GROUP = [{'source': '/data', 'destination': GROUP}]
_FILE = b.disk('vda', b.file(HERE))


def mapping(paths=(), pools=(), **formats):
    return {'paths': [*paths], 'pools': [*pools], 'formats': formats}


def case(*disks, wanted, source=None, there=None, **more):
    return b.case(
        *(disks or (_FILE,)),
        source={HERE: b.local(identity='i'), **(source or {})},
        destination=ROOM if there is None else there,
        create_images=True,
        mapping=wanted,
        **more,
    )


def _of(name, decision, *disks, wanted=None, plan=(), **more):
    wanted = mapping(MAP) if wanted is None else wanted
    return Scenario(
        name, case(*disks, wanted=wanted, **more), {'vda': decision}, plan
    )


def _known(**there):
    return {**ROOM, THERE: b.local(**{'format': 'qcow2', **there})}


def _volume(**there):
    return {
        VOLUME: {
            'exists': True,
            'kind': 'block',
            'virtual_bytes': b.GIB,
            **there,
        }
    }


_POOLS = {'vg': POOL}
_DIRS = {'old': {'type': 'dir', 'path': '/data'}}
_NEW = {'new': {'type': 'dir', 'path': '/srv', 'active': True}}
_TO_NEW = [{'source': 'old', 'destination': 'new'}]
_DEVICE = b.disk('vda', b.block(LV))
_OF_DEVICE = {LV: b.device('dm', 'sata', logical_volume=LV, volume_uuid='u')}
_BASE = {'/base/x': b.local(identity='x')}
_OVER = b.disk('vda', b.file(HERE), over=[b.file('/base/x', 'raw')])
_TWO = (b.disk('vda', b.file(HERE)), b.disk('vdb', b.file('/other/vda')))


def _two(name, vda, vdb, wanted, **more):
    other = more.pop('other', b.local(identity='j'))
    return Scenario(
        name,
        case(*_TWO, wanted=wanted, source={'/other/vda': other}, **more),
        {'vda': vda, 'vdb': vdb},
    )


SCENARIOS = [
    _of('a_file_below_another_directory', COPY),
    _of(
        'a_directory_that_is_not_there',
        'refuse destination-unreachable',
        there={'/srv': b.GONE, THERE: b.GONE},
    ),
    _of(
        'a_directory_that_was_not_asked',
        'refuse destination-unreachable',
        there={},
    ),
    _of(
        'a_prefix_is_of_whole_parts',
        'refuse destination-unreachable',
        wanted=mapping([{'source': '/dat', 'destination': '/srv'}]),
    ),
    _of(
        'the_longest_prefix_wins',
        COPY,
        wanted=mapping([*MAP, {'source': '/', 'destination': '/none'}]),
    ),
    _of(
        'to_where_it_is_keeps_it_there',
        COPY,
        wanted=mapping([{'source': '/data', 'destination': '/data'}]),
        there={'/data': FOLDER, HERE: b.GONE},
    ),
    _of(
        'what_is_there_is_another_file',
        'refuse destination-exists',
        there=_known(identity='other'),
    ),
    _of(
        'what_is_there_is_not_known_to_be_another',
        'refuse destination-exists',
        there=_known(),
    ),
    _of(
        'what_is_there_is_the_source',
        'refuse image-unproven',
        there=_known(identity='i'),
    ),
    _of(
        'an_existing_one_is_the_source',
        'refuse image-unproven',
        there=_known(identity='i'),
        existing=['vda'],
    ),
    _of(
        'an_existing_one_is_not_compared',
        'refuse image-unproven',
        there={**ROOM, THERE: b.on('nfs4', format='qcow2')},
        existing=['vda'],
    ),
    _of(
        'an_existing_one_is_another',
        COPY,
        there=_known(identity='other'),
        existing=['vda'],
    ),
    _of(
        'an_existing_one_has_another_size',
        'refuse destination-mismatch',
        there=_known(identity='other', virtual_bytes=1),
        existing=['vda'],
    ),
    _of(
        'an_existing_one_has_another_format',
        'refuse destination-mismatch',
        there=_known(identity='other'),
        existing=['vda'],
        wanted=mapping(MAP, vda='raw'),
    ),
    _of(
        'another_domain_has_it',
        'refuse destination-exists',
        there=_known(identity='other', used_by='web'),
        existing=['vda'],
    ),
    _of(
        'too_little_room',
        COPY,
        plan=('destination-full',),
        there={**ROOM, '/srv': {**FOLDER, 'free_bytes': 1}},
    ),
    _of(
        'raw_needs_all_of_its_size',
        COPY,
        plan=('destination-full',),
        there={**ROOM, '/srv': {**FOLDER, 'free_bytes': b.GIB - 1}},
        wanted=mapping(MAP, vda='raw'),
    ),
    _of(
        'qcow2_needs_what_is_copied',
        COPY,
        there={**ROOM, '/srv': {**FOLDER, 'free_bytes': b.MIB}},
    ),
    _of(
        'another_format_in_its_place',
        COPY,
        wanted=mapping(vda='raw'),
        there={'/data': FOLDER, HERE: b.GONE},
    ),
    _of(
        'a_format_that_cannot_be_made',
        'refuse image-not-reproducible',
        b.disk('vda', b.file(HERE, 'vmdk')),
    ),
    _of(
        'a_format_that_cannot_be_made_becomes_another',
        COPY,
        b.disk('vda', b.file(HERE, 'vmdk')),
        wanted=mapping(MAP, vda='qcow2'),
    ),
    _of(
        'encrypted',
        'refuse encrypted-disk',
        b.disk('vda', b.file(HERE, inside=b.LUKS)),
    ),
    # Volume groups.
    _of(
        'a_file_into_a_volume_group',
        COPY,
        wanted=mapping(TO_GROUP),
        there={VOLUME: b.GONE},
        pools_there=_POOLS,
    ),
    _of(
        'a_qcow2_volume',
        'refuse format-unusable',
        wanted=mapping(TO_GROUP, vda='qcow2'),
        there={VOLUME: b.GONE},
        pools_there=_POOLS,
    ),
    _of(
        'a_group_without_a_pool',
        'refuse destination-unreachable',
        wanted=mapping(TO_GROUP),
        there={VOLUME: b.GONE},
        pools_there={},
    ),
    _of(
        'a_group_that_was_not_asked',
        'refuse destination-unreachable',
        wanted=mapping(TO_GROUP),
        there={},
        pools_there=_POOLS,
    ),
    _of(
        'a_volume_is_there',
        'refuse destination-exists',
        wanted=mapping(TO_GROUP),
        there=_volume(),
        pools_there=_POOLS,
    ),
    _of(
        'a_volume_is_there_and_named',
        'refuse device-unproven',
        wanted=mapping(TO_GROUP),
        there=_volume(),
        pools_there=_POOLS,
        existing=['vda'],
    ),
    _of(
        'a_volume_is_there_and_declared',
        COPY,
        wanted=mapping(TO_GROUP),
        there=_volume(),
        pools_there=_POOLS,
        existing=['vda'],
        local=[GROUP],
    ),
    _of(
        'a_group_without_room',
        COPY,
        wanted=mapping(TO_GROUP),
        there={VOLUME: b.GONE},
        plan=('destination-full',),
        pools_there={'vg': {**POOL, 'free_bytes': b.GIB - 1}},
    ),
    _of(
        'a_name_that_lvm_does_not_take',
        'refuse mapping-unusable',
        wanted=mapping([{'source': HERE, 'destination': f'{GROUP}/a:b'}]),
        there={f'{GROUP}/a:b': b.GONE},
        pools_there=_POOLS,
    ),
    _of(
        'a_volume_into_a_directory',
        'copy local-device',
        _DEVICE,
        source=_OF_DEVICE,
        wanted=mapping([{'source': '/dev/old', 'destination': '/srv'}]),
    ),
    _of(
        'a_volume_by_another_name',
        'copy local-device',
        b.disk('vda', b.block('/dev/dm-3')),
        source={'/dev/dm-3': _OF_DEVICE[LV]},
        wanted=mapping([{'source': '/dev/old', 'destination': '/srv'}]),
    ),
    _of(
        'a_volume_into_another_group',
        'copy local-device',
        _DEVICE,
        source=_OF_DEVICE,
        there={VOLUME: b.GONE},
        pools_there=_POOLS,
        wanted=mapping([{'source': '/dev/old', 'destination': GROUP}]),
    ),
    _of(
        'a_volume_that_is_the_same',
        'refuse image-unproven',
        _DEVICE,
        source=_OF_DEVICE,
        there=_volume(volume_uuid='u'),
        pools_there=_POOLS,
        existing=['vda'],
        wanted=mapping([{'source': '/dev/old', 'destination': GROUP}]),
    ),
    # Storage pools.
    _of(
        'a_file_of_a_pool',
        COPY,
        wanted=mapping(pools=_TO_NEW),
        pools=_DIRS,
        pools_there=_NEW,
    ),
    _of(
        'a_volume_of_a_pool',
        COPY,
        b.disk('vda', b.volume('old', 'vda')),
        wanted=mapping(pools=_TO_NEW),
        pools=_DIRS,
        pools_there=_NEW,
    ),
    _of(
        'a_pool_goes_before_a_path',
        COPY,
        pools=_DIRS,
        pools_there=_NEW,
        wanted=mapping([{'source': '/data', 'destination': '/none'}], _TO_NEW),
    ),
    _of(
        'a_pool_into_a_volume_group',
        COPY,
        pools=_DIRS,
        wanted=mapping(pools=[{'source': 'old', 'destination': 'vg'}]),
        there={VOLUME: b.GONE},
        pools_there=_POOLS,
    ),
    _of(
        'a_pool_that_is_not_there',
        'refuse mapping-unusable',
        pools=_DIRS,
        wanted=mapping(pools=_TO_NEW),
        pools_there={},
    ),
    _of(
        'a_pool_that_does_not_run',
        'refuse mapping-unusable',
        pools=_DIRS,
        wanted=mapping(pools=_TO_NEW),
        pools_there={'new': {**_NEW['new'], 'active': False}},
    ),
    _of(
        'a_pool_of_another_kind',
        'refuse mapping-unusable',
        pools=_DIRS,
        wanted=mapping(pools=_TO_NEW),
        pools_there={'new': {'type': 'rbd'}},
    ),
    _of(
        'a_pool_without_a_path',
        'refuse mapping-unusable',
        pools=_DIRS,
        wanted=mapping(pools=_TO_NEW),
        pools_there={'new': {'type': 'dir'}},
    ),
    _of(
        'a_shared_volume_of_a_mapped_pool',
        'refuse conflicting-evidence',
        b.disk('vda', b.volume('old', 'vda')),
        source={HERE: b.on('nfs4', identity='i')},
        there={**ROOM, HERE: b.on('nfs4', identity='i')},
        wanted=mapping(pools=_TO_NEW),
        pools=_DIRS,
        pools_there=_NEW,
    ),
    _of(
        'a_logical_volume_of_a_mapped_pool',
        'copy local-device',
        b.disk('vda', b.volume('old', 'vda')),
        source=_OF_DEVICE,
        wanted=mapping(pools=_TO_NEW),
        pools={'old': {'type': 'logical', 'path': '/dev/old'}},
        pools_there=_NEW,
    ),
    # What is shared stays where it is.
    Scenario(
        'a_shared_disk_is_not_mapped',
        b.case(
            b.disk('vda', b.rbd()),
            b.disk('vdb', b.file('/nfs/x')),
            source={'/nfs/x': b.on('nfs4', identity='i')},
            destination={'/nfs/x': b.on('nfs4', identity='i')},
            create_images=True,
            mapping=mapping(
                [{'source': '/nfs', 'destination': '/srv'}], vda='raw'
            ),
        ),
        {'vda': 'keep network-disk', 'vdb': 'keep same-at-destination'},
    ),
    # Chains.
    _of(
        'the_top_alone_over_a_base_of_both',
        'copy local-over-shared',
        _OVER,
        source=_BASE,
        there={**ROOM, **_BASE},
    ),
    _of(
        'raw_can_have_no_base',
        COPY,
        _OVER,
        source=_BASE,
        there={**ROOM, **_BASE},
        wanted=mapping(MAP, vda='raw'),
    ),
    _of(
        'a_device_can_have_no_base',
        COPY,
        _OVER,
        source=_BASE,
        there={VOLUME: b.GONE, **_BASE},
        pools_there=_POOLS,
        wanted=mapping(TO_GROUP),
    ),
    # Two disks.
    _two(
        'two_disks_at_one_place',
        'refuse duplicate-destination',
        'refuse duplicate-destination',
        mapping([*MAP, {'source': '/other', 'destination': '/srv'}]),
    ),
    _two(
        'onto_the_place_of_one_that_stays',
        'refuse duplicate-destination',
        'refuse duplicate-destination',
        mapping([{'source': '/data', 'destination': '/other'}]),
        there={'/other': FOLDER, '/other/vda': b.GONE},
    ),
    _two(
        'onto_one_that_is_shared',
        'refuse duplicate-destination',
        'keep same-at-destination',
        mapping([{'source': '/data', 'destination': '/other'}]),
        other=b.on('nfs4', identity='j'),
        existing=['vda'],
        there={'/other': FOLDER, '/other/vda': b.on('nfs4', identity='j')},
    ),
    _two(
        'onto_the_source_of_another_by_another_name',
        'refuse duplicate-destination',
        COPY,
        mapping([*MAP, {'source': '/other', 'destination': '/new'}]),
        existing=['vda'],
        there={**_known(identity='j'), '/new': FOLDER, '/new/vda': b.GONE},
    ),
    _two(
        'two_that_change_places',
        COPY,
        COPY,
        mapping(
            [
                {'source': '/data', 'destination': '/other'},
                {'source': '/other', 'destination': '/data'},
            ]
        ),
        there={
            '/data': FOLDER,
            HERE: b.GONE,
            '/other': FOLDER,
            '/other/vda': b.GONE,
        },
    ),
]
