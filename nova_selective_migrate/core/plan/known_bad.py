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

"""Releases of libvirt and QEMU that break a migration copying disks."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import hypervisor


@dataclasses.dataclass(frozen=True)
class KnownBad:
    """A range of releases, both ends included, and what it breaks.

    :ivar incremental: only a copy of the top image alone is affected
    """

    program: str
    first: int
    last: int
    breaks: str
    incremental: bool = False


_TABLE = (
    KnownBad(
        'libvirt',
        7_003_000,
        7_005_999,
        'it copies nothing below NON_SHARED_INC (fixed in 7.6.0)',
        incremental=True,
    ),
    KnownBad(
        'libvirt',
        8_007_000,
        8_007_999,
        'it cannot set up storage migration (fixed in 8.8.0)',
    ),
    KnownBad(
        'qemu',
        8_002_000,
        8_002_002,
        'its mirror jobs can deadlock (fixed in 8.2.3)',
    ),
)


def find(
    hypervisors: hypervisor.Hypervisors, incremental: bool
) -> collections.abc.Iterator[str]:
    """Say of each side what is known to be broken there."""
    for side, program, version in _versions(hypervisors):
        for row in _TABLE:
            if row.program != program or version is None:
                continue
            if row.incremental and not incremental:
                continue
            if row.first <= version <= row.last:
                yield (
                    f'{program} {dotted(version)} on the {side}: {row.breaks}'
                )


def unknown(
    hypervisors: hypervisor.Hypervisors,
) -> collections.abc.Iterator[str]:
    """Name the versions that are not known."""
    for side, program, version in _versions(hypervisors):
        if version is None:
            yield f'the version of {program} on the {side} is not known'


def crashes_when_paused(hypervisors: hypervisor.Hypervisors) -> bool:
    """Tell whether QEMU asserts in a second migration of a paused guest.

    Its block nodes are inactive since the first, and only a mirror job
    wakes one: "Assertion `!(bs->open_flags & BDRV_O_INACTIVE)' failed" was
    seen on 7.2 with one shared disk or one cdrom beside a local disk, and
    not with local disks alone. Fixed in QEMU 10.0 (8597af7615).
    """
    qemu = hypervisors.source.qemu
    return qemu is not None and qemu < 10_000_000


def dotted(version: int) -> str:
    """Write a version as people do: 9.0.0."""
    return (
        f'{version // 1_000_000}.{version // 1_000 % 1_000}.{version % 1_000}'
    )


def _versions(
    hypervisors: hypervisor.Hypervisors,
) -> tuple[tuple[str, str, int | None], ...]:
    source, destination = hypervisors.source, hypervisors.destination
    return (
        ('source', 'libvirt', source.libvirt),
        ('source', 'qemu', source.qemu),
        ('destination', 'libvirt', destination.libvirt),
        ('destination', 'qemu', destination.qemu),
    )
