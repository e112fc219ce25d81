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

"""The call of a plan, and the second one where disks do not converge."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import zero_detection


@dataclasses.dataclass(frozen=True)
class Extents:
    """How much of each disk the call copies.

    :ivar by_target: of the disks to copy
    :ivar incremental: whether the call is NON_SHARED_INC, for all of them
    :ivar avoids: why top images alone are not copied, though they could be
    :ivar refused: disks that cannot be copied to that extent
    """

    by_target: collections.abc.Mapping[str, disk_strategy.Extent]
    incremental: bool
    avoids: tuple[known_bad_releases.Found, ...]
    refused: disk_strategy.Refusals


def extents(
    facts: case_facts.Facts,
    copied: disk_strategy.Strategies,
    without_base: disk_strategy.Refusals,
) -> Extents:
    """Choose one mode of copying for the call, and what follows for disks.

    One flag holds for all disks: where one needs a full copy, all get one,
    and then a base image at nova's destination is of no use. On the command
    line the image that is made there keeps its base.

    :param copied: the disks to copy that nothing stands against so far
    :param without_base: refusals of those whose top cannot be copied alone
    """
    based = disk_strategy.copies(copied, without_base)
    incremental = _incremental(facts, based)
    avoids = _top_alone_loses(facts) if incremental else ()
    if avoids:
        return _whole(copied, avoids, ())
    if facts.prepared and not incremental:
        return _whole(based, (), without_base)
    return Extents(
        {each.disk.target: each.extent for each in based},
        incremental,
        (),
        without_base,
    )


def _whole(
    copied: disk_strategy.Strategies,
    avoids: tuple[known_bad_releases.Found, ...],
    refused: disk_strategy.Refusals,
) -> Extents:
    """Copy whole chains, and refuse those of which that is impossible."""
    impossible = {
        each.disk.target: refusals.Refusal.of_disk(
            each.disk, why[0], about=why[1]
        )
        for each in copied
        if (why := disk_strategy.not_copied(each.disk, each.disk.chain))
    }
    return Extents(
        {
            each.disk.target: disk_strategy.Extent.WHOLE
            for each in copied
            if each.disk.target not in impossible
        },
        False,
        avoids,
        (*refused, *impossible.values()),
    )


def _incremental(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> bool:
    """Return whether one NON_SHARED_INC is right for all disks to copy.

    The flag holds for the whole call. It writes no cluster that the source
    top image has not allocated, so every destination image must be fresh,
    and nothing may lie below one that the domain XML does not tell. A device
    that has just been made still has what its disks held before.
    """
    prepared, existing = facts.prepared, facts.options.existing
    whole = disk_strategy.Extent.WHOLE
    return (
        (prepared is None or prepared.images_type == 'qcow2')
        and any(each.extent is not whole for each in copied)
        and all(
            each.extent is not whole
            or (not each.disk.backing and each.disk.chain_ends)
            for each in copied
        )
        and not any(
            each.disk.target in existing
            or destination_images.is_device(each.disk, facts.storage)
            for each in copied
        )
    )


@dataclasses.dataclass(frozen=True)
class PlannedCall:
    """A call, how it keeps disks thin, and what it was chosen to avoid.

    :ivar flattened: targets whose image will hold the whole chain
    :ivar renamed: paths at the destination by target, where others than here
    """

    call: migrate_call.MigrateCall
    thinning: zero_detection.ZeroDetection
    flattened: tuple[str, ...]
    avoids: tuple[known_bad_releases.Found, ...] = ()
    renamed: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )


def first(facts: case_facts.Facts, extents: Extents) -> PlannedCall:
    """Make the call with the best thinning that both hosts can be passed.

    That a release breaks something counts for more than room. Where each
    choice breaks something the best is returned, for what is said of it.
    """
    flattened = destination_images.chains_to_flatten(facts, extents.by_target)
    renamed = destination_images.renamed(facts, extents.by_target)
    copied = [
        disk for disk in facts.domain.disks if disk.target in extents.by_target
    ]
    fitting: list[PlannedCall] = []
    broken: list[tuple[known_bad_releases.Found, ...]] = []
    tried: list[PlannedCall] = []
    for thinning in zero_detection.choices(
        copied,
        facts.hypervisors,
        facts.options.thin,
        logical_volumes(facts.storage, copied),
    ):
        call = _call(facts, extents, flattened, renamed, thinning)
        made = PlannedCall(call, thinning, flattened, renamed=renamed)
        tried.append(made)
        if call.parameter_count > migrate_call.PARAMETER_LIMIT:
            continue
        breaks = _broken(facts, call, thinning)
        if not breaks:
            needed = _needed(facts, call, thinning)
            avoids = broken[0] if broken else ()
            return PlannedCall(needed, thinning, flattened, avoids, renamed)
        fitting.append(made)
        broken.append(breaks)
    if fitting:
        return fitting[0]
    return min(tried, key=lambda each: each.call.parameter_count)


def logical_volumes(
    storage: storage_facts.Storage,
    copied: collections.abc.Iterable[domains.Disk],
) -> dict[str, bool]:
    """Find the disks that are logical volumes, and whether they are thin.

    :returns: by target; without those that are none
    """
    found: dict[str, bool] = {}
    for disk in copied:
        place = storage_facts.in_pool(disk.chain[0], storage.pools)
        if place is None or place.path is None:
            continue
        here = storage_facts.find(storage.source, place)
        there = storage_facts.find(storage.destination, place)
        if pool_volumes.is_logical_volume(storage, place.path):
            thin = any(each.thin for each in (here, there) if each)
            found[disk.target] = thin
    return found


def _top_alone_loses(
    facts: case_facts.Facts,
) -> tuple[known_bad_releases.Found, ...]:
    """Find why a copy of top images alone is to be avoided."""
    return known_bad_releases.to_avoid(
        facts.hypervisors,
        [known_bad_releases.Feature.INCREMENTAL],
        facts.options.accept_known_bad,
    )


def _broken(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
    thinning: zero_detection.ZeroDetection,
) -> tuple[known_bad_releases.Found, ...]:
    return known_bad_releases.to_avoid(
        facts.hypervisors,
        known_bad_releases.features(call, facts.domain, thinning.drivers),
        facts.options.accept_known_bad,
    )


def _needed(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
    thinning: zero_detection.ZeroDetection,
) -> migrate_call.MigrateCall:
    """Mark the optional parameters that the call is not right without."""
    needed = []
    for name in migrate_call.OPTIONAL:
        kept = {k: v for k, v in call.parameters.items() if k != name}
        without = dataclasses.replace(call, parameters=kept)
        if _broken(facts, without, thinning):
            needed.append(name)
    return dataclasses.replace(call, needed=tuple(needed))


def _call(
    facts: case_facts.Facts,
    extents: Extents,
    flattened: tuple[str, ...],
    renamed: collections.abc.Mapping[str, str],
    thinning: zero_detection.ZeroDetection,
) -> migrate_call.MigrateCall:
    case = facts.case
    persistent = bool(case.domain_state.persistent)
    xml = {}
    if flattened or renamed or thinning.drivers:
        xml['destination_xml'] = destination_xml.for_copy(
            case.domain_xml, flattened, thinning.drivers, renamed
        )
        if persistent and case.persistent_xml:
            xml['persistent_xml'] = destination_xml.of_definition(
                case.persistent_xml, case.domain_xml, flattened, renamed
            )
    options = case.options
    if case.domain_state.state == 'paused':
        # libvirt refuses the flag then; nova leaves it out too.
        options = dataclasses.replace(options, postcopy=False)
    call = migrate_call.build(
        [*extents.by_target],
        options,
        incremental=extents.incremental,
        persistent=persistent,
        xml=xml,
        detect_zeroes=thinning.detect,
        per_disk=limit(facts).per_disk(len(extents.by_target)),
    )
    if known_bad_releases.wants_tls_destination(case.hypervisors, call):
        if options.prepared:
            # Who prepares the destination learns its name later.
            return call.with_also_sent('tls.destination')
        if options.migration_host:
            return call.with_parameter(
                'tls.destination', options.migration_host
            )
    return call


def limit(facts: case_facts.Facts) -> bandwidth.LinkLimit:
    """Return the bandwidth limit of the migration."""
    options = facts.options
    return bandwidth.link_limit(
        options.bandwidth, options.parallel_mirrors, facts.hypervisors.source
    )


#: VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES is one of libvirt's since then.
_FIRST_LIBVIRT = 8_000_000


def second_call(
    call: migrate_call.MigrateCall, case: migration_case.Case
) -> migrate_call.MigrateCall | None:
    """Return the call to make when the first copy does not converge.

    libvirt takes the flag with the call alone, not for a copy that runs.

    :returns: None where the caller wants none, or the flag is not known to
        be safe with what both hosts run
    """
    if not case.options.converge or not call.flags & migrate_call.NON_SHARED:
        return None
    flag = migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
    if flag in call.flags or not _safe(case):
        return None
    incremental = migrate_call.MigrateFlag.NON_SHARED_INC in call.flags
    if incremental and not case.options.create_images:
        # Who has made the images makes them once, and a copy of top images
        # alone must not find what an earlier one has written.
        return None
    return dataclasses.replace(call, flags=call.flags | flag)


def _safe(case: migration_case.Case) -> bool:
    hosts = case.hypervisors
    if hosts.source.qemu is None:
        return False
    for host in (hosts.source, hosts.destination):
        if host.libvirt is None or host.libvirt < _FIRST_LIBVIRT:
            return False
    using = (known_bad_releases.Feature.SYNCHRONOUS_WRITES,)
    accept = case.options.accept_known_bad
    return not any(known_bad_releases.find(hosts, using, accept))


def second_call_notes(
    again: migrate_call.MigrateCall | None,
) -> collections.abc.Iterator[str]:
    """Note that the copy may be started a second time."""
    if again is not None:
        yield (
            'should the disks not get ahead of what the guest writes, the '
            'copy begins again, once, with synchronous writes'
        )
