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

"""Logical volumes that libvirt makes in a storage pool at the destination."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

GROUP = '/dev/vg-0'
PATH = f'{GROUP}/lv'
MAPPER = '/dev/mapper/vg--0-lv'
KERNEL = '/dev/dm-3'
UUID, OTHER_UUID = 'lvuuid-1', 'lvuuid-2'
COPY = 'copy local-device'
_UNREACHABLE = 'refuse destination-unreachable'


def pool(**more: object) -> b.Tree:
    return {'type': 'logical', 'path': GROUP, 'free_bytes': 8 * b.GIB, **more}


def volume(below: str = 'sata', **more: object) -> b.Tree:
    facts = {'logical_volume': PATH, 'volume_uuid': UUID, 'thin': False}
    return b.device('dm', below, **{**facts, **more})


def _of(name, decision, disk=None, path=PATH, here=None, known=None, **more):
    """A disk that is a volume; the destination has a pool for it."""
    more = {
        'create_images': True,
        'pools': {'vg-0': pool()},
        'pools_there': {'vg-0': pool()},
        **more,
    }
    also, plan = more.pop('also', ()), more.pop('plan', ())
    return Scenario(
        name,
        b.case(
            disk or b.disk('vda', b.block(path)),
            source={path: volume() if here is None else here},
            destination={path: b.GONE if known is None else known},
            **more,
        ),
        {'vda': decision},
        plan,
        also,
    )


_BARE = b.device('dm', 'sata')
_THERE = volume(volume_uuid=OTHER_UUID)

SCENARIOS = (
    _of('one_is_made', COPY),
    _of('one_of_a_case_without_uuids_is_made', COPY, here=_BARE),
    _of('one_by_its_name_of_device_mapper_is_made', COPY, path=MAPPER),
    _of(
        'what_has_such_a_name_alone_may_be_encrypted',
        _UNREACHABLE,
        path=MAPPER,
        here=_BARE,
    ),
    _of(
        'one_that_was_not_looked_at_and_is_declared_local',
        'copy declared-local',
        path=MAPPER,
        here={'virtual_bytes': b.GIB},
        local=['/dev/mapper'],
    ),
    _of('one_by_the_kernels_name_is_made', COPY, path=KERNEL),
    _of(
        'what_has_the_kernels_name_alone_is_not',
        _UNREACHABLE,
        path=KERNEL,
        here=_BARE,
    ),
    _of(
        'one_that_names_its_pool_is_made',
        COPY,
        b.disk('vda', b.volume('vg-0', 'lv')),
    ),
    _of('a_thin_one_is_made', COPY, here=volume(thin=True)),
    _of(
        'a_thin_one_is_to_stay_thin',
        COPY,
        here=volume(thin=True),
        thin='on',
        plan=('not-thin',),
    ),
    _of('a_thick_one_is_to_stay_thin', COPY, thin='on'),
    _of('a_pool_of_zfs', COPY, pools_there={'vg-0': pool(type='zfs')}),
    _of('no_pool_there', _UNREACHABLE, pools_there={}),
    _of('a_case_of_before_has_its_pools_there_too', COPY, pools_there=None),
    _of('no_pools_are_known', _UNREACHABLE, pools={}, pools_there=None),
    _of(
        'a_pool_of_another_group_there',
        _UNREACHABLE,
        pools_there={'vg-0': pool(path='/dev/vg')},
    ),
    _of(
        'a_pool_of_files_there',
        _UNREACHABLE,
        pools_there={'vg-0': pool(type='dir')},
    ),
    _of(
        'what_the_pool_has_is_not_known',
        _UNREACHABLE,
        known={'error': 'lvs failed', 'volume_uuid': OTHER_UUID},
    ),
    _of('another_has_its_name', 'refuse destination-exists', known=_THERE),
    _of('another_is_to_be_overwritten', COPY, known=_THERE, existing=['vda']),
    _of(
        'one_of_an_unknown_uuid_has_its_name',
        'refuse device-unproven',
        known=b.device(None),
    ),
    _of(
        'a_domain_there_uses_that_name',
        'refuse destination-exists',
        known={**_THERE, 'used_by': 'other'},
        existing=['vda'],
    ),
    _of(
        'a_smaller_one_is_to_be_overwritten',
        'refuse destination-mismatch',
        known={**_THERE, 'virtual_bytes': b.MIB},
        existing=['vda'],
    ),
    _of(
        'it_holds_qcow2',
        'refuse image-not-reproducible',
        b.disk('vda', b.block(PATH, 'qcow2')),
    ),
    _of(
        'its_size_is_not_known',
        'refuse image-not-reproducible',
        here=volume(virtual_bytes=None),
    ),
    _of(
        'no_room_in_the_pool',
        COPY,
        pools_there={'vg-0': pool(free_bytes=b.GIB - 1)},
        plan=('destination-full',),
    ),
    _of(
        'just_enough_room_in_the_pool',
        COPY,
        pools_there={'vg-0': pool(free_bytes=b.GIB)},
    ),
    _of(
        'the_room_in_the_pool_is_not_known',
        COPY,
        pools_there={'vg-0': pool(free_bytes=None)},
    ),
    _of(
        'both_reach_it',
        'keep same-at-destination',
        here=volume('iscsi'),
        known=volume(),
    ),
    _of(
        'both_reach_it_and_it_is_declared_local',
        'refuse declaration-conflict',
        here=volume('iscsi'),
        known=volume(),
        local=[GROUP],
        existing=['vda'],
    ),
    _of(
        'the_same_on_a_disk_of_each_host_is_declared_local',
        'refuse device-unproven',
        known=volume(),
        local=[GROUP],
        existing=['vda'],
    ),
    _of(
        'one_on_a_lun_of_this_host_is_not_copied_unasked',
        'refuse shared-disproved',
        here=volume('iscsi'),
    ),
    _of(
        'one_on_a_lun_of_this_host_is_made_where_it_is_declared',
        'copy declared-local',
        here=volume('iscsi'),
        local=[GROUP],
    ),
)
