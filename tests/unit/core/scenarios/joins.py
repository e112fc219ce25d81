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

"""Joining disks and volumes: serial, source, device name."""

import hashlib
import json

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

IQN = 'iqn.2010-10.org.openstack:volume-1'
BY_PATH = f'/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-{IQN}-lun-1'
WWID = '3600a09803830374e2f244a6b33535a51'
BY_ID = f'/dev/disk/by-id/dm-uuid-mpath-{WWID}'
WWN = '50014380242b9751'
FC_PATH = f'/dev/disk/by-path/pci-0000:05:00.0-fc-0x{WWN}-lun-2'
EXPORT = 'srv:/cinder'
DIGEST = hashlib.md5(EXPORT.encode(), usedforsecurity=False).hexdigest()
NFS_FILE = f'volume-{b.VOLUME}'
NFS_PATH = f'/var/lib/nova/mnt/{DIGEST}/{NFS_FILE}'
LUN = {'target_iqn': IQN, 'target_lun': 1}
_DEVICE = {
    '/dev/sdb': b.device('iscsi'),
    '/dev/sdc': b.device('iscsi'),
    BY_ID: b.device('multipath', 'iscsi'),
}
KEEP = 'keep volume-attachment'
CONFLICT = 'refuse attachment-conflict'


def _vdb(
    name,
    decision,
    source,
    *rows,
    facts=None,
    plan=(),
    sets_volume_paths=False,
    flags=(),
    **disk,
):
    prepared = {'directory': '/d', 'sets_volume_paths': True}
    return Scenario(
        name,
        b.case(
            b.disk('vdb', source, *flags, **disk),
            rows=rows,
            source=_DEVICE if facts is None else facts,
            **({'prepared': prepared} if sets_volume_paths else {}),
        ),
        {'vdb': decision},
        plan,
    )


def _as_text(row):
    return {**row, 'connection_info': json.dumps(row['connection_info'])}


def _id_at(place, volume_id):
    """A row whose volume id stands at one place alone."""
    row = b.row('vdz', None, 'iscsi')
    if place == 'data':
        row['connection_info']['data']['volume_id'] = volume_id
    elif place == 'connection_info':
        row['connection_info']['volume_id'] = volume_id
    else:
        row['volume_id'] = volume_id
    return row


_SDB = b.block('/dev/sdb')
_BY_ID = b.block(BY_ID)
_RBD = b.rbd('volumes/one')
_RBD_ROW = {'driver': 'rbd', 'name': 'volumes/one'}

SCENARIOS = (
    # Strong keys.
    _vdb(
        'serial_alone_joins',
        KEEP,
        _SDB,
        b.row('vdb', b.VOLUME, 'iscsi'),
        serial=b.VOLUME,
    ),
    _vdb(
        'serial_in_other_letters_joins',
        KEEP,
        _BY_ID,
        b.row('vdb', b.VOLUME.upper(), 'iscsi'),
        serial=b.VOLUME,
    ),
    *(
        _vdb(
            f'volume_id_in_{place}_joins',
            KEEP,
            _SDB,
            _id_at(place, b.VOLUME),
            serial=b.VOLUME,
        )
        for place in ('data', 'connection_info', 'row')
    ),
    _vdb(
        'the_serial_of_the_connection_goes_before_other_ids',
        KEEP,
        _SDB,
        b.row('vdb', b.VOLUME, 'iscsi', volume_id=b.OTHER_VOLUME),
        serial=b.VOLUME,
    ),
    _vdb(
        'the_id_in_data_does_not_count_beside_a_serial',
        'refuse',
        _SDB,
        b.row('vdy', b.OTHER_VOLUME, 'iscsi', volume_id=b.VOLUME),
        serial=b.VOLUME,
        plan=('volume-without-disk',),
    ),
    _vdb(
        'connection_info_as_json_text',
        KEEP,
        _SDB,
        _as_text(b.row('vdb', b.VOLUME, 'iscsi')),
        serial=b.VOLUME,
    ),
    _vdb(
        'both_strong_keys_at_one_volume',
        KEEP,
        _RBD,
        b.row('vdb', b.VOLUME, **_RBD_ROW),
        serial=b.VOLUME,
    ),
    _vdb(
        'serial_at_one_and_source_at_none',
        KEEP,
        b.block('/dev/sdc'),
        b.row('vdb', b.VOLUME, 'iscsi', device_path='/dev/sdb'),
        serial=b.VOLUME,
    ),
    _vdb(
        'source_at_one_and_serial_at_none',
        KEEP,
        _RBD,
        b.row('vdb', b.VOLUME, **_RBD_ROW),
        serial='whatever',
    ),
    _vdb(
        'serial_and_source_at_two',
        CONFLICT,
        _RBD,
        b.row(None, b.VOLUME, **_RBD_ROW),
        b.row(None, b.OTHER_VOLUME, 'iscsi'),
        serial=b.OTHER_VOLUME,
    ),
    # What nova makes of a volume that several servers have.
    _vdb(
        'a_volume_of_several_servers',
        KEEP,
        b.block(BY_PATH),
        b.row('vdb', b.VOLUME, 'iscsi', **LUN),
        facts={BY_PATH: b.device('iscsi')},
        serial=b.VOLUME,
        flags=('shareable',),
    ),
    _vdb(
        'a_volume_of_several_servers_by_its_serial_alone',
        KEEP,
        _SDB,
        b.row('vdb', b.VOLUME, 'iscsi'),
        serial=b.VOLUME,
        flags=('shareable',),
    ),
    _vdb(
        'a_volume_of_several_servers_in_rbd',
        KEEP,
        _RBD,
        b.row('vdb', b.VOLUME, **_RBD_ROW),
        serial=b.VOLUME,
        flags=('shareable',),
    ),
    Scenario(
        'a_volume_of_several_servers_without_mapping',
        b.case(
            b.disk('vdb', b.block(BY_PATH), 'shareable', serial=b.VOLUME),
            source={BY_PATH: b.device('iscsi')},
        ),
        {'vdb': 'refuse shared-not-confirmed'},
    ),
    _vdb(
        'a_volume_that_qemu_decrypts',
        KEEP,
        b.block(BY_PATH),
        b.row('vdb', b.VOLUME, 'iscsi', **LUN),
        facts={BY_PATH: b.device('iscsi')},
        serial=b.VOLUME,
        inside=b.LUKS,
    ),
    Scenario(
        'one_volume_claimed_by_two_disks',
        b.case(
            b.disk('vdb', _SDB, serial=b.VOLUME),
            b.disk('vdc', b.block('/dev/sdc'), serial=b.VOLUME),
            rows=[b.row('vdb', b.VOLUME, 'iscsi')],
            source=_DEVICE,
        ),
        {'vdb': CONFLICT, 'vdc': CONFLICT},
    ),
    # The source, driver by driver.
    _vdb('rbd_image', KEEP, _RBD, b.row(None, b.VOLUME, **_RBD_ROW)),
    _vdb(
        'iscsi_by_device_path',
        KEEP,
        _SDB,
        b.row(None, b.VOLUME, 'iscsi', device_path='/dev/sdb', **LUN),
        sets_volume_paths=True,
    ),
    _vdb(
        'iscsi_by_the_path_behind_a_link',
        KEEP,
        b.block('/dev/disk/by-id/x'),
        b.row(None, b.VOLUME, 'iscsi', device_path='/dev/sdb'),
        facts={'/dev/disk/by-id/x': b.device('iscsi', resolved='/dev/sdb')},
    ),
    _vdb(
        'iscsi_by_path_name',
        KEEP,
        b.block(BY_PATH),
        b.row(None, b.VOLUME, 'iscsi', **LUN),
        facts={},
    ),
    _vdb(
        'iscsi_many_targets',
        KEEP,
        b.block(BY_PATH),
        b.row(
            None,
            b.VOLUME,
            'iscsi',
            target_iqns=['iqn.other', IQN],
            target_luns=[1, 1],
        ),
        facts={},
    ),
    _vdb(
        'iscsi_by_qemu',
        KEEP,
        b.network('iscsi', f'{IQN}/1', '127.0.0.1'),
        b.row(None, b.VOLUME, 'iscsi', **LUN),
    ),
    _vdb(
        'fibre_channel_by_path_name',
        KEEP,
        b.block(FC_PATH),
        b.row(None, b.VOLUME, 'fibre_channel', target_wwn=[WWN], target_lun=2),
        facts={},
        sets_volume_paths=True,
    ),
    _vdb(
        'fibre_channel_by_device_path',
        KEEP,
        b.block('/dev/dm-3'),
        b.row(None, b.VOLUME, 'fibre_channel', device_path='/dev/dm-3'),
        sets_volume_paths=True,
        facts={'/dev/dm-3': b.device('multipath')},
    ),
    _vdb(
        'nvmeof_by_device_path',
        KEEP,
        b.block('/dev/nvme1n1'),
        b.row(None, b.VOLUME, 'nvmeof', device_path='/dev/nvme1n1'),
        sets_volume_paths=True,
        facts={'/dev/nvme1n1': b.device('nvme-fabrics')},
    ),
    _vdb(
        'nfs_by_the_mount_of_nova',
        KEEP,
        b.file(NFS_PATH),
        b.row(None, b.VOLUME, 'nfs', export=EXPORT, name=NFS_FILE),
        facts={},
    ),
    _vdb(
        'nfs_by_the_export_that_is_mounted',
        KEEP,
        b.file(f'/mnt/x/{NFS_FILE}'),
        b.row(None, b.VOLUME, 'nfs', export=EXPORT, name=NFS_FILE),
        facts={f'/mnt/x/{NFS_FILE}': b.on('nfs4', EXPORT)},
    ),
    _vdb(
        'nfs_at_the_mount_of_nova_with_a_name_like_others',
        KEEP,
        b.file(f'/var/lib/nova/mnt/{DIGEST}/disk'),
        b.row(None, b.VOLUME, 'nfs', export=EXPORT, name='disk'),
        facts={},
    ),
    _vdb(
        'nfs_of_another_export_is_another_volume',
        CONFLICT,
        b.file('/mnt/x/disk'),
        b.row('vdb', b.VOLUME, 'nfs', export=EXPORT, name='disk'),
        facts={'/mnt/x/disk': b.on('nfs', 'other:/exp')},
    ),
    _vdb(
        'a_name_like_others_on_an_unknown_mount_does_not_join',
        'refuse',
        b.file('/mnt/x/disk'),
        b.row(None, b.VOLUME, 'nfs', export=EXPORT, name='disk'),
        facts={},
        plan=('volume-without-disk',),
    ),
    _vdb(
        'gluster_by_qemu',
        KEEP,
        b.network('gluster', 'vol/volume-1', 'localhost'),
        b.row(None, b.VOLUME, 'glusterfs', export='h:/vol', name='volume-1'),
    ),
    _vdb(
        'gluster_of_another_file',
        CONFLICT,
        b.network('gluster', 'vol/other', 'localhost'),
        b.row('vdb', b.VOLUME, 'glusterfs', export='h:/vol', name='volume-1'),
    ),
    _vdb(
        'a_name_of_an_nfs_volume_against_a_device',
        CONFLICT,
        _SDB,
        b.row('vdb', b.VOLUME, 'nfs', export=EXPORT, name='x'),
    ),
    _vdb(
        'a_name_of_an_image_against_a_device',
        CONFLICT,
        _SDB,
        b.row('vdb', b.VOLUME, **_RBD_ROW),
    ),
    _vdb(
        'a_name_of_a_lun_against_an_nbd_server',
        CONFLICT,
        b.network('nbd', 'x', 'localhost'),
        b.row('vdb', b.VOLUME, 'iscsi', **LUN),
    ),
    _vdb(
        'nfs_not_yet_mounted_at_the_destination',
        KEEP,
        b.file(NFS_PATH),
        b.row(None, b.VOLUME, 'nfs', export=EXPORT, name=NFS_FILE),
        facts={NFS_PATH: b.on('nfs4', EXPORT)},
    ),
    _vdb(
        'a_local_driver_is_still_a_volume',
        KEEP,
        b.block('/dev/vg/volume'),
        b.row('vdb', b.VOLUME, 'local', device_path='/dev/vg/volume'),
        facts={'/dev/vg/volume': b.device('dm', 'sata')},
        serial=b.VOLUME,
    ),
    _vdb(
        'a_local_driver_on_a_local_file_is_still_a_volume',
        KEEP,
        b.file('/vol/x'),
        b.row('vdb', b.VOLUME, 'local', device_path='/vol/x'),
        facts={'/vol/x': b.local()},
        serial=b.VOLUME,
    ),
    _vdb(
        'an_unknown_driver_joins_by_serial',
        KEEP,
        _SDB,
        b.row('vdb', b.VOLUME, 'vendor-magic', odd={'deep': [1, None]}),
        serial=b.VOLUME,
    ),
    _vdb(
        'no_driver_at_all_joins_by_serial',
        KEEP,
        _SDB,
        b.row('vdb', b.VOLUME, None),
        serial=b.VOLUME,
    ),
    *(
        _vdb(
            f'a_serial_of_an_{driver}_volume_on_a_local_{transport}_device',
            CONFLICT,
            _SDB,
            b.row('vdb', b.VOLUME, driver),
            facts={'/dev/sdb': b.device(transport, *slaves)},
            serial=b.VOLUME,
        )
        for driver in ('iscsi', 'rbd', 'nfs', 'storpool')
        for transport, *slaves in (
            ('sas',),
            ('loop',),
            ('virtio',),
            ('dm', 'sata'),
            ('md', 'nvme', 'sata'),
        )
    ),
    *(
        _vdb(
            f'an_{driver}_volume_that_a_dpu_shows_as_nvme_{len(slaves)}',
            KEEP,
            b.block('/dev/nvme0n1'),
            b.row('vdb', b.VOLUME, driver),
            facts={'/dev/nvme0n1': b.device(transport, *slaves)},
            serial=b.VOLUME,
        )
        for driver in ('iscsi', 'rbd', 'nvmeof')
        for transport, *slaves in (('nvme',), ('dm', 'nvme'))
    ),
    *(
        _vdb(
            f'an_unknown_driver_on_a_local_{transport}_device',
            KEEP,
            _SDB,
            b.row('vdb', b.VOLUME, 'vendor-magic', device_path='/dev/sdz'),
            facts={'/dev/sdb': b.device(transport)},
            serial=b.VOLUME,
        )
        for transport in ('sata', 'loop')
    ),
    _vdb(
        'an_attachment_on_a_local_file_system_does_not_agree',
        CONFLICT,
        b.file('/data/x'),
        b.row('vdb', b.VOLUME, 'nfs', export=EXPORT, name='x'),
        facts={'/data/x': b.local()},
        serial=b.VOLUME,
    ),
    # Device names, the weakest key.
    _vdb(
        'a_stale_name_is_harmless_beside_a_serial',
        KEEP,
        _SDB,
        b.row('vdq', b.VOLUME, 'iscsi'),
        serial=b.VOLUME,
    ),
    _vdb(
        'a_stale_name_is_harmless_beside_a_source',
        KEEP,
        _RBD,
        b.row('vdq', b.VOLUME, **_RBD_ROW),
    ),
    Scenario(
        'a_name_of_another_disk_is_a_conflict',
        b.case(
            b.disk('vda', b.file('/data/a')),
            b.disk('vdb', _SDB, serial=b.VOLUME),
            rows=[b.row('vda', b.VOLUME, 'iscsi')],
            source={'/data/a': b.local(), **_DEVICE},
        ),
        {'vda': 'refuse', 'vdb': CONFLICT},
    ),
    Scenario(
        'two_names_crossed_are_a_conflict',
        b.case(
            b.disk('vdb', _SDB, serial=b.VOLUME),
            b.disk('vdc', b.block('/dev/sdc'), serial=b.OTHER_VOLUME),
            rows=[
                b.row('vdc', b.VOLUME, 'iscsi'),
                b.row('vdb', b.OTHER_VOLUME, 'iscsi'),
            ],
            source=_DEVICE,
        ),
        {'vdb': CONFLICT, 'vdc': CONFLICT},
    ),
    _vdb(
        'a_name_alone_joins_a_disk_that_says_nothing',
        KEEP,
        _BY_ID,
        b.row('vdb', b.VOLUME, 'iscsi'),
    ),
    _vdb(
        'a_name_without_dev_joins_too',
        KEEP,
        _BY_ID,
        {**b.row(None, b.VOLUME, 'iscsi'), 'mount_device': 'vdb'},
    ),
    _vdb(
        'a_name_against_a_serial',
        CONFLICT,
        _SDB,
        b.row('vdb', b.VOLUME, 'iscsi'),
        serial='other',
    ),
    _vdb(
        'a_name_against_an_image',
        CONFLICT,
        b.rbd('volumes/other'),
        b.row('vdb', b.VOLUME, **_RBD_ROW),
    ),
    _vdb(
        'a_name_against_a_file',
        CONFLICT,
        b.file('/data/b'),
        b.row('vdb', b.VOLUME, **_RBD_ROW),
        facts={'/data/b': b.local()},
    ),
    _vdb(
        'a_name_against_another_lun',
        CONFLICT,
        b.block(BY_PATH),
        b.row('vdb', b.VOLUME, 'iscsi', target_iqn=IQN, target_lun=9),
        facts={},
    ),
    _vdb(
        'two_volumes_of_one_name',
        CONFLICT,
        _SDB,
        b.row('vdb', b.VOLUME, 'iscsi'),
        b.row('vdb', b.OTHER_VOLUME, 'iscsi'),
    ),
    *(
        _vdb(
            f'a_name_alone_of_a_{driver}_driver_against_what_looks_local',
            CONFLICT,
            _SDB,
            b.row('vdb', b.VOLUME, driver),
            facts={'/dev/sdb': b.device('sata')},
        )
        for driver in ('iscsi', 'local')
    ),
    _vdb(
        'a_name_and_a_driver_without_id_join',
        KEEP,
        _BY_ID,
        b.row('vdb', None, 'iscsi'),
    ),
    _vdb(
        'a_name_and_an_id_without_driver_join',
        KEEP,
        _BY_ID,
        b.row('vdb', b.VOLUME, None),
    ),
    _vdb(
        'a_name_of_no_volume_joins_nothing',
        'keep network-disk',
        _RBD,
        {'mount_device': '/dev/vdb'},
        plan=('volume-without-disk',),
    ),
    _vdb(
        'a_row_without_id_is_not_joined_by_a_serial',
        KEEP,
        _SDB,
        b.row('vdq', None, 'iscsi'),
        b.row('vdb', b.VOLUME, 'iscsi'),
        serial=b.VOLUME,
        plan=('volume-without-disk',),
    ),
    _vdb(
        'a_row_without_id_is_not_joined_by_no_serial',
        'copy local-filesystem',
        b.file('/data/b'),
        b.row('vdq', None, 'iscsi'),
        facts={'/data/b': b.local()},
        plan=('volume-without-disk',),
    ),
    Scenario(
        'a_name_of_another_disk_is_a_conflict_where_nothing_is_local',
        b.case(
            b.disk('vda', b.block('/dev/sdc')),
            b.disk('vdb', _SDB, serial=b.VOLUME),
            rows=[b.row('vda', b.VOLUME, 'iscsi')],
            source=_DEVICE,
        ),
        {'vda': CONFLICT, 'vdb': CONFLICT},
    ),
    Scenario(
        'a_volume_that_a_cdrom_shows_by_its_name',
        b.case(b.cdrom('hda', b.rbd()), rows=[b.row('hda', b.VOLUME)]),
        {'hda': 'skip read-only'},
    ),
    Scenario(
        'a_volume_that_only_an_empty_drive_could_show',
        b.case(
            b.disk('fda', device='floppy', serial='another'),
            rows=[b.row('fda', b.VOLUME)],
        ),
        {'fda': 'skip empty-drive'},
        ('volume-without-disk',),
    ),
    Scenario(
        'an_attachment_and_another_file_at_the_destination',
        b.case(
            b.disk('vdb', b.file(NFS_PATH), serial=b.VOLUME),
            rows=[b.row('vdb', b.VOLUME, 'nfs', export=EXPORT, name=NFS_FILE)],
            source={NFS_PATH: b.on('nfs', EXPORT, identity='i')},
            destination={NFS_PATH: b.on('nfs', EXPORT, identity='j')},
        ),
        {'vdb': 'refuse conflicting-evidence'},
    ),
)
