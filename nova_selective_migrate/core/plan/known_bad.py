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

"""Releases of libvirt and QEMU that break a migration."""

import collections.abc
import dataclasses
import enum

from nova_selective_migrate.core.case import hypervisor
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.plan import call as call_


class Side(enum.Flag):
    """The hosts on which a release does harm."""

    SOURCE = enum.auto()
    DESTINATION = enum.auto()
    EITHER = SOURCE | DESTINATION


class Feature(enum.Enum):
    """What a migration has to do for a release to break it."""

    COPY = 'it copies a disk'
    INCREMENTAL = 'it copies top images alone'
    LIST_ALONE = 'it names disks to copy and sets no flag to copy any'
    SYNCHRONOUS_WRITES = 'it copies with synchronous writes'
    DISKS_PORT = 'it copies to a port of its own'
    NAMELESS_PARALLEL = (
        'it copies with TLS and parallel connections, and does not say what '
        'name the certificate is to have'
    )
    NAMELESS_POSTCOPY = 'the same with post-copy'
    PAUSED_TWICE = (
        'the guest may have come here paused, is so still, and a disk with a '
        'medium is not copied'
    )


@dataclasses.dataclass(frozen=True)
class KnownBad:
    """A range of releases, both ends included, and what it breaks.

    :ivar breaks: in words that follow the name of the release; empty where
        the reason's own meaning says it
    :ivar remedy: what the user can do; empty for the reason's own
    :ivar origin: how it is known
    """

    program: str
    first: int
    last: int
    side: Side
    feature: Feature
    breaks: str
    origin: str
    remedy: str = ''
    reason: reasons.Reason = reasons.Reason.KNOWN_BAD_VERSION

    def holds(self, version: int) -> bool:
        """Tell whether a release is one of the range."""
        return self.first <= version <= self.last


#: Every rule; reference/libvirt.md is the origin where none is named.
TABLE = (
    KnownBad(
        *('libvirt', 7_003_000, 7_005_999, Side.EITHER, Feature.INCREMENTAL),
        'it copies nothing below NON_SHARED_INC (fixed in 7.6.0)',
        'release notes of libvirt 7.6.0',
    ),
    KnownBad(
        *('libvirt', 8_007_000, 8_007_999, Side.EITHER, Feature.COPY),
        'it cannot set up storage migration (fixed in 8.8.0)',
        'release notes of libvirt 8.8.0',
    ),
    # No call of ours is one: it is the last look at what is made.
    KnownBad(
        *('libvirt', 0, 9_999_999, Side.SOURCE, Feature.LIST_ALONE),
        'it copies nothing then and does not say so (an error from 10.0.0)',
        'qemuMigrationSrcBeginPhase of libvirt 9.0.0; seen with 9.0.0',
        'report this: it is a defect of the planner',
    ),
    KnownBad(
        *('libvirt', 0, 10_000_999, Side.DESTINATION, Feature.DISKS_PORT),
        'it never gives the port back, so that the next migration to it '
        'fails (fixed in 10.1.0)',
        'release notes of libvirt 10.1.0; seen with 9.0.0',
        'upgrade it, or migrate without --disks-port',
    ),
    KnownBad(
        *('libvirt', 0, 10_002_999, Side.SOURCE, Feature.NAMELESS_PARALLEL),
        'it checks the certificate for disks against no name (fixed in '
        '10.3.0)',
        'release notes of libvirt 10.3.0; seen with 9.0.0',
        'name the destination with --migrate-uri, or upgrade it',
    ),
    # Only since QEMU itself connects for post-copy: 9.0.0 was seen to work.
    KnownBad(
        *('libvirt', 9_001_000, 10_002_999),
        *(Side.SOURCE, Feature.NAMELESS_POSTCOPY),
        'it checks the certificate for disks against no name (fixed in '
        '10.3.0)',
        'release notes of libvirt 10.3.0; qemuMigrationSrcPerformNative',
        'name the destination with --migrate-uri, or upgrade it',
    ),
    # The jobs run where the guest does.
    KnownBad(
        *('qemu', 8_002_000, 8_002_002, Side.SOURCE, Feature.COPY),
        'its mirror jobs can deadlock (fixed in 8.2.3)',
        'QEMU ae5a40e858, RHEL-28125',
    ),
    KnownBad(
        *('qemu', 0, 7_001_999, Side.SOURCE, Feature.SYNCHRONOUS_WRITES),
        'its mirror jobs may never come to an end then (fixed in 7.2.0)',
        'QEMU d69a879bdf, da93d5c84e, 32125b1460',
        'upgrade it, or leave --synchronous-writes, of nova '
        'synchronous_writes, at auto',
    ),
    KnownBad(
        *('qemu', 10_001_000, 10_002_001),
        *(Side.SOURCE, Feature.SYNCHRONOUS_WRITES),
        'it crashes when the guest writes zeroes during the copy (fixed in '
        '10.2.2)',
        'QEMU 4a7b1bd18d',
        'upgrade it, or leave --synchronous-writes, of nova '
        'synchronous_writes, at auto',
    ),
    # Block nodes are inactive since the first migration, and only a mirror
    # job wakes one: "Assertion `!(bs->open_flags & BDRV_O_INACTIVE)' failed".
    KnownBad(
        *('qemu', 0, 9_999_999, Side.SOURCE, Feature.PAUSED_TWICE),
        '',
        'QEMU 8597af7615 (10.0); seen with 7.2 and one shared disk or one '
        'cdrom beside a local disk, and not with local disks alone',
        reason=reasons.Reason.PAUSED_SINCE_MIGRATION,
    ),
)


@dataclasses.dataclass(frozen=True)
class Found:
    """A rule that stands against a migration, and what is said of it."""

    rule: KnownBad
    detail: str


def find(
    hypervisors: hypervisor.Hypervisors,
    features: collections.abc.Collection[Feature],
) -> collections.abc.Iterator[Found]:
    """Find what stands against a migration, side by side."""
    for side, program, version in _versions(hypervisors):
        for rule in TABLE:
            if (
                version is not None
                and rule.program == program
                and side in rule.side
                and rule.feature in features
                and rule.holds(version)
            ):
                name = f'{program} {dotted(version)} on the {_name(side)}'
                detail = f'{name}: {rule.breaks}' if rule.breaks else ''
                yield Found(rule, detail)


def features(call: call_.MigrateCall) -> frozenset[Feature]:
    """Say what of a call a release can break."""
    if 'migrate_disks' not in call.parameters:
        return frozenset()
    flag = call_.MigrateFlag
    names = {*call.parameters, *call.also_sent}
    nameless = flag.TLS in call.flags and 'tls.destination' not in names
    using = {
        Feature.COPY: True,
        Feature.LIST_ALONE: not call.flags & call_.NON_SHARED,
        Feature.INCREMENTAL: flag.NON_SHARED_INC in call.flags,
        Feature.SYNCHRONOUS_WRITES: (
            flag.NON_SHARED_SYNCHRONOUS_WRITES in call.flags
        ),
        Feature.DISKS_PORT: 'disks_port' in names,
        Feature.NAMELESS_PARALLEL: nameless and flag.PARALLEL in call.flags,
        Feature.NAMELESS_POSTCOPY: nameless and flag.POSTCOPY in call.flags,
    }
    return frozenset(feature for feature, used in using.items() if used)


def wants_tls_destination(
    hypervisors: hypervisor.Hypervisors, call: call_.MigrateCall
) -> bool:
    """Tell whether a name for the certificate works around a rule.

    It does no harm where the release is not known.
    """
    version = hypervisors.source.libvirt
    nameless = features(call) & {
        Feature.NAMELESS_PARALLEL,
        Feature.NAMELESS_POSTCOPY,
    }
    return any(
        version is None or rule.holds(version)
        for rule in TABLE
        if rule.feature in nameless
    )


def unknown(
    hypervisors: hypervisor.Hypervisors,
) -> collections.abc.Iterator[str]:
    """Name the versions that are not known."""
    for side, program, version in _versions(hypervisors):
        if version is None:
            yield f'the version of {program} on the {_name(side)} is not known'


def dotted(version: int) -> str:
    """Write a version as people do: 9.0.0."""
    return (
        f'{version // 1_000_000}.{version // 1_000 % 1_000}.{version % 1_000}'
    )


def _name(side: Side) -> str:
    return 'source' if side is Side.SOURCE else 'destination'


def _versions(
    hypervisors: hypervisor.Hypervisors,
) -> tuple[tuple[Side, str, int | None], ...]:
    source, destination = hypervisors.source, hypervisors.destination
    return (
        (Side.SOURCE, 'libvirt', source.libvirt),
        (Side.SOURCE, 'qemu', source.qemu),
        (Side.DESTINATION, 'libvirt', destination.libvirt),
        (Side.DESTINATION, 'qemu', destination.qemu),
    )
