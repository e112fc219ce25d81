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
# Pools whose path is a folder of device nodes or links, on devtmpfs.
_DEVICES = {
    'iscsi': '/dev/disk/by-path',
    'scsi': '/dev/disk/by-path',
    'mpath': '/dev/mapper',
    'logical': '/dev/vg',
    'disk': '/dev',
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
    *(
        _of(f'{kind}_pool_is_shared', 'keep network-disk', {'type': kind})
        for kind in ('rbd', 'gluster', 'sheepdog', 'iscsi-direct')
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
