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
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import duplicates
from nova_selective_migrate.core.decision import duty
from nova_selective_migrate.core.decision import images as images_
from nova_selective_migrate.core.decision import prepared as prepared_
from nova_selective_migrate.core.evidence import join
from nova_selective_migrate.core.plan import bandwidth
from nova_selective_migrate.core.plan import call as call_
from nova_selective_migrate.core.plan import converging
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import known_bad
from nova_selective_migrate.core.plan import refusal
from nova_selective_migrate.core.plan import room as room_
from nova_selective_migrate.core.plan import thin as thin_


@dataclasses.dataclass(frozen=True)
class PlannedDisk:
    """A disk with its decision and its sizes in bytes; None: not known.

    :ivar copy_bytes: bytes that a copy moves, 0 where there is none
    """

    decision: decision.Decision
    virtual_bytes: int | None
    allocated_bytes: int | None
    copy_bytes: int


@dataclasses.dataclass(frozen=True)
class MigrationPlan:
    """What a migration does with every disk, or why it does nothing.

    :ivar call: the libvirt call; empty where the plan is refused
    :ivar again: the call that follows once where the copy of the first does
        not converge; None for no second one
    :ivar images: what to make at the destination before the call
    :ivar flattened: targets whose image will hold the whole chain
    :ivar thinning: how zeroes are kept from taking room there
    :ivar limit: what the link may carry, disks and memory together
    """

    domain: model.Domain
    disks: tuple[PlannedDisk, ...]
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
        return destination_xml.set_drivers(
            destination_xml.flatten(text, self.flattened),
            self.thinning.drivers,
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
    volumes = attachments.parse(case.block_device_info)
    joins = join.join(domain.disks, volumes or (), case.storage.source)
    grounds = decision.Grounds(case.storage, case.policy, volumes is not None)
    decisions = duplicates.refuse(
        [
            decision.decide(disk, joins.by_target[disk.target], grounds)
            for disk in domain.disks
        ],
        case.storage,
    )
    decisions, images = _images(decisions, case)
    decisions = prepared_.refuse(decisions, case)
    copied = [d for d in decisions if d.action is model.DiskAction.COPY]
    incremental = _incremental(copied, case)
    if case.options.prepared and not incremental:
        # One flag for all disks: where one needs a full copy, all get one,
        # and then a base image at the destination is of no use.
        decisions = [
            d.whole if d.action is model.DiskAction.COPY else d
            for d in decisions
        ]
        copied = [d.whole for d in copied]
    flattened = images_.chains_to_flatten(copied, case.options)
    call, thinning = _thin_call(copied, flattened, case, incremental)
    duties = tuple(duty.of_disks(decisions))
    planned = tuple(_planned(d, case.storage) for d in decisions)
    refusals = (
        *refusal.of_job(case),
        *refusal.of_disks(decisions),
        *refusal.of_duties(duties, case),
        *refusal.of_destination(_room(planned, duties, case), case),
        *refusal.of_plan(domain, joins, case, call),
        *refusal.of_thinning(thinning, case),
    )
    again = None if refusals else converging.again(call, case)
    return MigrationPlan(
        domain=domain,
        disks=planned,
        refusals=refusals,
        duties=duties,
        notes=(
            *_notes(domain, case, bool(copied)),
            *(thin_.notes(thinning, case.options.thin) if copied else ()),
            *_limit(case).notes(len(copied)),
            *converging.notes(again),
        ),
        call=call_.MigrateCall() if refusals else call,
        images=() if refusals else images,
        flattened=() if refusals else flattened,
        thinning=thin_.Thinning() if refusals else thinning,
        limit=_limit(case),
        again=again,
    )


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
            needed = images_.image_for(chosen, case.storage, case.options)
        if isinstance(needed, images_.DestinationImage):
            images.append(needed)
        elif needed is not None:
            chosen = dataclasses.replace(
                chosen,
                action=model.DiskAction.REFUSE,
                reason=needed[0],
                detail=needed[1],
            )
        settled.append(chosen)
    return settled, tuple(images)


def _room(
    planned: collections.abc.Iterable[PlannedDisk],
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
    top image has not allocated, so every destination image must be fresh.
    """
    prepared = case.options.prepared
    return (
        (prepared is None or prepared.images_type == 'qcow2')
        and any(chosen.top_only for chosen in copied)
        and all(c.top_only or not c.disk.backing for c in copied)
        and not any(c.disk.target in case.options.existing for c in copied)
    )


def _thin_call(
    copied: collections.abc.Sequence[decision.Decision],
    flattened: tuple[str, ...],
    case: case_.Case,
    incremental: bool,
) -> tuple[call_.MigrateCall, thin_.Thinning]:
    """Make the call with the best thinning that libvirt can be passed."""
    for thinning in thin_.choices(
        [chosen.disk for chosen in copied],
        case.hypervisors,
        case.options.thin,
    ):
        call = _call(copied, flattened, thinning, case, incremental)
        if call.parameter_count <= call_.PARAMETER_LIMIT:
            break
    return call, thinning


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
        xml['destination_xml'] = destination_xml.set_drivers(
            destination_xml.flatten(case.domain_xml, flattened),
            thinning.drivers,
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
        per_disk=_limit(case).per_disk(len(copied)),
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


def _limit(case: case_.Case) -> bandwidth.Limit:
    options = case.options
    return bandwidth.limit(
        options.bandwidth, options.parallel_mirrors, case.hypervisors.source
    )


def _planned(
    chosen: decision.Decision, storage: storage_.Storage
) -> PlannedDisk:
    facts = [_facts(image, storage) for image in chosen.disk.chain]
    top = facts[0] if facts else storage_.StorageFacts()
    copied = facts[:1] if chosen.top_only else facts
    known = [f.allocated_bytes for f in copied if f.allocated_bytes]
    size = sum(known) if known else (top.virtual_bytes or 0)
    if top.virtual_bytes is not None:
        size = min(size, top.virtual_bytes)
    copy = chosen.action is model.DiskAction.COPY
    return PlannedDisk(
        chosen,
        top.virtual_bytes,
        top.allocated_bytes,
        size if copy else 0,
    )


def _facts(
    image: model.DiskSource, storage: storage_.Storage
) -> storage_.StorageFacts:
    place = storage_.in_pool(image, storage.pools)
    found = storage_.find(storage.source, place) if place else None
    return found or storage_.StorageFacts()


def _notes(
    domain: model.Domain, case: case_.Case, copies: bool
) -> collections.abc.Iterator[str]:
    if rows := attachments.dangling(case.block_device_info):
        yield (
            f'{rows} row(s) of the block device mapping name neither volume '
            'nor device and are ignored'
        )
    for disk in domain.disks:
        top = disk.source if disk.writable else None
        if top and top.format == 'qcow2' and not disk.chain_known:
            yield (
                f'{disk.target}: the domain XML does not say where its '
                'backing chain ends'
            )
    prepared = case.options.prepared
    if prepared and prepared.block_migration and not copies:
        yield (
            'block migration was asked for, and no disk is to be copied: '
            'nothing is'
        )
    if not copies:
        return
    if prepared:
        known = case.storage.destination.get(prepared.directory)
        if known is None or known.free_bytes is None:
            yield 'the free room at the destination is not known'
    if not case.options.tls:
        yield (
            'the disks travel in clear, and whoever reaches the '
            "destination's port can write to them while they are copied: "
            'use TLS or a network of their own'
        )
    yield from known_bad.unknown(case.hypervisors)
