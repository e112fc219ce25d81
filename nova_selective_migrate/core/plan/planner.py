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

"""The pipeline from a case to a migration plan."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import blockers
from nova_selective_migrate.core.decision import copy_refusals
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import nova_preparation
from nova_selective_migrate.core.decision import unsafe_disks
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import destination_volumes
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import plan_notes
from nova_selective_migrate.core.plan import planned_call
from nova_selective_migrate.core.plan import refusal_rules
from nova_selective_migrate.core.plan import zero_detection


def plan(case: migration_case.Case) -> migration_plan.MigrationPlan:
    """Plan a migration; the same case gives the same plan.

    :raises InvalidInput: when the case holds no usable domain
    """
    domain = domain_xml.parse(case.domain_xml)
    known_bad_releases.accepted(case.options.accept_known_bad)
    volumes = block_device_mapping.parse(case.block_device_info)
    joins = volume_matching.match(
        domain.disks, volumes or (), case.storage.source
    )
    prepared = case.options.prepared
    grounds = disk_strategy.Grounds(
        case.storage,
        case.policy,
        volumes is not None,
        prepared.seeded if prepared else (),
        case.options.volume_paths,
    )
    decisions = copy_refusals.refuse_duplicates(
        [
            disk_strategy.decide(disk, joins.by_target[disk.target], grounds)
            for disk in domain.disks
        ],
        case.storage,
    )
    judged = decisions
    decisions, images = _images(judged, case)
    decisions = nova_preparation.refusals(decisions, case)
    copied = [d for d in decisions if d.action is domains.DiskAction.COPY]
    incremental = _incremental(copied, case)
    lossy = planned_call.top_alone_loses(case) if incremental else ()
    if lossy:
        decisions, images = _images([_whole(d) for d in judged], case)
        decisions = nova_preparation.refusals(decisions, case)
        copied = [d for d in decisions if d.action is domains.DiskAction.COPY]
        incremental = False
    elif prepared and not incremental:
        # One flag for all disks: where one needs a full copy, all get one,
        # and then a base image at the destination is of no use.
        decisions = [_whole(d) for d in decisions]
        copied = [d for d in decisions if d.action is domains.DiskAction.COPY]
    unsafe_notes = tuple(unsafe_disks.notes(decisions, case))
    decisions = unsafe_disks.refuse(decisions, case)
    decisions = copy_refusals.refuse_snapshots(decisions, case.storage)
    left = tuple(plan_notes.left_behind(domain, case))
    flattened = destination_images.chains_to_flatten(copied, case.options)
    made = planned_call.of(domain, copied, flattened, case, incremental)
    call, thinning = made.call, made.thinning
    duties = tuple(nova_preparation.duties(decisions))
    dropped = nova_preparation.dropped(
        duties, case.storage, prepared.carried if prepared else ()
    )
    duties = tuple(each for each in duties if each not in dropped)
    planned = tuple(
        migration_plan.planned_disk(d, case.storage) for d in decisions
    )
    # What else is wrong may come from the job: nobody is to mend it now.
    refusals = tuple(refusal_rules.of_job(case)) or (
        *refusal_rules.of_disks(decisions),
        *refusal_rules.of_duties(duties, case),
        *refusal_rules.of_destination(_room(planned, duties, case), case),
        *refusal_rules.of_plan(domain, joins, case, call, thinning.drivers),
        *refusal_rules.of_thinning(thinning, case),
    )
    refusals = refusal_rules.worded(refusals, case)
    again = None if refusals else planned_call.second_call(call, case)
    return migration_plan.MigrationPlan(
        domain=domain,
        disks=planned,
        refusals=refusals,
        duties=duties,
        notes=(
            *plan_notes.notes(domain, case, bool(copied)),
            *unsafe_notes,
            *plan_notes.dropped(dropped),
            *blockers.notes(domain.others, case),
            *map(str, left),
            *plan_notes.releases(
                case,
                known_bad_releases.features(call, domain, thinning.drivers),
                (*lossy, *made.avoids),
            ),
            *(
                zero_detection.zero_notes(thinning, case.options.thin)
                if copied
                else ()
            ),
            *planned_call.limit(case).notes(len(copied)),
            *planned_call.second_call_notes(again),
        ),
        call=migrate_call.MigrateCall() if refusals else call,
        images=() if refusals else images,
        flattened=() if refusals else flattened,
        thinning=zero_detection.ZeroDetection() if refusals else thinning,
        limit=planned_call.limit(case),
        again=again,
        left=left,
        volumes=destination_volumes.of_domain(domain, joins),
    )


def _whole(chosen: disk_strategy.Decision) -> disk_strategy.Decision:
    """Have a disk to copy copied with its whole chain."""
    if chosen.action is not domains.DiskAction.COPY:
        return chosen
    if why := disk_strategy.not_copied(chosen.disk, chosen.disk.chain):
        return dataclasses.replace(
            chosen,
            action=domains.DiskAction.REFUSE,
            reason=why[0],
            image=why[1],
        )
    return chosen.whole


def _images(
    decisions: collections.abc.Sequence[disk_strategy.Decision],
    case: migration_case.Case,
) -> tuple[
    list[disk_strategy.Decision],
    tuple[destination_images.DestinationImage, ...],
]:
    """Add what the destination needs, or refuse what it cannot have."""
    if not case.options.create_images:
        return list(decisions), ()
    settled: list[disk_strategy.Decision] = []
    images: list[destination_images.DestinationImage] = []
    for chosen in decisions:
        needed = None
        if chosen.action is domains.DiskAction.COPY:
            needed = destination_images.image_for(
                chosen,
                case.storage,
                case.options,
                case.hypervisors.destination.libvirt,
            )
        if isinstance(needed, destination_images.DestinationImage):
            images.append(needed)
        elif needed is not None:
            chosen = dataclasses.replace(
                chosen,
                action=domains.DiskAction.REFUSE,
                reason=needed.reason,
                detail=needed.detail,
                remedy=needed.remedy,
            )
        settled.append(chosen)
    return settled, tuple(images)


def _room(
    planned: collections.abc.Iterable[migration_plan.PlannedDisk],
    duties: collections.abc.Iterable[nova_preparation.Duty],
    case: migration_case.Case,
) -> nova_preparation.SpaceNeeded | None:
    """Hold what the caller is to make against the room that there is."""
    prepared = case.options.prepared
    if prepared is None:
        return None
    copied = [
        (disk.decision.disk, disk.copy_bytes)
        for disk in planned
        if disk.decision.action is domains.DiskAction.COPY
    ]
    return nova_preparation.space_needed(
        prepared, copied, duties, case.storage
    )


def _incremental(
    copied: collections.abc.Sequence[disk_strategy.Decision],
    case: migration_case.Case,
) -> bool:
    """Tell whether one NON_SHARED_INC is right for all disks to copy.

    The flag holds for the whole call. It writes no cluster that the source
    top image has not allocated, so every destination image must be fresh,
    and nothing may lie below one that the domain XML does not tell.
    """
    prepared = case.options.prepared
    return (
        (prepared is None or prepared.images_type == 'qcow2')
        and any(chosen.top_only for chosen in copied)
        and all(
            c.top_only or (not c.disk.backing and c.disk.chain_ends)
            for c in copied
        )
        and not any(c.disk.target in case.options.existing for c in copied)
    )
