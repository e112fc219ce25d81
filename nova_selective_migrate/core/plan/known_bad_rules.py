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

"""Rules on releases of libvirt or QEMU that break a migration."""

import dataclasses
import enum

from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import refusals


class HostSide(enum.Flag):
    """The hosts on which a release does harm."""

    SOURCE = enum.auto()
    DESTINATION = enum.auto()
    EITHER = SOURCE | DESTINATION

    @property
    def words(self) -> str:
        """Name the side for a person."""
        if self is HostSide.EITHER:
            return 'either host'
        return 'source' if self is HostSide.SOURCE else 'destination'


class Effect(enum.Enum):
    """What a plan does about a release.

    AVOID plans another way to copy, and refuses where there is none.
    """

    AVOID = 'avoid'
    WARN = 'warn'
    REFUSE = 'refuse'


class Feature(enum.Enum):
    """What a migration does when a release breaks it."""

    COPY = 'it copies a disk'
    SEVERAL_COPIES = 'it copies two disks or more'
    INCREMENTAL = 'it copies top images alone'
    ZEROES_FOUND_BY_SOURCE = (
        'the source finds the zeroes (migrate_disks_detect_zeroes) of an '
        'image that is not raw'
    )
    ZEROES_NOT_FOUND_BY_SOURCE = (
        'it copies an image that is not raw, and the source does not find '
        'its zeroes (migrate_disks_detect_zeroes)'
    )
    ZEROES_FOUND_THERE = (
        'it copies a disk, and the destination finds the zeroes of one '
        '(detect_zeroes)'
    )
    LIST_ALONE = 'it names disks to copy and sets no flag to copy any'
    SYNCHRONOUS_WRITES = 'it copies with synchronous writes'
    DISKS_PORT = 'it copies to a port of its own'
    TLS = 'it copies with TLS'
    NAMELESS_PARALLEL = (
        'it copies with TLS and parallel connections, and does not say what '
        'name the certificate is to have'
    )
    NAMELESS_POSTCOPY = 'the same with post-copy'
    CUSTOM_XML = 'it copies, and passes XML of its own to the destination'
    VIRTIO_VIDEO = 'it copies a disk of a guest with a virtio video device'
    GLUSTER = 'a disk of the guest is on gluster and is kept'
    PAUSED_TWICE = (
        'the guest may have come here paused, is so still, and a disk with a '
        'medium is not copied'
    )


#: The last release of a range that has no end yet.
OPEN = 999_999_999


@dataclasses.dataclass(frozen=True)
class Range:
    """Releases, both ends included, as libvirt numbers them.

    The number is major * 1,000,000 + minor * 1,000 + release.
    """

    first: int
    last: int = OPEN

    def holds(self, version: int) -> bool:
        """Return whether a release is one of the range."""
        return self.first <= version <= self.last

    def __str__(self) -> str:
        if self.last == OPEN:
            return f'{dotted(self.first)} and later'
        # Where a whole series is bad the last number is not that of a release.
        last = dotted(self.last)
        while last.endswith('.999'):
            last = last.removesuffix('.999')
        if last != dotted(self.last):
            last = f'{last}.x'
        if self.first == 0:
            return f'up to {last}'
        first = dotted(self.first)
        series = first.rpartition('.')[0]
        if last == f'{series}.x':
            return last
        return first if first == last else f'{first} to {last}'


@dataclasses.dataclass(frozen=True)
class KnownBad:
    """Releases, what they break, and what a plan does about it.

    A distribution fixes a release without changing its number, so that an
    operator can declare by the id that theirs has the fix.

    :ivar id: kebab-case; a contract, as reason codes are
    :ivar ranges: the bad releases
    :ivar breaks: in words that follow the name of the release; empty where
        the reason's own meaning says it
    :ivar origin: how it is known
    :ivar remedy: what the user can do; empty for the reason's own
    :ivar together_with_qemu: it happens only with such a QEMU on the same host
    :ivar acceptable: whether an operator can say that it is mended
    """

    id: str
    program: str
    ranges: tuple[Range, ...]
    side: HostSide
    feature: Feature
    effect: Effect
    breaks: str
    origin: str
    remedy: str = ''
    reason: refusals.AnyReason = plan_refusals.PlanRefusal.KNOWN_BAD_VERSION
    together_with_qemu: Range | None = None
    acceptable: bool = True

    def holds(self, version: int) -> bool:
        """Return whether a release is one of the ranges."""
        return any(each.holds(version) for each in self.ranges)


def dotted(version: int) -> str:
    """Write a version as people do: 9.0.0."""
    return (
        f'{version // 1_000_000}.{version // 1_000 % 1_000}.{version % 1_000}'
    )
