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

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import zero_detection


@dataclasses.dataclass(frozen=True)
class PlannedCall:
    """A call, how it keeps disks thin, and what it was chosen to avoid."""

    call: migrate_call.MigrateCall
    thinning: zero_detection.ZeroDetection
    avoids: tuple[known_bad_releases.Found, ...] = ()


def of(
    domain: domains.Domain,
    copied: collections.abc.Sequence[disk_strategy.Decision],
    flattened: tuple[str, ...],
    case: migration_case.Case,
    incremental: bool,
) -> PlannedCall:
    """Make the call with the best thinning that both hosts can be passed.

    That a release breaks something counts for more than room. Where each
    choice breaks something the best is returned, for what is said of it.
    """
    fitting: list[PlannedCall] = []
    tried: list[PlannedCall] = []
    for thinning in zero_detection.choices(
        [chosen.disk for chosen in copied],
        case.hypervisors,
        case.options.thin,
    ):
        call = _call(copied, flattened, thinning, case, incremental)
        made = PlannedCall(call, thinning)
        tried.append(made)
        if call.parameter_count > migrate_call.PARAMETER_LIMIT:
            continue
        broken = _broken(domain, call, thinning, case)
        if not broken:
            avoids = fitting[0].avoids if fitting else ()
            return PlannedCall(_guarded(domain, made, case), thinning, avoids)
        fitting.append(dataclasses.replace(made, avoids=broken))
    if fitting:
        return dataclasses.replace(fitting[0], avoids=())
    return min(tried, key=lambda each: each.call.parameter_count)


def top_alone_loses(
    case: migration_case.Case,
) -> tuple[known_bad_releases.Found, ...]:
    """Find why a copy of top images alone is to be avoided."""
    return known_bad_releases.to_avoid(
        case.hypervisors,
        [known_bad_releases.Feature.INCREMENTAL],
        case.options.accept_known_bad,
    )


def _broken(
    domain: domains.Domain,
    call: migrate_call.MigrateCall,
    thinning: zero_detection.ZeroDetection,
    case: migration_case.Case,
) -> tuple[known_bad_releases.Found, ...]:
    return known_bad_releases.to_avoid(
        case.hypervisors,
        known_bad_releases.features(call, domain, thinning.drivers),
        case.options.accept_known_bad,
    )


def _guarded(
    domain: domains.Domain, made: PlannedCall, case: migration_case.Case
) -> migrate_call.MigrateCall:
    """Mark the optional parameters that the call is not right without."""
    needed = []
    for name in migrate_call.OPTIONAL:
        kept = {k: v for k, v in made.call.parameters.items() if k != name}
        without = dataclasses.replace(made.call, parameters=kept)
        if _broken(domain, without, made.thinning, case):
            needed.append(name)
    return dataclasses.replace(made.call, needed=tuple(needed))


def _call(
    copied: collections.abc.Sequence[disk_strategy.Decision],
    flattened: tuple[str, ...],
    thinning: zero_detection.ZeroDetection,
    case: migration_case.Case,
    incremental: bool,
) -> migrate_call.MigrateCall:
    persistent = bool(case.domain_state.persistent)
    xml = {}
    if flattened or thinning.drivers:
        xml['destination_xml'] = destination_xml.for_copy(
            case.domain_xml, flattened, thinning.drivers
        )
        if persistent and case.persistent_xml:
            xml['persistent_xml'] = destination_xml.flatten_definition(
                case.persistent_xml, case.domain_xml, flattened
            )
    options = case.options
    if case.domain_state.state == 'paused':
        # libvirt refuses the flag then; nova leaves it out too.
        options = dataclasses.replace(options, postcopy=False)
    call = migrate_call.build(
        [chosen.disk.target for chosen in copied],
        options,
        incremental=incremental,
        persistent=persistent,
        xml=xml,
        detect_zeroes=thinning.detect,
        per_disk=limit(case).per_disk(len(copied)),
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


def limit(case: migration_case.Case) -> bandwidth.LinkLimit:
    """Return what the link may carry."""
    options = case.options
    return bandwidth.link_limit(
        options.bandwidth, options.parallel_mirrors, case.hypervisors.source
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
    """Say of a plan that its copy may begin again."""
    if again is not None:
        yield (
            'should the disks not get ahead of what the guest writes, the '
            'copy begins again, once, with synchronous writes'
        )
