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

"""Why a disk is kept, copied, skipped or refused.

What stands against a copy or a plan is in ``core.model.disk_refusals`` and
``core.model.plan_refusals``. The codes are a contract;
``doc/source/reference/reason-codes.rst`` lists all of them.
"""

import enum


class Reason(enum.Enum):
    """A code with its meaning and, where it refuses a disk, the remedy.

    :ivar meaning: a sentence
    :ivar remedy: what to do, without a full stop; empty where nothing is
        refused
    """

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str = '') -> 'Reason':
        member = object.__new__(cls)
        member._value_ = code
        member.meaning = meaning
        member.remedy = remedy
        return member

    # A disk is kept: both hosts reach it.
    VOLUME_ATTACHMENT = (
        'volume-attachment',
        'The block device mapping names it as a volume; nova connects '
        'volumes on both hosts and never copies them.',
    )
    NETWORK_DISK = (
        'network-disk',
        'QEMU reaches it over the network, from either host.',
    )
    SAME_AT_DESTINATION = (
        'same-at-destination',
        'The destination sees the very same file or device.',
    )
    DECLARED_SHARED = (
        'declared-shared',
        'The operator declares it shared and nothing proves otherwise.',
    )
    # A disk is copied: it lives on the source alone.
    LOCAL_FILESYSTEM = (
        'local-filesystem',
        'It lies on a file system that one host mounts at a time.',
    )
    LOCAL_DEVICE = (
        'local-device',
        'The block device is attached to this host alone.',
    )
    LOCAL_VOLUME_GROUP = (
        'local-volume-group',
        'It is a logical volume, and the volume group for it at the '
        'destination is another one.',
    )
    DECLARED_LOCAL = (
        'declared-local',
        'The operator declares it local and nothing proves otherwise.',
    )
    LOCAL_OVER_SHARED = (
        'local-over-shared',
        'The top image is local, all images below it are at the '
        'destination: the top image alone is copied.',
    )
    LOCAL_OVER_SEED = (
        'local-over-seed',
        'The image and its base are local: the image alone is copied, into '
        'one that is made with the content of the base.',
    )
    # A disk is skipped: there is nothing to move.
    EMPTY_DRIVE = ('empty-drive', 'The drive holds no medium.')
    READ_ONLY = (
        'read-only',
        'The guest cannot write to it, and libvirt cannot copy it. Local '
        'content that the guest needs has to be brought in another way.',
    )
    # A disk is refused: the evidence is missing or conflicts.
    LOCALITY_UNKNOWN = (
        'locality-unknown',
        'Nothing shows whether it is local or shared.',
        'give the block device mapping that lists it, or declare its path: '
        'in shared_paths if both hosts see the same storage, in local_paths '
        'only if the destination has other storage there, or none',
    )
    SOURCE_MISSING = (
        'source-missing',
        'The source host does not see the path that the domain names.',
        'run the planner where libvirtd and QEMU see the path, or detach '
        'the disk',
    )
    POOL_UNKNOWN = (
        'pool-unknown',
        'Nothing is known of the storage pool that the disk names, or both '
        'hosts have another pool of that name.',
        'start the same pool, over the same servers, on both hosts, or let '
        'the disk name its file, device or network image instead of a pool '
        'volume',
    )
    LOOPBACK_SERVER = (
        'loopback-server',
        'Its server is on the loopback or a unix socket: another host has '
        'another server there.',
        'attach it through an address that both hosts reach, or declare '
        'its source in shared_paths if both hosts serve the same data',
    )
    SHARED_NOT_CONFIRMED = (
        'shared-not-confirmed',
        'Storage of this kind can be shared, but nothing shows that the '
        'destination sees the same file or device.',
        'mount or connect it on the destination and allow the probe, or '
        'declare its path in shared_paths if both hosts see the same. Do not '
        'declare it in local_paths unless it is shown to be another there',
    )
    SHARED_DISPROVED = (
        'shared-disproved',
        'Storage of this kind can be shared, but the destination sees '
        'another file, another export or none.',
        'mount the same export at the same path on the destination, or '
        'declare its path in local_paths if it is to be copied',
    )
    CONFLICTING_EVIDENCE = (
        'conflicting-evidence',
        'Some of the evidence says local, some says shared.',
        'find out which evidence is wrong and correct it at its origin: '
        'the mount, the block device mapping or the domain',
    )
    DECLARATION_CONFLICT = (
        'declaration-conflict',
        'shared_paths or local_paths say the opposite of what the hosts '
        'prove.',
        'remove or narrow the declaration',
    )
    SAME_FILE_AT_DESTINATION = (
        'same-file-at-destination',
        'The destination sees the very file that would be copied: the '
        'copy would run onto itself.',
        'declare its path in shared_paths if one host serves it to the '
        'other; otherwise migrate to another machine, or give the '
        'destination storage of its own at that path',
    )
    SAME_VOLUME_GROUP = (
        'same-volume-group',
        'It is a logical volume, and both hosts have the volume group with '
        'this UUID: they reach one device, or one host is a copy of the '
        'other.',
        'look with vgs -o +vg_uuid,pv_name on both hosts. Where both reach '
        'one device, declare the path in shared_paths; where one host is a '
        'copy, give its volume group a new UUID, with vgchange --uuid while '
        'nothing uses it',
    )
    ATTACHMENT_CONFLICT = (
        'attachment-conflict',
        'Serial, source and device name point at different volumes or '
        'different disks.',
        'correct the block device mapping or detach and attach the '
        'volume again',
    )
    HOST_ASSIGNED_NAME = (
        'host-assigned-name',
        'It is a volume, but its device name is one that each host assigns: '
        'at the destination it can be another volume, and nothing gives it '
        'the right path there.',
        'in nova, detach the volume and attach it again, so that serial or '
        'alias name it; on the command line, let the disk name its device '
        'below /dev/disk/by-id, or declare its path in shared_paths when you '
        'have seen that it is this volume on both hosts',
    )
    VOLUME_NOT_IN_MAPPING = (
        'volume-not-in-mapping',
        'It looks like a volume, but no row of the block device mapping '
        'explains it.',
        'restore its row in the block device mapping, or detach the disk '
        'from the domain',
    )
    SHARED_OVER_LOCAL = (
        'shared-over-local',
        'A shared image has a local image below it, which would be left '
        'behind.',
        'flatten the chain with virsh blockpull, or move the lower image '
        'to shared storage',
    )
    # A disk is refused: it is local and cannot be copied.
    TRANSIENT_DISK = (
        'transient-disk',
        'libvirt migrates no guest that has a transient disk.',
        'detach the disk or start the guest without <transient/>',
    )
    LUN_DISK = (
        'lun-disk',
        "QEMU's mirror passes no SCSI commands: the guest would see "
        'errors during the copy.',
        "attach it as device='disk', or shut the guest down to move it",
    )
    SHAREABLE_DISK = (
        'shareable-disk',
        'Another guest may write to it during the copy.',
        'remove <shareable/> or put the disk on shared storage',
    )
    ENCRYPTED_DISK = (
        'encrypted-disk',
        'Its payload would travel and land in clear.',
        'put the disk on shared storage, or shut the guest down to move '
        'the encrypted image',
    )
    EXTERNAL_DATA_FILE = (
        'external-data-file',
        'A local image with an external data file cannot be made again '
        'at the destination.',
        'convert it to an image that holds its own data',
    )
    VHOSTUSER_DISK = (
        'vhostuser-disk',
        'Another process serves it: QEMU has nothing to copy from.',
        'detach the disk, or attach it from storage that both hosts reach',
    )
    VDPA_DISK = (
        'vdpa-disk',
        'A vDPA device belongs to this host and cannot be copied.',
        'detach the disk before the migration',
    )
    NVME_DISK = (
        'nvme-disk',
        'A controller passed through belongs to this host and cannot be '
        'copied.',
        'detach the disk before the migration',
    )
    DIRECTORY_DISK = (
        'directory-disk',
        'A directory shown as a FAT disk cannot be copied.',
        'detach the disk, or make an image of the directory',
    )
    UNKNOWN_SOURCE_TYPE = (
        'unknown-source-type',
        'We do not know disks of this type.',
        'detach the disk, or use a release that knows the type',
    )
    UNUSUAL_TARGET = (
        'unusual-target',
        'Its target dev is no name that can be passed on safely.',
        'give the disk a target dev of letters, digits, "_", "-", "." '
        'and ":" alone',
    )
