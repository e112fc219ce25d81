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

"""The migration plan: every disk, and one call or all refusals."""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import attachments
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.decision import blockers
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import duplicates
from nova_selective_migrate.core.decision import duty
from nova_selective_migrate.core.decision import images as images_
from nova_selective_migrate.core.decision import internal_snapshots
from nova_selective_migrate.core.decision import prepared as prepared_
from nova_selective_migrate.core.decision import unsafe_disks
from nova_selective_migrate.core.evidence import join
from nova_selective_migrate.core.plan import bandwidth
from nova_selective_migrate.core.plan import call as call_
from nova_selective_migrate.core.plan import converging
from nova_selective_migrate.core.plan import destination_volumes
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import known_bad
from nova_selective_migrate.core.plan import left_behind
from nova_selective_migrate.core.plan import plan_notes
from nova_selective_migrate.core.plan import planned_call
from nova_selective_migrate.core.plan import planned_disk
from nova_selective_migrate.core.plan import refusal
from nova_selective_migrate.core.plan import room as room_
from nova_selective_migrate.core.plan import thin as thin_


@dataclasses.dataclass(frozen=True)
class MigrationPlan:
    """What a migration does with every disk, or why it does nothing.

    :ivar call: the libvirt call; empty where the plan is refused
    :ivar again: the call that follows once where the copy of the first does
        not converge; None for no second one
    :ivar images: what to make at the destination before the call
    :ivar flattened: targets whose image will hold the whole chain
    :ivar thinning: how zeroes are kept from taking room there
    :ivar left: what stays on the source beside what is copied
    :ivar volumes: those whose sources are held against the destination's
    :ivar limit: what the link may carry, disks and memory together
    """

    domain: model.Domain
    disks: tuple[planned_disk.PlannedDisk, ...]
    refusals: tuple[refusal.Refusal, ...]
    duties: tuple[duty.Duty, ...]
    notes: tuple[str, ...]
    call: call_.MigrateCall
    images: tuple[images_.DestinationImage, ...]
    flattened: tuple[str, ...]
    thinning: thin_.Thinning = dataclasses.field(
        default_factory=thin_.Thinning
    )
    limit: bandwidth.Limit = dataclasses.field(default_factory=bandwidth.Limit)
    again: call_.MigrateCall | None = None
    left: tuple[left_behind.LeftBehind, ...] = ()
    volumes: tuple[destination_volumes.KeptVolume, ...] = ()

    @property
    def ready(self) -> bool:
        """Tell whether the plan can be run."""
        return not self.refusals

    @property
    def migrate_disks(self) -> list[str]:
        """Return the targets that QEMU is to mirror, in XML order."""
        if not self.ready:
            return []
        return [
            disk.decision.disk.target
            for disk in self.disks
            if disk.decision.action is model.DiskAction.COPY
        ]

    @property
    def changes_xml(self) -> bool:
        """Tell whether the domain's XML differs at the destination."""
        return bool(self.flattened or self.thinning.drivers)

    def destination_xml(self, text: str) -> str:
        """Change the XML of what runs for the destination.

        :raises InvalidDomain: when the text cannot be parsed
        """
        return destination_xml.for_copy(
            text, self.flattened, self.thinning.drivers
        )

    @property
    def copy_bytes(self) -> int:
        """Return the bytes that the copies move."""
        return sum(d.copy_bytes for d in self.disks) if self.ready else 0

    def begun_again(self) -> 'MigrationPlan':
        """Return the plan of the second copy; there is no third."""
        return dataclasses.replace(
            self, call=self.again or self.call, again=None
        )


def plan(case: case_.Case) -> MigrationPlan:
    """Plan a migration; the same case gives the same plan.

    :raises InvalidInput: when the case holds no usable domain
    """
    domain = domain_xml.parse(case.domain_xml)
    known_bad.accepted(case.options.accept_known_bad)
    volumes = attachments.parse(case.block_device_info)
    joins = join.join(domain.disks, volumes or (), case.storage.source)
    prepared = case.options.prepared
    grounds = decision.Grounds(
        case.storage,
        case.policy,
        volumes is not None,
        prepared.seeded if prepared else (),
        case.options.volume_paths,
    )
    decisions = duplicates.refuse(
        [
            decision.decide(disk, joins.by_target[disk.target], grounds)
            for disk in domain.disks
        ],
        case.storage,
    )
    judged = decisions
    decisions, images = _images(judged, case)
    decisions = prepared_.refuse(decisions, case)
    copied = [d for d in decisions if d.action is model.DiskAction.COPY]
    incremental = _incremental(copied, case)
    lossy = planned_call.top_alone_loses(case) if incremental else ()
    if lossy:
        decisions, images = _images([_whole(d) for d in judged], case)
        decisions = prepared_.refuse(decisions, case)
        copied = [d for d in decisions if d.action is model.DiskAction.COPY]
        incremental = False
    elif prepared and not incremental:
        # One flag for all disks: where one needs a full copy, all get one,
        # and then a base image at the destination is of no use.
        decisions = [_whole(d) for d in decisions]
        copied = [d for d in decisions if d.action is model.DiskAction.COPY]
    unsafe_notes = tuple(unsafe_disks.notes(decisions, case))
    decisions = unsafe_disks.refuse(decisions, case)
    decisions = internal_snapshots.refuse(decisions, case.storage)
    left = tuple(left_behind.of(domain, case))
    flattened = images_.chains_to_flatten(copied, case.options)
    made = planned_call.of(domain, copied, flattened, case, incremental)
    call, thinning = made.call, made.thinning
    duties = tuple(duty.of_disks(decisions))
    dropped = duty.dropped(
        duties, case.storage, prepared.carried if prepared else ()
    )
    duties = tuple(each for each in duties if each not in dropped)
    planned = tuple(planned_disk.of(d, case.storage) for d in decisions)
    # What else is wrong may come from the job: nobody is to mend it now.
    refusals = tuple(refusal.of_job(case)) or (
        *refusal.of_disks(decisions),
        *refusal.of_duties(duties, case),
        *refusal.of_destination(_room(planned, duties, case), case),
        *refusal.of_plan(domain, joins, case, call, thinning.drivers),
        *refusal.of_thinning(thinning, case),
    )
    refusals = refusal.worded(refusals, case)
    again = None if refusals else converging.again(call, case)
    return MigrationPlan(
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
                known_bad.features(call, domain, thinning.drivers),
                (*lossy, *made.avoids),
            ),
            *(thin_.notes(thinning, case.options.thin) if copied else ()),
            *planned_call.limit(case).notes(len(copied)),
            *converging.notes(again),
        ),
        call=call_.MigrateCall() if refusals else call,
        images=() if refusals else images,
        flattened=() if refusals else flattened,
        thinning=thin_.Thinning() if refusals else thinning,
        limit=planned_call.limit(case),
        again=again,
        left=left,
        volumes=destination_volumes.of_domain(domain, joins),
    )


def _whole(chosen: decision.Decision) -> decision.Decision:
    """Have a disk to copy copied with its whole chain."""
    if chosen.action is not model.DiskAction.COPY:
        return chosen
    if why := decision.not_copied(chosen.disk, chosen.disk.chain):
        return dataclasses.replace(
            chosen,
            action=model.DiskAction.REFUSE,
            reason=why[0],
            image=why[1],
        )
    return chosen.whole


def _images(
    decisions: collections.abc.Sequence[decision.Decision],
    case: case_.Case,
) -> tuple[list[decision.Decision], tuple[images_.DestinationImage, ...]]:
    """Add what the destination needs, or refuse what it cannot have."""
    if not case.options.create_images:
        return list(decisions), ()
    settled: list[decision.Decision] = []
    images: list[images_.DestinationImage] = []
    for chosen in decisions:
        needed = None
        if chosen.action is model.DiskAction.COPY:
            needed = images_.image_for(
                chosen,
                case.storage,
                case.options,
                case.hypervisors.destination.libvirt,
            )
        if isinstance(needed, images_.DestinationImage):
            images.append(needed)
        elif needed is not None:
            chosen = dataclasses.replace(
                chosen,
                action=model.DiskAction.REFUSE,
                reason=needed.reason,
                detail=needed.detail,
                remedy=needed.remedy,
            )
        settled.append(chosen)
    return settled, tuple(images)


def _room(
    planned: collections.abc.Iterable[planned_disk.PlannedDisk],
    duties: collections.abc.Iterable[duty.Duty],
    case: case_.Case,
) -> room_.Room | None:
    """Hold what the caller is to make against the room that there is."""
    prepared = case.options.prepared
    if prepared is None:
        return None
    copied = [
        (disk.decision.disk, disk.copy_bytes)
        for disk in planned
        if disk.decision.action is model.DiskAction.COPY
    ]
    return room_.measure(prepared, copied, duties, case.storage)


def _incremental(
    copied: collections.abc.Sequence[decision.Decision], case: case_.Case
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
