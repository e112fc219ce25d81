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

"""What stands against the copy of a disk, or against a plan as a whole.

The codes are a contract; ``doc/source/reason-codes.rst`` lists them.
"""

import dataclasses
import enum

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import reasons


class RefusalReason(enum.Enum):
    """A code with its meaning and its remedy.

    :ivar meaning: a sentence
    :ivar remedy: what to do, without an end
    """

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str) -> 'RefusalReason':
        member = object.__new__(cls)
        member._value_ = code
        member.meaning, member.remedy = meaning, remedy
        return member

    # A disk is refused: its copy would lose or mix data.
    DUPLICATE_SOURCE = (
        'duplicate-source',
        'Two writable disks have the same source.',
        'detach one of them',
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
        "It is a local block device and no logical volume of nova's own, so "
        'that none is made for it at the destination.',
        'attach it as a volume, or, if both hosts reach the device, declare '
        'it in shared_paths',
    )
    VOLUME_GROUP_UNFIT = (
        'volume-group-unfit',
        "It is a logical volume of nova's, and nothing shows that the "
        'destination has a volume group in which one can be made for it.',
        'give the destination images_type=lvm and an images_volume_group, '
        'or migrate to a host that has them',
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


AnyReason = reasons.Reason | RefusalReason


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a disk cannot be migrated as it has to be, or the whole guest.

    :ivar target: of the disk; None where it is the whole guest
    :ivar detail: what the reason is about, where its meaning alone does
        not tell
    :ivar about: the image or path that it is about; empty: the disk alone
    :ivar instead: the remedy where the reason's own is not safe to follow
    """

    target: str | None
    reason: AnyReason
    detail: str = ''
    about: str = ''
    instead: str = ''

    @classmethod
    def of_disk(
        cls,
        disk: domains.Disk,
        reason: AnyReason,
        detail: str = '',
        about: str = '',
        instead: str = '',
    ) -> 'Refusal':
        """Refuse a disk, for its own source where no other image is named."""
        about = about or (disk.source.label if disk.source else '')
        return cls(disk.target, reason, detail, about, instead)

    @property
    def message(self) -> str:
        """Return one line for a person: disk, reason and remedy."""
        about = f' ({self.about})' if self.about else ''
        where = f'{self.target}{about}: ' if self.target else ''
        detail = f' ({self.detail})' if self.detail else ''
        return (
            f'{where}{self.reason.meaning[:-1]}{detail}. '
            f'Remedy: {self.instead or self.reason.remedy}.'
        )

    def stated(self, *, nova: bool | None) -> 'StatedRefusal':
        """Return the refusal as its reader is told it.

        :param nova: whether nova's reader is; None: either may be
        """
        message = self.message
        if nova is not None:
            message = message_words.worded(message, nova=nova)
        return StatedRefusal(self.target, self.reason, message)


@dataclasses.dataclass(frozen=True)
class StatedRefusal:
    """A :class:`Refusal` with its message in the words of its reader."""

    target: str | None
    reason: AnyReason
    message: str
