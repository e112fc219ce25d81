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

"""Everything that stands against a plan, disk by disk and as a whole."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import blockers
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import nova_preparation
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import planned_call
from nova_selective_migrate.core.plan import zero_detection

_MIGRATABLE_NOT = frozenset(('shutdown', 'shutoff', 'crashed'))


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A reason against the plan; target is None for the plan's own."""

    target: str | None
    reason: reasons.Reason
    message: str


def of_disks(
    decisions: collections.abc.Iterable[disk_strategy.Decision],
) -> collections.abc.Iterator[Refusal]:
    """State what is wrong with each refused disk, in XML order."""
    for chosen in decisions:
        if chosen.action is domains.DiskAction.REFUSE:
            source = chosen.disk.source
            image = chosen.image or (source.label if source else '')
            what = f' ({image})' if image else ''
            yield _refusal(
                chosen.reason,
                chosen.detail,
                f'{chosen.disk.target}{what}: ',
                chosen.disk.target,
                chosen.remedy,
            )


def worded(
    refusals: collections.abc.Iterable[Refusal], case: migration_case.Case
) -> tuple[Refusal, ...]:
    """Say every message in the words of who reads it.

    Who neither makes images nor has nova make them is not known, and gets
    the words of both.
    """
    nova = case.options.prepared is not None
    if not nova and not case.options.create_images:
        return tuple(refusals)
    return tuple(
        Refusal(
            each.target,
            each.reason,
            message_words.worded(each.message, nova=nova),
        )
        for each in refusals
    )


def of_job(case: migration_case.Case) -> collections.abc.Iterator[Refusal]:
    """State that the guest is busy: what else is wrong may come from it."""
    if case.domain_state.job_active:
        yield _refusal(reasons.Reason.ACTIVE_JOB)


def of_duties(
    duties: collections.abc.Iterable[nova_preparation.Duty],
    case: migration_case.Case,
) -> collections.abc.Iterator[Refusal]:
    """State which duties are seen not to be done, or will not be."""
    if case.options.prepared is not None:
        yield from _not_carried(duties, case.options.prepared)
    if not case.options.create_images:
        return
    for duty in duties:
        here = storage_facts.at(case.storage.source, duty.path)
        known = storage_facts.at(case.storage.destination, duty.path)
        if known is None:
            continue
        other = _other_content(here or storage_facts.StorageFacts(), known)
        if known.exists is False or other:
            yield _refusal(
                reasons.Reason.CONTENT_MISSING,
                other,
                f'{duty.target} ({duty.path}): ',
                duty.target,
            )


def _other_content(
    here: storage_facts.StorageFacts, known: storage_facts.StorageFacts
) -> str:
    """Say how what the destination has differs; '' where nothing shows it.

    Another file has the same bytes where that is shown: the same size shows
    nothing.
    """
    sizes = here.virtual_bytes, known.virtual_bytes
    if all(sizes) and len({*sizes}) > 1:
        return 'it has another size there'
    contents = here.content, known.content
    if all(contents):
        same = len({*contents}) == 1
        return '' if same else 'it has other bytes there'
    identities = here.identity, known.identity
    if known.exists and all(identities) and len({*identities}) > 1:
        return (
            'it is another file there, and nothing shows that it has the '
            'same bytes'
        )
    return ''


def _not_carried(
    duties: collections.abc.Iterable[nova_preparation.Duty],
    prepared: migration_options.Preparation,
) -> collections.abc.Iterator[Refusal]:
    for duty in duties:
        if duty.target not in prepared.carried:
            yield _refusal(
                reasons.Reason.MEDIA_NOT_CARRIED,
                prepared.not_carried.get(duty.target, ''),
                f'{duty.target} ({duty.path}): ',
                duty.target,
            )


def of_destination(
    room: nova_preparation.SpaceNeeded | None, case: migration_case.Case
) -> collections.abc.Iterator[Refusal]:
    """State why the caller cannot prepare the destination at all."""
    prepared = case.options.prepared
    if prepared is None or prepared.shared_directory:
        return
    known = case.storage.destination.get(prepared.directory)
    if known is not None and known.exists:
        yield _refusal(
            reasons.Reason.INSTANCE_DIRECTORY_EXISTS, prepared.directory
        )
    if room is not None and room.lacks:
        yield _refusal(reasons.Reason.DESTINATION_FULL, str(room))


def of_plan(
    domain: domains.Domain,
    joins: volume_matching.VolumeMatches,
    case: migration_case.Case,
    call: migrate_call.MigrateCall,
    drivers: known_bad_releases.Drivers,
) -> collections.abc.Iterator[Refusal]:
    """State what is wrong with the plan as a whole.

    Block jobs, snapshots and the like stop any migration; the rest only
    one that copies disks.

    :param drivers: see :func:`known_bad.features`
    """
    for attachment in joins.without_disk:
        yield _refusal(reasons.Reason.VOLUME_WITHOUT_DISK, attachment.label)
    state = case.domain_state
    if state.state in _MIGRATABLE_NOT:
        yield _refusal(
            reasons.Reason.DOMAIN_NOT_ACTIVE, f'it is {state.state}'
        )
    jobs = [disk.target for disk in domain.disks if disk.mirror]
    if jobs := sorted({*jobs, *state.block_jobs}):
        yield _refusal(
            reasons.Reason.ACTIVE_BLOCK_JOB, f'on {", ".join(jobs)}'
        )
    for blocker in blockers.find(domain.others, case):
        yield _refusal(blocker.reason, blocker.detail)
    if state.snapshots:
        yield _refusal(reasons.Reason.SNAPSHOTS, f'it has {state.snapshots}')
    if state.paused_without_io and _leaves_medium(domain, call):
        yield from _known_bad(case, [known_bad_releases.Feature.PAUSED_TWICE])
    if _keeps_gluster(domain, case, call):
        yield from _known_bad(case, [known_bad_releases.Feature.GLUSTER])
    if case.options.tls and case.hypervisors.source.tls_certificates is False:
        yield _refusal(reasons.Reason.TLS_UNPREPARED)
    if 'migrate_disks' not in call.parameters:
        return
    if case.options.tunnelled:
        yield _refusal(reasons.Reason.TUNNELLED)
    if call.parameter_count > migrate_call.PARAMETER_LIMIT:
        yield _refusal(
            reasons.Reason.TOO_MANY_PARAMETERS,
            f'this migration takes {call.parameter_count}',
        )
    for conflict in migration_options.disks_uri_conflicts(case.options):
        yield _refusal(reasons.Reason.DISKS_URI_UNUSABLE, conflict)
    yield from _known_bad(
        case, known_bad_releases.features(call, domain, drivers)
    )
    yield from _too_slow(case, call)


def of_thinning(
    thinning: zero_detection.ZeroDetection, case: migration_case.Case
) -> collections.abc.Iterator[Refusal]:
    """State which disks cannot be kept thin, where they must be."""
    if case.options.thin is migration_options.Thin.ON and thinning.lasting:
        yield _refusal(
            reasons.Reason.NOT_THIN, f'of {", ".join(thinning.lasting)}'
        )


def _known_bad(
    case: migration_case.Case,
    features: collections.abc.Collection[known_bad_releases.Feature],
) -> collections.abc.Iterator[Refusal]:
    accept = case.options.accept_known_bad
    for found in known_bad_releases.find(case.hypervisors, features, accept):
        if found.rule.effect is not known_bad_releases.Effect.WARN:
            yield _refusal(
                found.rule.reason, found.detail, remedy=found.remedy
            )


def _too_slow(
    case: migration_case.Case, call: migrate_call.MigrateCall
) -> collections.abc.Iterator[Refusal]:
    """State that the limit cannot be kept where that is certain."""
    source, total = case.hypervisors.source, case.options.bandwidth
    disks = len(_copied(call))
    limit = planned_call.limit(case)
    if source.libvirt is not None and not limit.kept(disks):
        yield _refusal(
            reasons.Reason.BANDWIDTH_TOO_SMALL,
            f'{total} MiB/s for {disks} disks, and libvirt '
            f'{known_bad_releases.dotted(source.libvirt)} on the source',
        )


def _copied(call: migrate_call.MigrateCall) -> list[str]:
    copied = call.parameters.get('migrate_disks')
    return copied if isinstance(copied, list) else []


def _keeps_gluster(
    domain: domains.Domain,
    case: migration_case.Case,
    call: migrate_call.MigrateCall,
) -> bool:
    """Tell whether QEMU at the destination is to open a gluster image."""
    targets = _copied(call)
    top_alone = migrate_call.MigrateFlag.NON_SHARED_INC in call.flags
    places = (
        storage_facts.in_pool(image, case.storage.pools)
        for disk in domain.disks
        for depth, image in enumerate(disk.chain)
        if disk.target not in targets or (top_alone and depth)
    )
    return any(place and place.protocol == 'gluster' for place in places)


def _leaves_medium(
    domain: domains.Domain, call: migrate_call.MigrateCall
) -> bool:
    """Tell whether a disk with a medium is not copied."""
    targets = _copied(call)
    return any(d.source and d.target not in targets for d in domain.disks)


def _refusal(
    reason: reasons.Reason,
    detail: str = '',
    where: str = '',
    target: str | None = None,
    remedy: str = '',
) -> Refusal:
    about = f' ({detail})' if detail else ''
    return Refusal(
        target,
        reason,
        f'{where}{reason.meaning[:-1]}{about}. '
        f'Remedy: {remedy or reason.remedy}.',
    )
