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

"""Keep thin disks thin: how the zeroes of a copied disk are found.

What QEMU does on its own differs from release to release, and none of them
finds zeroes that were written as data. Measured for each release in
doc/source/reference/thin.rst.
"""

import collections.abc
import dataclasses

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options

# Both daemons must know the parameter (release notes of libvirt 10.9.0).
_PARAMETER_SINCE = 10_009_000
# Where the destination alone finds zeroes, QEMU as of these releases was
# seen to leave the holes of a raw source out; 10.0 writes them out.
_SKIPS_HOLES = ((7_002_000, 7_002_999), (10_001_000, None))

Drivers = collections.abc.Mapping[str, collections.abc.Mapping[str, str]]
Targets = collections.abc.Set[str]


@dataclasses.dataclass(frozen=True)
class ZeroDetection:
    """How zeroes are kept from taking space.

    :ivar drivers: by target, attributes of <driver> at the destination
    :ivar detect: targets whose zeroes the source finds
        (migrate_disks_detect_zeroes)
    :ivar lasting: targets of disks that may take more space than their data
    :ivar filled: targets of thin logical volumes, which take all their room
    """

    drivers: Drivers = dataclasses.field(default_factory=dict)
    detect: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()


_NO_VOLUMES: collections.abc.Mapping[str, bool] = {}
_NO_FORMATS: collections.abc.Mapping[str, str] = {}


def choices(
    copied: collections.abc.Sequence[domains.Disk],
    hypervisors: domains.Hypervisors,
    wanted: migration_options.Thin,
    volumes: collections.abc.Mapping[str, bool] = _NO_VOLUMES,
    formats: collections.abc.Mapping[str, str] = _NO_FORMATS,
) -> collections.abc.Iterator[ZeroDetection]:
    """Yield the ways to keep disks thin, the best first.

    Logical volumes are left alone: nothing that QEMU does with zeroes frees
    what device mapper's thin target has, and a thick volume would be written
    twice, with zeroes and then with data.

    :param volumes: whether it is a thin one, of each that is a logical volume
        there, by target
    :param formats: of images there, by target, where others than here
    """
    others = [disk for disk in copied if disk.target not in volumes]
    filled = tuple(d.target for d in copied if volumes.get(d.target))
    qcow2 = frozenset(
        disk.target
        for disk in copied
        if formats.get(disk.target, disk.chain[0].format) == 'qcow2'
    )
    for choice in _choices(others, hypervisors, wanted, qcow2):
        yield ZeroDetection(
            choice.drivers, choice.detect, choice.lasting, filled
        )


def _choices(
    copied: collections.abc.Sequence[domains.Disk],
    hypervisors: domains.Hypervisors,
    wanted: migration_options.Thin,
    qcow2: Targets,
) -> collections.abc.Iterator[ZeroDetection]:
    """Yield the ways to keep images thin, the best first.

    The source finds zeroes before they travel, and the guest's own settings
    stay; that takes a parameter for each disk, of which libvirt passes few. No
    setting at all comes after those that keep a disk thin. Last come settings
    that only avoid a defect of a release of QEMU.

    :param qcow2: targets of those whose image there is qcow2
    """
    if wanted is not migration_options.Thin.OFF:
        qemu = hypervisors.source.qemu
        if all(
            (side.libvirt or 0) >= _PARAMETER_SINCE
            for side in (hypervisors.source, hypervisors.destination)
        ):
            yield _by_source(copied, qcow2)
            yield _by_both(copied, qemu, qcow2)
        yield _by_destination(copied, qemu, qcow2)
    yield ZeroDetection(lasting=tuple(disk.target for disk in copied))
    if any(
        side.libvirt is not None and side.libvirt < _PARAMETER_SINCE
        for side in (hypervisors.source, hypervisors.destination)
    ):
        return
    # For a release that loses writes otherwise. Where libvirt turns out not to
    # know the parameter, nothing has been copied yet.
    if wanted is migration_options.Thin.OFF:
        targets = tuple(disk.target for disk in copied)
        yield ZeroDetection(detect=targets, lasting=targets)
    else:
        yield _by_source(copied, qcow2)


def _by_source(
    copied: collections.abc.Iterable[domains.Disk], qcow2: Targets
) -> ZeroDetection:
    """Let the source detect zeroes, and the destination punch holes.

    A raw destination without discard='unmap' takes zeroes for data and grows
    to its full size; qcow2 keeps them as metadata.
    """
    wanted = {
        disk.target: {} if disk.target in qcow2 else {'discard': 'unmap'}
        for disk in copied
    }
    return ZeroDetection(_changes(copied, wanted), tuple(wanted))


def _by_both(
    copied: collections.abc.Sequence[domains.Disk],
    qemu: int | None,
    qcow2: Targets,
) -> ZeroDetection:
    """Let the source detect zeroes in raw images, else the destination."""
    raw = [disk for disk in copied if disk.chain[0].format == 'raw']
    others = [disk for disk in copied if disk not in raw]
    here = _by_source(raw, qcow2)
    there = _by_destination(others, qemu, qcow2)
    return ZeroDetection(
        {**here.drivers, **there.drivers}, here.detect, there.lasting
    )


def _by_destination(
    copied: collections.abc.Iterable[domains.Disk],
    qemu: int | None,
    qcow2: Targets,
) -> ZeroDetection:
    """Let the destination detect zeroes in what it receives."""
    wanted = {
        disk.target: {'detect_zeroes': 'on'}
        if disk.target in qcow2
        else {'discard': 'unmap', 'detect_zeroes': 'unmap'}
        for disk in copied
    }
    grows = () if _skips_holes(qemu) else _raw_files(copied)
    return ZeroDetection(_changes(copied, wanted), (), tuple(grows))


def _changes(
    copied: collections.abc.Iterable[domains.Disk], wanted: Drivers
) -> Drivers:
    """Drop settings that a disk already has, or has in a stronger form."""
    found: dict[str, dict[str, str]] = {}
    for disk in copied:
        has = {'discard': disk.discard, 'detect_zeroes': disk.detect_zeroes}
        if has['detect_zeroes'] == 'unmap' and has['discard'] == 'unmap':
            continue
        changed = {
            name: value
            for name, value in wanted[disk.target].items()
            if has[name] != value
        }
        if changed:
            found[disk.target] = changed
    return found


def _skips_holes(qemu: int | None) -> bool:
    return qemu is not None and any(
        first <= qemu and (last is None or qemu <= last)
        for first, last in _SKIPS_HOLES
    )


def _raw_files(
    copied: collections.abc.Iterable[domains.Disk],
) -> collections.abc.Iterator[str]:
    """Yield the targets of raw files, whose holes the source knows."""
    for disk in copied:
        if (
            not _is_qcow2(disk)
            and disk.chain[0].type is domains.SourceType.FILE
        ):
            yield disk.target


def _is_qcow2(disk: domains.Disk) -> bool:
    return disk.chain[0].format == 'qcow2'


def zero_notes(
    chosen: ZeroDetection, wanted: migration_options.Thin
) -> collections.abc.Iterator[str]:
    """Note the settings that stay changed, and disks that may grow."""
    by_change: dict[str, list[str]] = {}
    for target, attributes in chosen.drivers.items():
        text = ' and '.join(f"{k}='{v}'" for k, v in attributes.items())
        by_change.setdefault(text, []).append(target)
    for text, targets in by_change.items():
        yield (
            f'{", ".join(targets)}: with {text} there until the guest is '
            'started anew, so that zeroes take no room; libvirt cannot take '
            'that back from what runs, and the definition stays as it is'
        )
    if chosen.lasting and wanted is not migration_options.Thin.OFF:
        yield (
            f'{", ".join(chosen.lasting)}: may take more room there than the '
            'data in it'
        )
    if chosen.filled and wanted is not migration_options.Thin.OFF:
        yield (
            f'{", ".join(chosen.filled)}: a thin volume, which takes all of '
            'its room there; what the guest discards is free again where the '
            'volume there is a thin one, and the disk has discard'
        )
