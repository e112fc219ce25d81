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

"""The call of a plan, with what keeps its disks thin."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import copy_extents
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import ejected_media
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import zero_detection


@dataclasses.dataclass(frozen=True)
class PlannedCall:
    """A call, how it keeps disks thin, and what it was chosen to avoid.

    :ivar flattened: targets whose image will hold the whole chain
    :ivar renamed: paths at the destination by target, where others than here
    :ivar placed: places there by target, where the operator wants others
    """

    call: migrate_call.MigrateCall
    zeroes: zero_detection.ZeroDetection
    flattened: tuple[str, ...]
    avoids: tuple[known_bad_releases.Found, ...] = ()
    renamed: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    placed: destination_xml.Placed = dataclasses.field(default_factory=dict)


def first(
    facts: case_facts.Facts,
    extents: copy_extents.Extents,
    media: media_choices.MediaChoices,
) -> PlannedCall:
    """Make the call with the best settings for zeroes that both hosts take.

    That a release breaks something counts for more than room. Where each
    choice breaks something the best is returned, for what is said of it.

    :param media: the drives that are empty at the destination, and the media
        that are elsewhere there
    """
    flattened = destination_images.chains_to_flatten(facts, extents.by_target)
    renamed = destination_images.renamed(facts, extents.by_target)
    placed = {
        **destination_images.placed(facts, extents.by_target),
        **media.placed,
    }
    copied = [
        disk for disk in facts.domain.disks if disk.target in extents.by_target
    ]
    fitting: list[PlannedCall] = []
    broken: list[tuple[known_bad_releases.Found, ...]] = []
    tried: list[PlannedCall] = []
    for zeroes in zero_detection.choices(
        copied,
        facts.hypervisors,
        facts.options.thin,
        logical_volumes(facts.storage, copied, placed),
        {target: place.format for target, place in placed.items()},
    ):
        changes = destination_xml.Changes(
            flattened, zeroes.drivers, renamed, placed
        )
        call = _call(facts, extents, changes, zeroes, media.ejected)
        made = PlannedCall(
            call, zeroes, flattened, renamed=renamed, placed=placed
        )
        tried.append(made)
        if call.parameter_count > migrate_call.PARAMETER_LIMIT:
            continue
        breaks = _broken(facts, call, zeroes)
        if not breaks:
            needed = _needed(facts, call, zeroes)
            avoids = broken[0] if broken else ()
            return PlannedCall(
                needed, zeroes, flattened, avoids, renamed, placed
            )
        fitting.append(made)
        broken.append(breaks)
    if fitting:
        return fitting[0]
    return min(tried, key=lambda each: each.call.parameter_count)


def logical_volumes(
    storage: storage_facts.Storage,
    copied: collections.abc.Iterable[domains.Disk],
    placed: destination_xml.Placed,
) -> dict[str, bool]:
    """Find the disks that are logical volumes there, and whether thin ones.

    :returns: by target; without those that are none
    """
    found: dict[str, bool] = {}
    for disk in copied:
        moved = placed.get(disk.target)
        if moved is not None and moved.by:
            if moved.device:
                found[disk.target] = False
            continue
        place = pool_facts.in_pool(disk.chain[0], storage.pools)
        if place is None or place.path is None:
            continue
        here = storage_facts.find(storage.source, place)
        there = storage_facts.find(storage.destination, place)
        if pool_volumes.is_logical_volume(storage, place.path):
            thin = any(each.thin for each in (here, there) if each)
            found[disk.target] = thin
    return found


def _broken(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
    zeroes: zero_detection.ZeroDetection,
) -> tuple[known_bad_releases.Found, ...]:
    return known_bad_releases.to_avoid(
        facts.hypervisors,
        known_bad_releases.features(call, facts.domain, zeroes.drivers),
        facts.options.accept_known_bad,
    )


def _needed(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
    zeroes: zero_detection.ZeroDetection,
) -> migrate_call.MigrateCall:
    """Mark the optional parameters that the call is not right without."""
    needed = []
    for name in migrate_call.OPTIONAL:
        kept = {k: v for k, v in call.parameters.items() if k != name}
        without = dataclasses.replace(call, parameters=kept)
        if _broken(facts, without, zeroes):
            needed.append(name)
    return dataclasses.replace(call, needed=tuple(needed))


def _call(
    facts: case_facts.Facts,
    extents: copy_extents.Extents,
    changes: destination_xml.Changes,
    zeroes: zero_detection.ZeroDetection,
    ejected: collections.abc.Collection[str],
) -> migrate_call.MigrateCall:
    case = facts.case
    defined = bool(case.domain_state.persistent)
    transport = case.options.transport
    persistent = transport.persists(defined=defined)
    xml = {}
    if changes or ejected:
        text = destination_xml.for_copy(case.domain_xml, changes)
        xml['destination_xml'] = ejected_media.without(text, ejected)
        if persistent and not defined:
            xml['persistent_xml'] = xml['destination_xml']
        elif persistent and case.persistent_xml:
            definition = destination_xml.of_definition(
                case.persistent_xml, case.domain_xml, changes
            )
            xml['persistent_xml'] = ejected_media.of_definition(
                definition, case.domain_xml, ejected
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
        undefine=transport.undefines(defined=defined),
        xml=xml,
        detect_zeroes=zeroes.detect,
        per_disk=limit(facts).per_disk(len(extents.by_target)),
    )
    if transport.tls_destination is None and (
        known_bad_releases.wants_tls_destination(case.hypervisors, call)
    ):
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
