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

"""Types of file systems: shared or local, and which libvirt knows.

libvirt goes by the magic number of statfs(2), and for FUSE by the type of
the mount (virFileIsSharedFSType, read in 9.0.0 and 11.3.0). It takes a file
on any other file system for local, and migrates no guest that keeps it.
"""

import dataclasses
import enum
import posixpath


class Reach(enum.Enum):
    """What a kind of storage says of who can reach it."""

    LOCAL = 'local'
    CANDIDATE = 'candidate'
    UNKNOWN = 'unknown'


@dataclasses.dataclass(frozen=True)
class FileSystem:
    """A type of file system, as mountinfo(5) names it.

    :ivar libvirt_since: the first libvirt that takes it for shared; None
        where none does
    """

    reach: Reach
    libvirt_since: int | None = None


#: Every release of libvirt that we support knows them.
_ALWAYS = 0
# Words are easier to read and to keep sorted than a column of literals.
# ruff: noqa: SIM905

# Local: one host mounts them at a time. Not aufs and ecryptfs: they have
# their files on other file systems, and those can be NFS. The upper layer of
# overlay cannot: it needs whiteouts, which NFS has not (ovl_make_workdir).
_LOCAL = (
    'bcachefs btrfs erofs exfat ext2 ext3 ext4 f2fs '
    'hfs hfsplus hugetlbfs iso9660 jffs2 jfs minix nilfs2 ntfs ntfs3 overlay '
    'ramfs reiserfs rootfs squashfs tmpfs ubifs udf ufs vfat xfs zfs'
).split()
# File systems that many hosts mount at once, by the first libvirt that knows
# them. smb3 is none: the kernel tells another number for SMB 2 and later.
_SHARED_SINCE = {
    _ALWAYS: (
        'acfs afs ceph cifs fuse.glusterfs fuse.quobyte gfs gfs2 glusterfs '
        'gpfs mmfs nfs nfs4 ocfs2 quobyte smbfs'
    ).split(),
    9_006_000: 'beegfs fhgfs'.split(),
    None: (
        '9p fuse.ceph fuse.ceph-fuse fuse.gpfs fuse.juicefs fuse.lizardfs '
        'fuse.mfs fuse.moosefs fuse.s3fs fuse.seaweedfs fuse.sshfs '
        'fuse.vstorage lustre moosefs ncpfs orangefs panfs pvfs2 smb3 '
        'stornext vboxsf virtiofs vzstorage wekafs'
    ).split(),
}

#: By type. A type that is missing says nothing, and libvirt treats it as
#: local.
TABLE = {
    **{name: FileSystem(Reach.LOCAL) for name in _LOCAL},
    **{
        name: FileSystem(Reach.CANDIDATE, since)
        for since, names in _SHARED_SINCE.items()
        for name in names
    },
}
_UNKNOWN = FileSystem(Reach.UNKNOWN)

#: The first libvirt whose qemu.conf has shared_filesystems: 10.0 has not,
#: 11.3 has.
OVERRIDE_SINCE = 10_009_000


def of(fstype: str) -> FileSystem:
    """Return what is known of a type of file system."""
    return TABLE.get(fstype, _UNKNOWN)


def shared_for_libvirt(fstype: str, libvirt: int) -> bool:
    """Return whether this libvirt takes a file on it for shared."""
    since = of(fstype).libvirt_since
    return since is not None and libvirt >= since


def overridden(path: str, prefixes: tuple[str, ...]) -> bool:
    """Return whether shared_filesystems covers a path, by component.

    :param path: behind symbolic links, which libvirt follows in both
    """
    normal = _normal(path)
    return any(
        normal == prefix or normal.startswith(f'{prefix.rstrip("/")}/')
        for prefix in map(_normal, prefixes)
    )


def _normal(path: str) -> str:
    return '/' + posixpath.normpath(path).lstrip('/')
