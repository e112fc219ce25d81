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

"""The call of a plan, with the XML and the parameters that it needs."""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.plan import bandwidth
from nova_selective_migrate.core.plan import call as call_
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import known_bad
from nova_selective_migrate.core.plan import thin as thin_


@dataclasses.dataclass(frozen=True)
class PlannedCall:
    """A call, how it keeps disks thin, and what it was chosen to avoid."""

    call: call_.MigrateCall
    thinning: thin_.Thinning
    avoids: tuple[known_bad.Found, ...] = ()


def of(
    domain: model.Domain,
    copied: collections.abc.Sequence[decision.Decision],
    flattened: tuple[str, ...],
    case: case_.Case,
    incremental: bool,
) -> PlannedCall:
    """Make the call with the best thinning that both hosts can be passed.

    That a release breaks something counts for more than room. Where each
    choice breaks something the best is returned, for what is said of it.
    """
    fitting: list[PlannedCall] = []
    tried: list[PlannedCall] = []
    for thinning in thin_.choices(
        [chosen.disk for chosen in copied],
        case.hypervisors,
        case.options.thin,
    ):
        call = _call(copied, flattened, thinning, case, incremental)
        made = PlannedCall(call, thinning)
        tried.append(made)
        if call.parameter_count > call_.PARAMETER_LIMIT:
            continue
        broken = _broken(domain, call, thinning, case)
        if not broken:
            avoids = fitting[0].avoids if fitting else ()
            return PlannedCall(_guarded(domain, made, case), thinning, avoids)
        fitting.append(dataclasses.replace(made, avoids=broken))
    if fitting:
        return dataclasses.replace(fitting[0], avoids=())
    return min(tried, key=lambda each: each.call.parameter_count)


def top_alone_loses(case: case_.Case) -> tuple[known_bad.Found, ...]:
    """Find why a copy of top images alone is to be avoided."""
    return known_bad.to_avoid(
        case.hypervisors,
        [known_bad.Feature.INCREMENTAL],
        case.options.accept_known_bad,
    )


def _broken(
    domain: model.Domain,
    call: call_.MigrateCall,
    thinning: thin_.Thinning,
    case: case_.Case,
) -> tuple[known_bad.Found, ...]:
    return known_bad.to_avoid(
        case.hypervisors,
        known_bad.features(call, domain, thinning.drivers),
        case.options.accept_known_bad,
    )


def _guarded(
    domain: model.Domain, made: PlannedCall, case: case_.Case
) -> call_.MigrateCall:
    """Mark the optional parameters that the call is not right without."""
    needed = []
    for name in call_.OPTIONAL:
        kept = {k: v for k, v in made.call.parameters.items() if k != name}
        without = dataclasses.replace(made.call, parameters=kept)
        if _broken(domain, without, made.thinning, case):
            needed.append(name)
    return dataclasses.replace(made.call, needed=tuple(needed))


def _call(
    copied: collections.abc.Sequence[decision.Decision],
    flattened: tuple[str, ...],
    thinning: thin_.Thinning,
    case: case_.Case,
    incremental: bool,
) -> call_.MigrateCall:
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
    call = call_.build(
        [chosen.disk.target for chosen in copied],
        options,
        incremental=incremental,
        persistent=persistent,
        xml=xml,
        detect_zeroes=thinning.detect,
        per_disk=limit(case).per_disk(len(copied)),
    )
    if known_bad.wants_tls_destination(case.hypervisors, call):
        if options.prepared:
            # Who prepares the destination learns its name later.
            return call.with_also_sent('tls.destination')
        if options.migration_host:
            return call.with_parameter(
                'tls.destination', options.migration_host
            )
    return call


def limit(case: case_.Case) -> bandwidth.Limit:
    """Return what the link may carry."""
    options = case.options
    return bandwidth.limit(
        options.bandwidth, options.parallel_mirrors, case.hypervisors.source
    )
