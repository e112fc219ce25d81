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

"""Find the rules on known-bad releases that apply to a migration."""

import collections.abc
import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import known_bad_libvirt
from nova_selective_migrate.core.plan import known_bad_qemu
from nova_selective_migrate.core.plan import known_bad_rules
from nova_selective_migrate.core.plan import migrate_call

Feature = known_bad_rules.Feature
Rule = known_bad_rules.KnownBad
Effect = known_bad_rules.Effect
Side = known_bad_rules.HostSide
#: Every rule there is, those of libvirt first.
TABLE = (*known_bad_libvirt.RULES, *known_bad_qemu.RULES)
dotted = known_bad_rules.dotted

Drivers = collections.abc.Mapping[str, collections.abc.Mapping[str, str]]
_FINDS = ('on', 'unmap')


@dataclasses.dataclass(frozen=True)
class Found:
    """A rule that applies to a migration, and the release it is about."""

    rule: known_bad_rules.KnownBad
    release: str

    @property
    def detail(self) -> str:
        """Say what the release breaks; empty where the reason tells."""
        breaks = self.rule.breaks
        return f'{self.release}: {breaks}' if breaks else ''

    @property
    def remedy(self) -> str:
        """Return the remedy, and how to declare the release fixed."""
        remedy = self.rule.remedy or self.rule.reason.remedy
        if not self.rule.acceptable:
            return remedy
        return (
            f'{remedy}; if its package has the fix, say so with '
            f'--accept-known-bad {self.rule.id}, in nova accept_known_bad = '
            f'{self.rule.id}'
        )


def accepted(ids: collections.abc.Iterable[str]) -> frozenset[str]:
    """Check the ids of rules that the operator says do not apply.

    :raises InvalidInput: when one is unknown, or its rule cannot be declared
        fixed
    """
    known = [rule.id for rule in TABLE if rule.acceptable]
    found = frozenset(ids)
    for each in sorted(found.difference(known)):
        raise exceptions.InvalidInput(
            f'accept_known_bad: {each!r} is no rule that can be accepted; '
            f'there are {", ".join(sorted(known))}'
        )
    return found


def find(
    hypervisors: domains.Hypervisors,
    features: collections.abc.Collection[Feature],
    accept: collections.abc.Collection[str] = (),
) -> collections.abc.Iterator[Found]:
    """Find the rules that apply, host by host.

    :param accept: ids of rules that the operator says do not hold
    """
    for side, program, version in _versions(hypervisors):
        for rule in TABLE:
            if (
                version is not None
                and rule.program == program
                and side in rule.side
                and rule.feature in features
                and rule.holds(version)
                and rule.id not in accept
                and _together(rule, side, hypervisors)
            ):
                release = f'{program} {dotted(version)} on the {side.words}'
                yield Found(rule, release)


def to_avoid(
    hypervisors: domains.Hypervisors,
    features: collections.abc.Collection[Feature],
    accept: collections.abc.Collection[str] = (),
) -> tuple[Found, ...]:
    """Find the rules that another way to copy would avoid."""
    return tuple(
        found
        for found in find(hypervisors, features, accept)
        if found.rule.effect is Effect.AVOID
    )


def _together(
    rule: known_bad_rules.KnownBad,
    side: Side,
    hypervisors: domains.Hypervisors,
) -> bool:
    if rule.together_with_qemu is None:
        return True
    host = (
        hypervisors.source if side is Side.SOURCE else hypervisors.destination
    )
    return host.qemu is not None and rule.together_with_qemu.holds(host.qemu)


def features(
    call: migrate_call.MigrateCall,
    domain: domains.Domain | None = None,
    drivers: Drivers | None = None,
) -> frozenset[Feature]:
    """Return the features of a call that a release can break.

    :param drivers: by target, attributes of <driver> that the destination
        is given besides those of the domain
    """
    if 'migrate_disks' not in call.parameters:
        return frozenset()
    flag = migrate_call.MigrateFlag
    names = {*call.parameters, *call.also_sent}
    nameless = flag.TLS in call.flags and 'tls.destination' not in names
    targets = _texts(call.parameters['migrate_disks'])
    detected = _texts(call.parameters.get(migrate_call.DETECT_ZEROES))
    disks = domain.disks if domain else ()
    sparse = {
        disk.target
        for disk in disks
        if disk.target in targets and not _is_raw(disk)
    }
    using = {
        Feature.COPY: True,
        Feature.SEVERAL_COPIES: len(targets) > 1,
        Feature.LIST_ALONE: not call.flags & migrate_call.NON_SHARED,
        Feature.INCREMENTAL: flag.NON_SHARED_INC in call.flags,
        Feature.ZEROES_FOUND_BY_SOURCE: bool(sparse.intersection(detected)),
        Feature.ZEROES_NOT_FOUND_BY_SOURCE: bool(sparse.difference(detected)),
        Feature.ZEROES_FOUND_THERE: any(
            _finds_zeroes(disk, drivers or {}) for disk in disks
        ),
        Feature.SYNCHRONOUS_WRITES: (
            flag.NON_SHARED_SYNCHRONOUS_WRITES in call.flags
        ),
        Feature.DISKS_PORT: 'disks_port' in names,
        Feature.TLS: flag.TLS in call.flags,
        Feature.NAMELESS_PARALLEL: nameless and flag.PARALLEL in call.flags,
        Feature.NAMELESS_POSTCOPY: nameless and flag.POSTCOPY in call.flags,
        Feature.CUSTOM_XML: 'destination_xml' in names,
        Feature.VIRTIO_VIDEO: bool(
            domain and 'virtio' in domain.others.videos
        ),
    }
    return frozenset(feature for feature, used in using.items() if used)


def wants_tls_destination(
    hypervisors: domains.Hypervisors, call: migrate_call.MigrateCall
) -> bool:
    """Return whether naming the certificate's host avoids a rule.

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
    hypervisors: domains.Hypervisors,
) -> collections.abc.Iterator[str]:
    """Name the versions that are not known."""
    for side, program, version in _versions(hypervisors):
        if version is None:
            yield f'the version of {program} on the {side.words} is not known'


def _texts(value: migrate_call.Parameter | None) -> list[str]:
    return value if isinstance(value, list) else []


def _is_raw(disk: domains.Disk) -> bool:
    # Without a format in the XML it can be any.
    return bool(disk.source and disk.source.format == 'raw')


def _finds_zeroes(disk: domains.Disk, drivers: Drivers) -> bool:
    given = drivers.get(disk.target, {}).get('detect_zeroes')
    return disk.writable and (given or disk.detect_zeroes) in _FINDS


def _versions(
    hypervisors: domains.Hypervisors,
) -> tuple[tuple[Side, str, int | None], ...]:
    source, destination = hypervisors.source, hypervisors.destination
    return (
        (Side.SOURCE, 'libvirt', source.libvirt),
        (Side.SOURCE, 'qemu', source.qemu),
        (Side.DESTINATION, 'libvirt', destination.libvirt),
        (Side.DESTINATION, 'qemu', destination.qemu),
    )
