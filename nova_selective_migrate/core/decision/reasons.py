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

"""Why a disk is treated as it is: the codes, stable across releases."""

import enum


class Reason(enum.Enum):
    """A reason code with its meaning and, for refusals, the remedy."""

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
        'The guest cannot write to it and libvirt cannot copy it; local '
        'content is a duty of the caller.',
    )
    # A disk is refused: the evidence is missing or conflicts.
    LOCALITY_UNKNOWN = (
        'locality-unknown',
        'Nothing shows whether it is local or shared.',
        'give the block device mapping that explains it, or declare its '
        'path in shared_paths where both hosts see the same, and in '
        'local_paths only where the destination has another or none',
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
        'Its server is on the loopback or a unix socket: another thing '
        'on another host.',
        'attach it through an address that both hosts reach, or declare '
        'its source in shared_paths if both hosts serve the same data',
    )
    SHARED_NOT_CONFIRMED = (
        'shared-not-confirmed',
        'Storage of this kind can be shared, but nothing shows that the '
        'destination sees the same file or device.',
        'mount or connect it on the destination and allow the probe, or '
        'declare its path in shared_paths if both hosts see the same; only '
        'what is shown to be another there belongs in local_paths',
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
    DUPLICATE_SOURCE = (
        'duplicate-source',
        'Two writable disks have the same source.',
        'detach one of them',
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
    INTERNAL_SNAPSHOTS = (
        'internal-snapshots',
        'Its image has snapshots inside, and a copy has none of them.',
        'shut the guest down to move the image itself, or delete the '
        'snapshots where nobody needs them any more',
    )
    # A disk is refused: it is kept, and libvirt takes it for local.
    UNSAFE_FOR_LIBVIRT = (
        'unsafe-for-libvirt',
        'Both hosts reach it, but libvirt on the source does not know its '
        'file system as shared and refuses every migration that keeps it.',
        'upgrade libvirt on the source to a release that knows the file '
        'system, or to 10.9 or newer, whose qemu.conf has '
        'shared_filesystems, or move the disk to storage that libvirt knows',
    )
    UNSAFE_UNLESS_CONFIGURED = (
        'unsafe-unless-configured',
        'Both hosts reach it, but libvirt on the source does not know its '
        'file system as shared and refuses every migration that keeps it.',
        'name its mount point in shared_filesystems of qemu.conf on both '
        'hosts and restart libvirt; where that is done and cannot be read '
        'from here, say so with --libvirt-shared-filesystem, of nova '
        'libvirt_shared_filesystems',
    )
    # A disk is refused: no destination image can be made for it.
    DESTINATION_EXISTS = (
        'destination-exists',
        'The destination has a file at the path already, and it is not '
        'ours to overwrite.',
        'look what it is: it was probably left when the guest moved away '
        'from there, or by a migration that did not come to its end, which '
        'nova-selective-migrate cleanup lists. Where nothing needs it, say '
        'with --existing that it is there to be overwritten',
    )
    IMAGE_UNPROVEN = (
        'image-unproven',
        'The file that exists at the destination may be the source itself: '
        'nothing has compared them.',
        'leave it alone until it is shown to be another file: let the disk '
        'name its file without symbolic links, and allow the probe; where '
        'both hosts see one file, declare its path in shared_paths',
    )
    DEVICE_UNPROVEN = (
        'device-unproven',
        'The device is presumed local, and nothing shows that the '
        'destination has another one at its path.',
        'declare it shared with --shared-path; or, where each host has a '
        'device of its own, declare it local with --local-path and name it '
        'with --existing: both are needed',
    )
    DESTINATION_MISMATCH = (
        'destination-mismatch',
        'What exists at the destination has another virtual size or '
        'format, or is no image.',
        'make it anew with the same virtual size in bytes and the same format',
    )
    DESTINATION_UNREACHABLE = (
        'destination-unreachable',
        'No image can be made for it through libvirt at the destination.',
        'make the directory there or start its storage pool, or make the '
        'image or device yourself and say so with --existing',
    )
    IMAGE_NOT_REPRODUCIBLE = (
        'image-not-reproducible',
        'The size or format that the destination image must have is not '
        'known or not raw or qcow2.',
        'make the image at the destination yourself and say so with '
        '--existing',
    )
    CONTENT_MISSING = (
        'content-missing',
        'Read-only content that the guest needs is not at the destination.',
        'copy it to the same path there, or eject the medium',
    )
    # A disk is refused: nova does not prepare the destination for it.
    UNEXPLAINED_DISK = (
        'unexplained-disk',
        'It is local, and neither a row of the block device mapping nor a '
        "file in the instance's directory, so that nova makes nothing for it "
        'at the destination.',
        'attach it as a volume, move it to storage that both hosts reach, or '
        'detach it',
    )
    LOCAL_BLOCK_DEVICE = (
        'local-block-device',
        'It is a local block device, such as a logical volume of '
        'images_type=lvm, and none is made for it at the destination.',
        'use cold migration, or, if both hosts reach the device, declare it '
        'in shared_paths',
    )
    BLOCK_MIGRATION_FORBIDDEN = (
        'block-migration-forbidden',
        'It is local and the request forbids block migration.',
        'migrate with --block-migration, or leave the choice to nova by '
        'giving neither --block-migration nor --shared-migration',
    )
    SHARED_INSTANCE_DIRECTORY = (
        'shared-instance-directory',
        "It is local, but nova sees the instance's directory shared by both "
        'hosts and prepares nothing there.',
        'move the disk out of the shared directory, or find out which of '
        'them is wrong with disk list',
    )
    OTHER_IMAGES_TYPE = (
        'other-images-type',
        'images_type of the destination is another: at the next hard reboot '
        'there nova would look for the disk elsewhere, or take it for one of '
        'another format.',
        'give both hosts the same images_type, or migrate to a host that '
        'has it',
    )
    PEER_REQUIRED = (
        'peer-required',
        'It is local while others of the guest are shared images of '
        "nova's, and the destination does not run this plugin, which alone "
        'can make an image for it then.',
        'enable the plugin on the destination',
    )
    MEDIA_NOT_CARRIED = (
        'media-not-carried',
        'The guest needs its read-only content, which libvirt does not copy '
        'and nothing brings over.',
        'enable the plugin on the destination, raise media_limit, or detach '
        'the medium',
    )
    # The whole plan is refused.
    DESTINATION_FULL = (
        'destination-full',
        'The destination has too little room for what is to be copied.',
        'make room there, or migrate to another host',
    )
    INSTANCE_DIRECTORY_EXISTS = (
        'instance-directory-exists',
        "The destination has the instance's directory already, and it is "
        'not ours to overwrite.',
        'look what it holds and move it away; it may be left over from an '
        'earlier migration or evacuation',
    )
    VOLUME_WITHOUT_DISK = (
        'volume-without-disk',
        'The block device mapping has a volume that no disk of the '
        'domain shows.',
        'detach the volume in nova, or attach it to the domain again',
    )
    DOMAIN_NOT_ACTIVE = (
        'domain-not-active',
        'Only a running or paused guest can be live-migrated.',
        'start the guest, or move it offline',
    )
    ACTIVE_JOB = (
        'active-job',
        'Another job runs on the guest, such as a migration, a save or a '
        'backup.',
        'wait for it; look with virsh domjobinfo',
    )
    ACTIVE_BLOCK_JOB = (
        'active-block-job',
        'libvirt migrates no guest while a block job runs.',
        'wait for the job; virsh blockjob --info shows how far it is',
    )
    SNAPSHOTS = (
        'snapshots',
        'libvirt migrates no guest that has snapshots.',
        'merge or delete those that are not needed any more with virsh '
        'snapshot-delete, or shut the guest down to move its images with '
        'all that is in them',
    )
    FILES_LEFT_BEHIND = (
        'files-left-behind',
        'The guest has a directory of its host as a file system, and nothing '
        'shows that the destination has the same: libvirt moves the guest '
        'without the files.',
        'put the directory on storage that both hosts reach and, where '
        'nothing can show that, declare it in shared_paths; or unmount it '
        'in the guest and detach it',
    )
    DEVICE_NOT_MIGRATABLE = (
        'device-not-migratable',
        'The guest has a device that belongs to this host, or that libvirt '
        'does not migrate.',
        'detach it before the migration, or shut the guest down to move it',
    )
    PAUSED_SINCE_MIGRATION = (
        'paused-since-migration',
        'The guest is paused and no disk has served a request here, so it '
        'may have come here paused; QEMU before 10.0 then crashes in the '
        'next migration that leaves a disk uncopied.',
        'resume the guest before the migration',
    )
    TLS_UNPREPARED = (
        'tls-unprepared',
        'TLS is asked for, and the source has no certificates for it.',
        'give both hosts ca-cert.pem, server-cert.pem, server-key.pem, '
        'client-cert.pem and client-key.pem in the directory that qemu.conf '
        'names, /etc/pki/qemu by default, or migrate without TLS on a network '
        'of its own',
    )
    TUNNELLED = (
        'tunnelled',
        'Disks cannot be copied through a tunnelled migration.',
        'migrate without the tunnel; use native TLS instead',
    )
    TOO_MANY_PARAMETERS = (
        'too-many-parameters',
        'libvirt passes at most 64 parameters, and each disk to copy is one.',
        'detach disks, or move some to shared storage',
    )
    DISKS_URI_UNUSABLE = (
        'disks-uri-unusable',
        'What the destination is to listen on for disks cannot be used.',
        'name tcp://address[:port] or unix:///path, with neither a port '
        'for disks nor, for a unix socket, TLS',
    )
    NOT_THIN = (
        'not-thin',
        'The copy may take more room than its data, and it was asked not to.',
        'upgrade libvirt to 10.9 or newer on both hosts, or migrate with '
        'thin = auto',
    )
    BANDWIDTH_TOO_SMALL = (
        'bandwidth-too-small',
        'libvirt before 11.3 gives every disk at least 1 MiB/s: the disks '
        'together would take more than the limit.',
        'allow at least as many MiB/s as disks are copied, or upgrade libvirt '
        'on the source',
    )
    KNOWN_BAD_VERSION = (
        'known-bad-version',
        'This release of libvirt or QEMU is known to break a migration '
        'that copies disks.',
        'upgrade it',
    )
