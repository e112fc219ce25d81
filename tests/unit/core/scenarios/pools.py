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

"""Pool volumes: judged by what the pool says."""

import posixpath

from tests.unit.core import builders as b
from tests.unit.core.scenarios import joins
from tests.unit.core.scenarios.scenario import Scenario

DISK = b.disk('vda', b.volume('pool', 'vol'))
_FOLDER = {'exists': True, 'kind': 'directory'}
_MON = {'name': 'ceph-of-cell1', 'port': '6789'}
# As libvirt tells of them: formatstorage.
_NETWORK = {
    'rbd': {'type': 'rbd', 'hosts': [_MON], 'name': 'pool1'},
    'gluster': {
        'type': 'gluster',
        'hosts': [{'name': 'g'}],
        'name': 'vol',
        'directory': '/dir',
    },
    'sheepdog': {'type': 'sheepdog', 'hosts': [{'name': 's'}], 'name': 'n'},
    'iscsi-direct': {
        'type': 'iscsi-direct',
        'hosts': [{'name': 'p'}],
        'devices': ['iqn.x'],
    },
}
_THERE = {kind: {'pool': {'type': kind}} for kind in _NETWORK}
# Pools whose path is a folder of device nodes or links, on devtmpfs.
_DEVICES = {
    'iscsi': '/dev/disk/by-path',
    'scsi': '/dev/disk/by-path',
    'mpath': '/dev/mapper',
    'logical': '/dev/vg',
    'disk': '/dev',
}
_QEMU_DISK = '/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001'
_NAMED = {
    'type': 'scsi',
    'path': '/dev/disk/by-id',
    'volumes': {'vol': _QEMU_DISK},
}


def _of(name, decision, pool=None, source=None, destination=None, **more):
    return Scenario(
        name,
        b.case(
            DISK,
            pools={'pool': pool} if pool is not None else {},
            source=source,
            destination=destination,
            **more,
        ),
        {'vda': decision},
    )


SCENARIOS = (
    _of('pool_unknown', 'refuse pool-unknown'),
    _of('pool_without_path', 'refuse', {'type': 'dir'}),
    _of('pool_with_nothing_said', 'refuse', {}),
    _of(
        'folder_on_ext4',
        'copy local-filesystem',
        {'type': 'dir', 'path': '/pool'},
        {'/pool/vol': b.local()},
    ),
    _of(
        'folder_on_nfs_seen_by_both',
        'keep same-at-destination',
        {'type': 'netfs', 'path': '/pool'},
        {'/pool/vol': b.on('nfs', identity='i')},
        {'/pool/vol': b.on('nfs', identity='i')},
    ),
    _of(
        'folder_on_nfs_unconfirmed',
        'refuse shared-not-confirmed',
        {'type': 'netfs', 'path': '/pool'},
        {'/pool/vol': b.on('nfs')},
    ),
    *(
        _of(
            f'folder_of_a_{kind}_pool_known_and_volume_not',
            'refuse locality-unknown',
            {'type': kind, 'path': '/pool'},
            {'/pool': {**_FOLDER, 'fstype': 'nfs', 'mount_source': 's:/e'}},
        )
        for kind in ('dir', 'fs', 'netfs')
    ),
    _of(
        'folder_with_nothing_known_below',
        'refuse',
        {'type': 'dir', 'path': '/pool'},
    ),
    _of(
        'logical_volume_on_sata',
        'copy local-device',
        {'type': 'logical', 'path': '/dev/vg'},
        {'/dev/vg/vol': b.device('dm', 'sata')},
    ),
    _of(
        # A file in it can be a link, or mounted from elsewhere.
        'folder_known_and_the_image_there_made',
        'refuse locality-unknown',
        {'type': 'dir', 'path': '/pool'},
        {'/pool': {**_FOLDER, 'fstype': 'ext4'}},
        {'/pool/vol': b.local()},
        create_images=True,
        existing=['vda'],
    ),
    *(
        _of(
            f'{kind}_pool_is_not_local_by_its_folder_on_{fstype}',
            'refuse locality-unknown',
            {'type': kind, 'path': path},
            {path: {**_FOLDER, 'fstype': fstype, 'mount_source': 'udev'}},
        )
        for kind, path in _DEVICES.items()
        for fstype in ('devtmpfs', 'tmpfs')
    ),
    # libvirt looks the volume up in what the destination calls so.
    *(
        _of(
            f'{kind}_pool_of_which_the_name_is_known_{n}',
            'refuse pool-unknown',
            {'type': kind},
            **more,
        )
        for kind in _NETWORK
        for n, more in enumerate(({}, {'pools_there': _THERE[kind]}))
    ),
    *(
        _of(
            f'{kind}_pool_of_one_source_is_shared',
            'keep network-disk',
            pool,
            pools_there={'pool': pool},
        )
        for kind, pool in _NETWORK.items()
    ),
    *(
        _of(
            f'{kind}_pool_of_a_destination_that_was_not_asked',
            'refuse shared-not-confirmed',
            pool,
        )
        for kind, pool in _NETWORK.items()
    ),
    *(
        _of(
            f'{kind}_pool_that_the_destination_lacks',
            'refuse pool-unknown',
            pool,
            pools_there={},
        )
        for kind, pool in _NETWORK.items()
    ),
    *(
        _of(
            f'{kind}_pool_of_another_{field}_{other!r:.6}',
            'refuse pool-unknown',
            pool,
            pools_there={'pool': {**pool, field: other}},
        )
        for kind, pool in _NETWORK.items()
        for field, other in (
            ('hosts', [{'name': 'cell2', 'port': '6789'}]),
            ('hosts', []),
            ('name', 'other'),
            ('directory', '/other'),
            ('devices', ['iqn.other']),
            ('type', 'dir'),
        )
    ),
    _of(
        'rbd_pool_of_monitors_in_another_order',
        'keep network-disk',
        {**_NETWORK['rbd'], 'hosts': [_MON, {'name': 'mon2'}]},
        pools_there={
            'pool': {**_NETWORK['rbd'], 'hosts': [{'name': 'mon2'}, _MON]}
        },
    ),
    *(
        _of(
            f'{kind}_pool_of_each_host_s_own_server',
            'refuse loopback-server',
            {**pool, 'hosts': [{'name': '127.0.0.1'}]},
            pools_there={'pool': {**pool, 'hosts': [{'name': '127.0.0.1'}]}},
        )
        for kind, pool in _NETWORK.items()
    ),
    _of(
        'network_pool_declared_by_its_server',
        'keep declared-shared',
        {**_NETWORK['rbd'], 'hosts': [{'name': 'localhost'}]},
        pools_there={
            'pool': {**_NETWORK['rbd'], 'hosts': [{'name': 'localhost'}]}
        },
        shared=['rbd://localhost'],
    ),
    _of(
        'folder_that_the_destination_has_elsewhere',
        'refuse pool-unknown',
        {'type': 'dir', 'path': '/pool'},
        {'/pool/vol': b.local()},
        pools_there={'pool': {'type': 'dir', 'path': '/other'}},
    ),
    _of(
        'folder_of_a_server_of_two_names',
        'keep same-at-destination',
        {'type': 'netfs', 'path': '/pool', 'hosts': [{'name': 'a'}]},
        {'/pool/vol': b.on('nfs', identity='i')},
        {'/pool/vol': b.on('nfs', identity='i')},
        pools_there={'pool': {'type': 'netfs', 'path': '/pool', 'hosts': []}},
    ),
    # Names of volumes that name no device.
    *(
        _of(
            f'{kind}_pool_by_the_path_{path.rpartition("/")[2]}_{n}',
            decision,
            {
                'type': kind,
                'path': '/dev/disk/by-path',
                'volumes': {'vol': path},
            },
            {path: b.device('multipath')},
            **more,
        )
        for kind in ('iscsi', 'scsi', 'mpath')
        for path, confirmed in (
            (joins.BY_PATH, 'keep same-at-destination'),
            (joins.BY_ID, 'keep same-at-destination'),
            ('/dev/mapper/mpatha', 'refuse shared-not-confirmed'),
        )
        for n, (decision, more) in enumerate(
            (
                (
                    confirmed,
                    {
                        'pools_there': {
                            'pool': {
                                'type': kind,
                                'path': '/dev/disk/by-path',
                                'volumes': {'vol': path},
                            }
                        }
                    },
                ),
                ('refuse shared-not-confirmed', {}),
                ('keep declared-shared', {'shared': [path]}),
                (
                    'refuse pool-unknown',
                    {
                        'pools_there': {
                            'pool': {
                                'type': kind,
                                'path': '/dev/disk/by-path',
                                'volumes': {'vol': '/dev/x'},
                            }
                        }
                    },
                ),
                (
                    'refuse pool-unknown',
                    {
                        'pools_there': {
                            'pool': {'type': kind, 'path': '/dev/disk/by-path'}
                        }
                    },
                ),
            )
        )
    ),
    # A name from a serial that the disks of every other guest have as well.
    *(
        _of(
            f'scsi_pool_of_a_{transport}_device_of_one_name_{n}',
            decision,
            _NAMED,
            {_QEMU_DISK: b.device(transport, *slaves)},
            pools_there={'pool': _NAMED},
            **more,
        )
        for transport, *slaves in (
            ('sata',),
            ('virtio',),
            ('nvme',),
            ('sas',),
            ('dm', 'sata'),
        )
        for n, (decision, more) in enumerate(
            (
                ('refuse conflicting-evidence', {}),
                ('keep declared-shared', {'shared': [_QEMU_DISK]}),
            )
        )
    ),
    *(
        _of(
            f'scsi_pool_of_a_device_of_an_unknown_transport_{name}',
            decision,
            {**_NAMED, 'volumes': {'vol': f'/dev/disk/by-id/{name}'}},
            facts,
            pools_there={
                'pool': {
                    **_NAMED,
                    'volumes': {'vol': f'/dev/disk/by-id/{name}'},
                }
            },
        )
        for name, decision, facts in (
            ('virtio-data', 'refuse conflicting-evidence', {}),
            (
                'ata-QEMU_HARDDISK_QM00001',
                'refuse conflicting-evidence',
                {_QEMU_DISK: b.device('unknown')},
            ),
            ('wwn-0x600a098038303743', 'keep same-at-destination', {}),
            ('scsi-3600a098038303743', 'keep same-at-destination', {}),
            ('nvme-eui.0025385b71b0a1c2', 'keep same-at-destination', {}),
        )
    ),
    _of(
        'scsi_pool_of_a_serial_over_fibre_channel',
        'keep same-at-destination',
        _NAMED,
        {_QEMU_DISK: b.device('fc')},
        pools_there={'pool': _NAMED},
    ),
    _of(
        'scsi_pool_of_a_device_that_both_hosts_see',
        'keep same-at-destination',
        _NAMED,
        {_QEMU_DISK: b.device('sas', identity='i')},
        {_QEMU_DISK: b.device('sas', identity='i')},
        pools_there={'pool': _NAMED},
    ),
    _of(
        'pool_declared_shared',
        'keep declared-shared',
        {'type': 'dir', 'path': '/pool'},
        shared=['/pool'],
    ),
    _of(
        'pool_volume_with_an_attachment',
        'refuse host-assigned-name',
        rows=[b.row('vda', b.VOLUME)],
    ),
    Scenario(
        'a_pool_volume_named_like_a_volume_in_an_unknown_pool',
        b.case(b.disk('vda', b.volume('pool', f'volume-{b.VOLUME}')), rows=[]),
        {'vda': 'refuse volume-not-in-mapping'},
    ),
    _of(
        'a_pool_where_nova_mounts_volumes_needs_a_row',
        'refuse volume-not-in-mapping',
        {'type': 'netfs', 'path': posixpath.dirname(joins.NFS_PATH)},
        rows=[],
    ),
    Scenario(
        'a_pool_volume_named_like_a_volume_needs_a_row',
        b.case(
            b.disk('vda', b.volume('pool', f'volume-{b.VOLUME}')),
            pools={'pool': {'type': 'dir', 'path': '/pool'}},
            source={f'/pool/volume-{b.VOLUME}': b.local()},
            rows=[],
        ),
        {'vda': 'refuse volume-not-in-mapping'},
    ),
)
