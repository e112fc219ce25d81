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

"""Devices and directories that stop a migration."""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.evidence import image_locality
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import other_devices
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals

# From this libvirt on QEMU is asked what blocks a migration; earlier ones
# refuse such devices themselves (qemuMigrationSrcIsAllowed of 9.0.0; nova
# requires the same version for vGPUs).
_ASKS_QEMU_SINCE = 8_006_000
# From this QEMU on VFIO devices migrate where their driver can.
_VFIO_SINCE = 8_001_000
# qemuMigrationSrcIsAllowed of 9.0.0 refuses every one; that of 11.3.0 goes
# by what virtiofsd can.
_LAST_WITHOUT_VIRTIOFS = 9_000_999
_VFIO = ('pci', 'mdev', 'interface')
# Of a file that both hosts may have.
_ONE_FILE = (
    reasons.Reason.SHARED_NOT_CONFIRMED,
    reasons.Reason.SAME_FILE_AT_DESTINATION,
)
#: Devices that nova detaches before the call, or checks itself.
_LEFT_TO_NOVA = (*_VFIO, 'vdpa')


def find(
    facts: case_facts.Facts,
) -> collections.abc.Iterator[refusals.Refusal]:
    """Refuse devices that libvirt would, and directories left behind.

    libvirt moves a guest with a <filesystem> directory and leaves its files.
    So it does with what QEMU opens by arguments of its own.
    """
    devices = facts.domain.others
    for directory in devices.directories:
        yield from _of_directory(directory, facts)
    for device in devices.devices:
        if why := _of_device(device, facts):
            yield refusals.Refusal(
                None, plan_refusals.PlanRefusal.DEVICE_NOT_MIGRATABLE, why
            )
    for memory in devices.memories:
        yield from _of_memory(memory, facts)
    if devices.qemu_options:
        yield refusals.Refusal(
            None,
            plan_refusals.PlanRefusal.DEVICE_NOT_MIGRATABLE,
            f'{", ".join(devices.qemu_options)} among the arguments of '
            'qemu:commandline, which libvirt passes on and does not look into',
            instead='have the domain define it, as <disk> or <filesystem>, '
            'or shut the guest down to move it',
        )


def notes(facts: case_facts.Facts) -> collections.abc.Iterator[str]:
    """Note what only QEMU or the guest can tell."""
    devices = facts.domain.others
    for directory in devices.directories:
        if directory.driver == 'path':
            yield (
                f'{directory.path}: QEMU refuses to migrate while the guest '
                'has it mounted (9p)'
            )
        elif directory.driver == 'virtiofs':
            yield (
                f'{directory.path}: it migrates only where virtiofsd of both '
                'hosts can'
            )
    kinds = [device.kind for device in devices.devices]
    if 'usb' in kinds:
        yield (
            'a USB device of the host stays where it is: the guest is given '
            'the one at that place of the destination'
        )
    if facts.prepared is None and {*_LEFT_TO_NOVA}.intersection(
        device.kind for device in devices.devices if not device.teamed
    ):
        yield (
            'the guest has a device of its host, and QEMU alone can tell '
            'whether its driver can migrate it'
        )


def _of_directory(
    directory: other_devices.HostDirectory, facts: case_facts.Facts
) -> collections.abc.Iterator[refusals.Refusal]:
    libvirt = facts.hypervisors.source.libvirt
    if (
        directory.driver == 'virtiofs'
        and libvirt is not None
        and libvirt <= _LAST_WITHOUT_VIRTIOFS
    ):
        yield refusals.Refusal(
            None,
            plan_refusals.PlanRefusal.DEVICE_NOT_MIGRATABLE,
            f'{directory.path} by virtiofs, which this libvirt migrates not '
            'at all',
        )
    source = domains.DiskSource(domains.SourceType.DIR, path=directory.path)
    verdict = image_locality.judge_image(
        source, volume_matching.VolumeMatch(), facts.storage, facts.case.policy
    )
    if verdict.locality is not domains.Locality.SHARED:
        seen = '; '.join(item.sentence for item in verdict.evidence)
        yield refusals.Refusal(
            None,
            plan_refusals.PlanRefusal.FILES_LEFT_BEHIND,
            f'{directory.path}: {seen}',
        )


def _of_memory(
    memory: other_devices.PersistentMemory, facts: case_facts.Facts
) -> collections.abc.Iterator[refusals.Refusal]:
    """Refuse a memory whose content does not arrive, or runs onto itself.

    QEMU sends the content of an nvdimm with the guest's memory, and writes it
    into the file there. It sends nothing of virtio-pmem (seen with QEMU 7.2;
    hw/virtio/virtio-pmem.c registers no RAM).
    """
    source = domains.DiskSource(domains.SourceType.FILE, path=memory.path)
    verdict = image_locality.judge_image(
        source, volume_matching.VolumeMatch(), facts.storage, facts.case.policy
    )
    shared = verdict.locality is domains.Locality.SHARED
    if memory.model == 'nvdimm':
        if not memory.shared or not (shared or verdict.reason in _ONE_FILE):
            return
        why = 'the copy of its content may run onto itself'
        instead = (
            'give each host a file or device of its own for it, or shut the '
            'guest down to move it'
        )
    elif shared:
        return
    else:
        why = 'QEMU does not send its content'
        instead = (
            'put it on storage that both hosts reach and, where nothing can '
            'show that, declare its path in shared_paths, or shut the guest '
            'down to move it'
        )
    yield refusals.Refusal(
        None,
        plan_refusals.PlanRefusal.DEVICE_NOT_MIGRATABLE,
        f'{memory.model} over {memory.path}: {why}',
        instead=instead,
    )


def _of_device(
    device: other_devices.HostDevice, facts: case_facts.Facts
) -> str:
    """Return what is wrong with a device; empty where nothing is known."""
    if device.kind == 'shmem':
        if device.role == 'master':
            return ''
        return 'shared memory without role master'
    if device.kind == 'capabilities':
        return 'hostdev of mode capabilities'
    if device.kind == 'usb' or device.teamed:
        return ''
    if facts.prepared and device.kind in _LEFT_TO_NOVA:
        return ''
    source = facts.hypervisors.source
    if _never(device) or not _is_asked(source):
        return f'a {device.kind} device of the host'
    too_old = source.qemu is not None and source.qemu < _VFIO_SINCE
    if device.kind in _VFIO and too_old:
        return f'a {device.kind} device of the host, and QEMU before 8.1'
    return ''


def _never(device: other_devices.HostDevice) -> bool:
    """Return whether a SCSI address is valid on this host alone."""
    if device.kind == 'scsi':
        return not device.over_network
    return device.kind == 'scsi_host'


def _is_asked(source: domains.Versions) -> bool:
    """Return whether libvirt asks QEMU what blocks a migration.

    True where the release is not known.
    """
    return source.libvirt is None or source.libvirt >= _ASKS_QEMU_SINCE
