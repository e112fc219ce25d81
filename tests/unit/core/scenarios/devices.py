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

"""Block devices: presumptions, candidates and what is neither."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

PRESUMED = ('sata', 'sas', 'nvme', 'virtio', 'loop', 'ram')
CANDIDATES = (
    *('iscsi', 'fc', 'nvme-fabrics', 'multipath', 'drbd', 'rbd', 'nbd'),
)
PATH = '/dev/x'
DISK = b.disk('vda', b.block(PATH))


def _of(name, decision, facts, known=None, **more):
    return Scenario(
        name,
        b.case(
            DISK,
            source={PATH: facts},
            destination={PATH: known} if known is not None else {},
            **more,
        ),
        {'vda': decision},
    )


# UUIDs of LVM, as vgs and lvs have them without dashes.
GROUP, OTHER_GROUP, LV, OTHER_LV = 'group-1', 'group-2', 'volume-1', 'volume-2'


def _lv(*slaves, group=GROUP, lv=LV, **facts):
    return b.device('dm', *slaves, group_uuid=group, volume_uuid=lv, **facts)


def _group(group, **facts):
    return {'exists': False, 'group_uuid': group, **facts}


# By name: what the destination knows of the path, and the decision.
_VOLUMES = {
    'in_another_group': (_group(OTHER_GROUP), 'copy local-volume-group'),
    'whose_name_another_group_has_with_such_a_volume': (
        _lv('sata', group=OTHER_GROUP, lv=OTHER_LV),
        'copy local-volume-group',
    ),
    'and_an_empty_group': (_group('empty'), 'copy local-volume-group'),
    'that_both_reach_and_is_inactive_there': (
        _group(GROUP),
        'refuse same-volume-group',
    ),
    'in_a_group_that_was_copied': (
        _lv('sata', lv=OTHER_LV),
        'refuse same-volume-group',
    ),
}

SCENARIOS = (
    *(
        _of(f'a_volume_on_{below}_{name}', decision, _lv(below), known)
        for below in ('sata', 'iscsi', 'multipath', 'unknown')
        for name, (known, decision) in _VOLUMES.items()
    ),
    *(
        _of(
            f'a_volume_on_{below}_that_both_reach',
            'keep same-at-destination',
            _lv(below),
            _lv(below),
        )
        for below in ('iscsi', 'multipath', 'unknown')
    ),
    *(
        _of(
            f'a_volume_on_{below}_of_a_copied_host',
            'refuse same-volume-group',
            _lv(below),
            _lv(below),
        )
        for below in ('sata', 'nvme', 'virtio')
    ),
    # The same device is not in two groups: something read is outdated.
    *(
        _of(
            f'a_volume_on_{below}_that_is_one_in_two_groups_{len(known)}_{n}',
            'refuse conflicting-evidence',
            _lv(below, identity='i'),
            {**known, 'identity': 'i'},
            **more,
        )
        for below in ('sata', 'iscsi', 'multipath')
        for known in (_lv(below, group=OTHER_GROUP), _group(OTHER_GROUP))
        for n, more in enumerate(
            (
                {},
                {'shared': [PATH]},
                {'create_images': True, 'existing': ['vda']},
            )
        )
    ),
    _of(
        'a_volume_on_sas_that_both_reach_and_is_declared',
        'keep declared-shared',
        _lv('sas'),
        _lv('sas'),
        shared=[PATH],
    ),
    _of(
        'a_volume_that_is_the_same_whose_group_is_not_told',
        'keep same-at-destination',
        _lv('iscsi'),
        _lv('iscsi', group=None),
    ),
    _of(
        'another_volume_whose_group_is_not_told',
        'refuse shared-disproved',
        _lv('iscsi'),
        _lv('iscsi', group=None, lv=OTHER_LV),
    ),
    _of(
        'a_volume_in_another_group_cannot_be_declared_shared',
        'refuse declaration-conflict',
        _lv('iscsi'),
        _group(OTHER_GROUP),
        shared=[PATH],
    ),
    _of(
        'a_volume_in_the_same_group_can',
        'keep declared-shared',
        _lv('iscsi'),
        _group(GROUP),
        shared=[PATH],
    ),
    _of(
        'a_volume_of_whose_group_there_is_not_told',
        'refuse shared-disproved',
        _lv('iscsi'),
        b.GONE,
    ),
    _of(
        'a_volume_of_whose_group_here_is_not_told',
        'refuse shared-disproved',
        b.device('dm', 'iscsi'),
        _group(OTHER_GROUP),
    ),
    *(
        _of(f'{name}_is_presumed_local', 'copy local-device', b.device(name))
        for name in PRESUMED
    ),
    *(
        _of(
            f'{name}_seen_by_both_is_shared',
            'keep same-at-destination',
            b.device(name, identity='i'),
            b.device(name, identity='i'),
        )
        for name in (*PRESUMED, *CANDIDATES, 'unknown')
    ),
    *(
        _of(
            f'{name}_can_be_declared_shared',
            'keep declared-shared',
            b.device(name),
            shared=['/dev'],
        )
        for name in (*PRESUMED, *CANDIDATES, 'unknown')
    ),
    *(
        _of(
            f'{name}_is_a_candidate',
            'refuse shared-not-confirmed',
            b.device(name),
        )
        for name in CANDIDATES
    ),
    *(
        _of(
            f'{name}_can_be_declared_local',
            'copy declared-local',
            b.device(name),
            local=['/dev/x'],
        )
        for name in (*CANDIDATES, 'unknown')
    ),
    *(
        _of(
            f'{name}_missing_at_the_destination_is_disproved',
            'refuse shared-disproved',
            b.device(name),
            b.GONE,
        )
        for name in CANDIDATES
    ),
    *(
        _of(
            f'{stack}_over_local_is_local',
            'copy local-device',
            b.device(stack, 'sata', 'nvme'),
        )
        for stack in ('dm', 'md')
    ),
    *(
        _of(
            f'{stack}_over_{below}_is_not_local',
            'refuse shared-not-confirmed'
            if below in CANDIDATES
            else 'refuse locality-unknown',
            b.device(stack, 'sata', below),
        )
        for stack in ('dm', 'md')
        for below in (*CANDIDATES, 'unknown', 'dm', 'strange')
    ),
    *(
        _of(
            f'{stack}_over_nothing_known',
            'refuse locality-unknown',
            b.device(stack),
        )
        for stack in ('dm', 'md')
    ),
    _of('unknown_transport', 'refuse locality-unknown', b.device('unknown')),
    _of('strange_transport', 'refuse', b.device('usb')),
    _of('no_transport', 'refuse', b.device(None)),
    _of(
        'a_device_without_kind_is_not_a_file_on_devtmpfs',
        'refuse',
        {'exists': True, 'fstype': 'devtmpfs', 'mount_source': 'udev'},
    ),
    _of(
        'a_device_without_kind_is_not_a_file_on_tmpfs',
        'refuse locality-unknown',
        {'exists': True, 'fstype': 'tmpfs', 'mount_source': 'udev'},
    ),
    _of(
        'a_device_without_kind_on_sata',
        'copy local-device',
        {'exists': True, 'fstype': 'tmpfs', 'transport': 'sata'},
    ),
    _of(
        'a_mount_of_dev_is_no_export',
        'refuse shared-not-confirmed',
        b.device('iscsi'),
        b.device('iscsi', mount_source='dev'),
    ),
    _of('a_device_that_is_gone', 'refuse source-missing', b.GONE),
    # One host can export the disk to the other, by the name that it has.
    *(
        Scenario(
            f'{path.rpartition("/")[2]}_of_{transport}_on_both_hosts_{n}',
            b.case(
                b.disk('vda', b.block(path)),
                source={path: b.device(transport, *slaves, identity='i')},
                destination={path: there},
                **more,
            ),
            {'vda': decision},
        )
        for path, clash in (
            (
                '/dev/disk/by-id/wwn-0x5000c50015ea71aa',
                'refuse conflicting-evidence',
            ),
            (
                '/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001',
                'refuse conflicting-evidence',
            ),
            ('/dev/sdb', 'copy local-device'),
        )
        for transport, *slaves in (('sata',), ('virtio',), ('dm', 'nvme'))
        for n, (there, decision, more) in enumerate(
            (
                (b.device('iscsi'), clash, {}),
                ({'exists': True}, clash, {}),
                (b.GONE, 'copy local-device', {}),
                ({'error': 'EIO'}, 'copy local-device', {}),
                (
                    b.device('sata', identity='j'),
                    'copy local-device',
                    {},
                ),
                (
                    {'exists': True},
                    'keep declared-shared',
                    {'shared': ['/dev']},
                ),
                ({'exists': True}, 'copy declared-local', {'local': ['/dev']}),
            )
        )
    ),
)
