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

"""Reasons to refuse a disk although its locality is known.

The codes are a contract; ``doc/source/reference/reason-codes.rst`` lists them.
"""

from nova_selective_migrate.core.model import refusal_reasons


class DiskRefusal(refusal_reasons.RefusalReason):
    """A disk can be neither kept nor copied as the migration needs it."""

    # Its copy would lose or mix data.
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
    # It is kept, and libvirt treats it as local.
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
        'hosts and restart libvirt; if that is done and the file cannot be '
        'read from here, name it with --libvirt-shared-filesystem, in nova '
        'libvirt_shared_filesystems',
    )
    # No destination image can be made for it.
    DESTINATION_EXISTS = (
        'destination-exists',
        'The destination has a file at the path already, and it is not '
        'ours to overwrite.',
        'find out what it is. It was probably left when the guest moved away '
        'from there, or by an interrupted migration, which '
        'nova-selective-migrate cleanup lists. If nothing needs it, name it '
        'with --existing to overwrite it',
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
        'declare it shared with --shared-path. Where each host has a device '
        'of its own: have a logical volume made there, by a storage pool of '
        'the same name or with --map-pool; or declare it local with '
        '--local-path and name it with --existing: both are needed',
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
    MAPPING_UNUSABLE = (
        'mapping-unusable',
        'Nothing can be made where it is mapped to at the destination.',
        'map it to a storage pool or a directory that is there, or start the '
        'pool; virsh pool-list --all on the destination lists them',
    )
    DUPLICATE_DESTINATION = (
        'duplicate-destination',
        'Another disk of the guest is where it is mapped to at the '
        'destination.',
        'map one of them to another path',
    )
    FORMAT_UNUSABLE = (
        'format-unusable',
        'It cannot have the format that is asked for at the destination.',
        'leave --to-format out for it',
    )
    CONTENT_MISSING = (
        'content-missing',
        'Read-only content that the guest needs is not at the destination.',
        'have it copied there with --copy-media, or take the medium out of '
        'its drive there with --eject-media',
    )
    # Nova does not prepare the destination for it.
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
        "It is a logical volume of nova's, and the destination shows no "
        'volume group that can take it.',
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
        'It is local, other disks of the guest are shared images of '
        "nova's, and the destination does not run this plugin. Only the "
        'plugin can make an image for it there.',
        'enable the plugin on the destination',
    )
    MEDIA_NOT_CARRIED = (
        'media-not-carried',
        'The guest needs its read-only content, which libvirt does not copy '
        'and nothing brings over.',
        'enable the plugin on the destination, raise media_limit, or detach '
        'the medium',
    )
