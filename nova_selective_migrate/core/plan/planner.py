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

"""The pipeline from a case to a migration plan.

Each stage adds values to those before it; none changes a verdict, a strategy
or a refusal that an earlier one has made.
"""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import blockers
from nova_selective_migrate.core.decision import copy_refusals
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import destination_space
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import duplicate_destinations
from nova_selective_migrate.core.decision import guest_trimming
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.decision import nova_preparation
from nova_selective_migrate.core.decision import pool_room
from nova_selective_migrate.core.decision import readiness_refusals
from nova_selective_migrate.core.decision import source_removals
from nova_selective_migrate.core.decision import unsafe_disks
from nova_selective_migrate.core.evidence import image_locality
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.plan import copy_extents
from nova_selective_migrate.core.plan import destination_volumes
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import mapping_notes
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import plan_notes
from nova_selective_migrate.core.plan import plan_summary
from nova_selective_migrate.core.plan import planned_call
from nova_selective_migrate.core.plan import planned_disks
from nova_selective_migrate.core.plan import refusal_rules
from nova_selective_migrate.core.plan import second_call
from nova_selective_migrate.core.plan import zero_detection

_NO_CALL = planned_call.PlannedCall(
    migrate_call.MigrateCall(), zero_detection.ZeroDetection(), ()
)


def plan(case: migration_case.Case) -> migration_plan.MigrationPlan:
    """Plan a migration; the same case gives the same plan.

    :raises InvalidInput: when the case holds no usable domain, or accepts a
        known bad release that no rule names
    """
    facts = case_facts.Facts.of(case)
    known_bad_releases.accepted(facts.options.accept_known_bad)
    matches = volume_matching.match(
        facts.domain.disks, facts.attachments or (), facts.storage.source
    )
    verdicts = image_locality.locate(facts, matches)
    strategies, refused = disk_strategy.choose(facts, matches, verdicts)

    copied = disk_strategy.copies(strategies, refused)
    refused += copy_refusals.duplicates(facts, copied)
    copied = disk_strategy.copies(strategies, refused)
    refused += destination_images.problems(facts, copied)
    copied = disk_strategy.copies(strategies, refused)
    refused += duplicate_destinations.problems(facts, copied)
    copied = disk_strategy.copies(strategies, refused)
    refused += nova_preparation.problems(facts, strategies, copied)
    copied = disk_strategy.copies(strategies, refused)
    extents = copy_extents.choose(facts, copied)
    refused += extents.refused
    copied = disk_strategy.copies(strategies, refused)
    images = destination_images.needed(facts, copied, extents.by_target)
    media = media_choices.choose(
        facts, *media_duties.duties(facts, strategies, verdicts), copied
    )
    made = planned_call.first(facts, extents, media)
    refused += copy_refusals.snapshots(facts, extents.by_target)
    kept = disk_strategy.kept(strategies, refused)
    refused += unsafe_disks.problems(facts, kept)

    disks = _disks(facts, strategies, extents, refused)
    stated = refusal_rules.stated(
        facts,
        # Other findings may come from the running job: they wait for its end.
        tuple(refusal_rules.of_job(facts))
        or (
            *(disk.refusal for disk in disks if disk.refusal),
            *media.refused,
            *refusal_rules.of_duties(facts, media.duties),
            *refusal_rules.of_destination(
                facts, _space_needed(facts, disks, media.duties)
            ),
            *refusal_rules.of_rooms(
                pool_room.needed(
                    facts,
                    images,
                    {disk.disk.target: disk.copy_bytes for disk in disks},
                )
            ),
            *refusal_rules.of_rooms(media_choices.rooms(facts, media)),
            *refusal_rules.of_plan(
                facts, matches, made.call, made.zeroes.drivers
            ),
            *refusal_rules.of_zeroes(facts, made.zeroes),
        ),
    )
    removals = source_removals.choose(facts, copied, images)
    trimming = guest_trimming.choose(facts, copied)
    left = tuple(plan_notes.left_behind(facts))
    limit = planned_call.limit(facts)
    again = None if stated else second_call.build(made.call, case)
    planned = _NO_CALL if stated else made
    return migration_plan.MigrationPlan(
        domain=facts.domain,
        disks=disks,
        refusals=stated,
        duties=media.duties,
        notes=(
            *plan_notes.notes(facts, copies=bool(copied)),
            *unsafe_disks.notes(facts, kept),
            *plan_notes.dropped(media.dropped),
            *media_choices.notes(media),
            *source_removals.notes(removals),
            *guest_trimming.notes(trimming),
            *blockers.notes(facts),
            *readiness_refusals.notes(facts, copies=bool(copied)),
            *map(str, left),
            *_notes_of_call(facts, extents, made),
            *mapping_notes.notes(
                facts, strategies, {*extents.by_target, *media.placed}
            ),
            *limit.notes(len(copied)),
            *second_call.notes(again),
        ),
        call=planned.call,
        images=() if stated else images,
        flattened=planned.flattened,
        zeroes=planned.zeroes,
        renamed=planned.renamed,
        # Of a refused plan too: it says where the copies would be.
        placed=made.placed,
        limit=limit,
        second_call=again,
        left=left,
        volumes=destination_volumes.of_domain(facts.domain, matches),
        defined=bool(case.domain_state.persistent),
        transport=facts.options.transport,
        summary=None
        if stated
        else plan_summary.of_plan(
            facts,
            made.call,
            again,
            sum(disk.copy_bytes for disk in disks),
            sum(disk.counted_bytes(limited=True) for disk in disks),
            media.copied,
        ),
        media=media_choices.MediaChoices() if stated else media,
        removals=source_removals.SourceRemovals() if stated else removals,
        trimming=guest_trimming.GuestTrimming() if stated else trimming,
    )


def _disks(
    facts: case_facts.Facts,
    strategies: disk_strategy.Strategies,
    extents: copy_extents.Extents,
    refused: disk_strategy.Refusals,
) -> tuple[planned_disks.PlannedDisk, ...]:
    """Put together what was decided of each disk, in XML order."""
    by_target: dict[str | None, refusals.Refusal] = {
        refusal.target: refusal for refusal in refused
    }
    return tuple(
        planned_disks.planned_disk(
            strategy,
            extents.by_target.get(strategy.disk.target),
            by_target.get(strategy.disk.target),
            facts.storage,
        )
        for strategy in strategies
    )


def _space_needed(
    facts: case_facts.Facts,
    disks: collections.abc.Iterable[planned_disks.PlannedDisk],
    duties: collections.abc.Iterable[media_duties.Duty],
) -> tuple[destination_space.SpaceNeeded, ...]:
    """Compare what nova writes with the free space there."""
    if facts.prepared is None:
        return ()
    return destination_space.space_needed(
        facts.prepared,
        [(disk.disk, disk.copy_bytes) for disk in disks if disk.copied],
        duties,
        facts.storage,
    )


def _notes_of_call(
    facts: case_facts.Facts,
    extents: copy_extents.Extents,
    made: planned_call.PlannedCall,
) -> collections.abc.Iterator[str]:
    """Note what releases break, and what stays changed of thin disks."""
    yield from plan_notes.releases(
        facts,
        known_bad_releases.features(
            made.call, facts.domain, made.zeroes.drivers
        ),
        (*extents.avoids, *made.avoids),
    )
    if extents.by_target:
        yield from zero_detection.zero_notes(made.zeroes, facts.options.thin)
