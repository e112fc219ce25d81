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

"""Files: what the hosts know of their file systems."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

# Named by doc/source/reference/decisions.rst, but for nfs4.
LOCAL = ('ext4', 'xfs', 'btrfs', 'zfs', 'tmpfs', 'overlay')
SHARED = (
    *('nfs', 'nfs4', 'ceph', 'cifs', 'gpfs', 'ocfs2', 'gfs2', 'lustre'),
    *('beegfs', 'fuse.glusterfs'),
)
# "... and their like".
ALSO_LOCAL = (
    *('bcachefs', 'erofs', 'exfat', 'ext2', 'ext3'),
    *('f2fs', 'hfs', 'hfsplus', 'hugetlbfs', 'iso9660', 'jffs2', 'jfs'),
    *('minix', 'nilfs2', 'ntfs', 'ntfs3', 'ramfs', 'reiserfs', 'rootfs'),
    *('squashfs', 'ubifs', 'udf', 'ufs', 'vfat'),
)
ALSO_SHARED = (
    *('9p', 'acfs', 'afs', 'fhgfs', 'fuse.ceph', 'fuse.ceph-fuse'),
    *('fuse.gpfs', 'fuse.juicefs', 'fuse.lizardfs', 'fuse.mfs'),
    *('fuse.moosefs', 'fuse.quobyte', 'fuse.s3fs', 'fuse.seaweedfs'),
    *('fuse.sshfs', 'fuse.vstorage', 'gfs', 'glusterfs', 'mmfs', 'moosefs'),
    *('ncpfs', 'orangefs', 'panfs', 'pvfs2', 'quobyte', 'smb3', 'smbfs'),
    *('stornext', 'vboxsf', 'virtiofs', 'vzstorage', 'wekafs'),
)
PATH = '/data/vda.qcow2'
DISK = b.disk('vda', b.file(PATH))


def _of(name, decision, facts=None, known=None, **more):
    return Scenario(
        name,
        b.case(
            DISK,
            source={PATH: facts} if facts is not None else {},
            destination={PATH: known} if known is not None else {},
            **more,
        ),
        {'vda': decision},
    )


_SEEN = {'identity': 'same'}

SCENARIOS = (
    *(
        _of(f'{fs}_is_local', 'copy local-filesystem', b.on(fs, 'x'))
        for fs in (*LOCAL, *ALSO_LOCAL)
    ),
    *(
        _of(
            f'{fs}_is_local_whatever_lies_there',
            'copy local-filesystem',
            b.on(fs, 'x', identity='here'),
            b.on(fs, 'x', identity='there'),
        )
        for fs in LOCAL
    ),
    *(
        _of(
            f'{fs}_seen_by_both_is_a_conflict',
            'refuse same-file-at-destination',
            b.on(fs, 'x', **_SEEN),
            b.on(fs, 'x', **_SEEN),
        )
        for fs in LOCAL
    ),
    *(
        _of(
            f'{fs}_is_unconfirmed',
            'refuse shared-not-confirmed',
            b.on(fs),
        )
        for fs in (*SHARED, *ALSO_SHARED)
    ),
    *(
        _of(
            f'{fs}_with_the_same_identity_is_shared',
            'keep same-at-destination',
            b.on(fs, **_SEEN),
            b.on(fs, **_SEEN),
        )
        for fs in SHARED
    ),
    *(
        _of(
            f'{fs}_not_at_the_destination_is_disproved',
            'refuse shared-disproved',
            b.on(fs),
            b.GONE,
        )
        for fs in SHARED
    ),
    _of(
        'nfs_on_another_export_is_disproved',
        'refuse shared-disproved',
        b.on('nfs4', 'srv:/one'),
        b.on('nfs4', 'srv:/two'),
    ),
    _of(
        'nfs_with_another_identity_is_disproved',
        'refuse shared-disproved',
        b.on('nfs4', identity='one'),
        b.on('nfs4', identity='two'),
    ),
    _of(
        'nfs_where_the_destination_has_ext4_is_disproved',
        'refuse shared-disproved',
        b.on('nfs4'),
        b.local(),
    ),
    _of(
        'nfs_of_the_same_export_alone_proves_nothing',
        'refuse shared-not-confirmed',
        b.on('nfs4'),
        b.on('nfs4'),
    ),
    _of(
        'nfs_with_an_identity_on_one_side_proves_nothing',
        'refuse shared-not-confirmed',
        b.on('nfs4', **_SEEN),
        b.on('nfs4'),
    ),
    _of(
        'nfs_with_nothing_known_there_is_unconfirmed',
        'refuse shared-not-confirmed',
        b.on('nfs4', **_SEEN),
        {},
    ),
    _of(
        'nfs_with_an_identity_there_alone_proves_nothing',
        'refuse shared-not-confirmed',
        b.on('nfs4'),
        b.on('nfs4', **_SEEN),
    ),
    _of(
        'nfs_that_is_gone_and_the_same_is_a_contradiction',
        'refuse conflicting-evidence',
        b.on('nfs4', **_SEEN),
        {**b.GONE, **_SEEN},
    ),
    _of(
        'nfs_where_nobody_knows_whether_the_file_is_there',
        'refuse shared-not-confirmed',
        b.on('nfs4', 'srv:/one'),
        {'fstype': 'nfs4', 'mount_source': 'srv:/two'},
    ),
    *(
        _of(
            f'nfs_of_the_same_export_but_for_a_slash_{where}',
            'refuse shared-not-confirmed',
            b.on('nfs4', here),
            b.on('nfs4', there),
        )
        for where, here, there in (
            ('here', 'srv:/exp/', 'srv:/exp'),
            ('there', 'srv:/exp', 'srv:/exp/'),
        )
    ),
    _of(
        'nfs_of_an_unknown_export_proves_nothing',
        'refuse shared-not-confirmed',
        b.on('nfs4', None),
        b.on('nfs4'),
    ),
    # Another export is a doubt that a declaration settles, since one goes
    # by many names; a file system of that host alone is more.
    _of(
        'nfs_on_another_export_declared_shared',
        'keep declared-shared',
        b.on('nfs4', 'srv:/one'),
        b.on('nfs4', 'srv:/two'),
        shared=['/data'],
    ),
    _of(
        'nfs_where_the_destination_has_ext4_declared_shared',
        'refuse declaration-conflict',
        b.on('nfs4'),
        b.local(),
        shared=['/data'],
    ),
    _of(
        'a_file_disk_on_a_device_on_tmpfs',
        'refuse locality-unknown',
        {'exists': True, 'kind': 'block', 'fstype': 'tmpfs'},
    ),
    Scenario(
        'a_device_disk_on_a_file_is_judged_as_a_file',
        b.case(
            b.disk('vda', b.block('/data/a')), source={'/data/a': b.local()}
        ),
        {'vda': 'copy local-filesystem'},
    ),
    _of(
        'a_file_by_its_type_alone',
        'copy local-filesystem',
        {'exists': True, 'fstype': 'ext4'},
    ),
    _of(
        'a_file_that_has_a_transport_is_a_device',
        'refuse shared-not-confirmed',
        {'exists': True, 'fstype': 'ext4', 'transport': 'iscsi'},
    ),
    _of(
        'strange_file_system_is_unknown',
        'refuse locality-unknown',
        b.on('weirdfs'),
    ),
    *(
        _of(
            f'{fstype}_may_have_its_files_on_nfs',
            'refuse locality-unknown',
            b.on(fstype),
        )
        for fstype in ('aufs', 'ecryptfs')
    ),
    *(
        _of(
            f'an_empty_identity_of_{fstype}_is_none',
            decision,
            b.on(fstype, identity=''),
            b.on(fstype, identity=''),
        )
        for fstype, decision in (
            ('ext4', 'copy local-filesystem'),
            ('nfs', 'refuse shared-not-confirmed'),
        )
    ),
    _of(
        'strange_file_system_is_shared_where_both_see_the_file',
        'keep same-at-destination',
        b.on('weirdfs', **_SEEN),
        b.on('weirdfs', **_SEEN),
    ),
    _of(
        'strange_file_system_is_settled_by_a_declaration',
        'copy declared-local',
        b.on('weirdfs'),
        local=['/data'],
    ),
    _of('nothing_is_known', 'refuse locality-unknown'),
    _of('empty_facts_are_no_facts', 'refuse locality-unknown', {}),
    _of('the_source_lacks_it', 'refuse source-missing', b.GONE),
    _of(
        'neither_file_nor_device_is_unknown',
        'refuse locality-unknown',
        {'exists': True, 'kind': 'other', 'fstype': 'ext4'},
    ),
    Scenario(
        'a_file_disk_on_a_device_is_judged_as_a_device',
        b.case(
            b.disk('vda', b.file('/dev/sdb')),
            source={'/dev/sdb': b.device('iscsi')},
        ),
        {'vda': 'refuse shared-not-confirmed'},
    ),
    Scenario(
        'missing_type_is_file_and_missing_device_is_disk',
        b.case(
            "<disk><source file='/data/a'/><target dev='vda'/></disk>",
            source={'/data/a': b.local()},
        ),
        {'vda': 'copy local-filesystem'},
    ),
    Scenario(
        'one_bad_disk_refuses_all_and_the_good_keep_their_action',
        b.case(
            b.disk('vda', b.file('/data/a')),
            b.disk('vdb', b.rbd()),
            b.disk('vdc', b.file('/nfs/c')),
            b.disk('vdd', b.file('/odd/d')),
            b.cdrom('hda'),
            source={'/data/a': b.local(), '/nfs/c': b.on('nfs')},
        ),
        {
            'vda': 'copy local-filesystem',
            'vdb': 'keep network-disk',
            'vdc': 'refuse shared-not-confirmed',
            'vdd': 'refuse locality-unknown',
            'hda': 'skip empty-drive',
        },
    ),
    Scenario(
        'copies_follow_the_order_of_the_xml',
        b.case(
            b.disk('vdc', b.file('/data/c')),
            b.disk('vda', b.file('/data/a')),
            b.disk('sdb', b.block('/dev/sdb')),
            source={
                '/data/a': b.local(),
                '/data/c': b.local(),
                '/dev/sdb': b.device('sata'),
            },
        ),
        {'vdc': 'copy', 'vda': 'copy', 'sdb': 'copy local-device'},
    ),
    Scenario('a_domain_without_disks_moves', b.case(), {}),
)
