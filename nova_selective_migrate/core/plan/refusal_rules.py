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

"""The refusals of a plan as a whole, and their words."""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import blockers
from nova_selective_migrate.core.decision import destination_space
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.decision import readiness_refusals
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import planned_call
from nova_selective_migrate.core.plan import zero_detection

_MIGRATABLE_NOT = frozenset(('shutdown', 'shutoff', 'crashed'))


Refusals = collections.abc.Iterator[refusals.Refusal]
_Reason = plan_refusals.PlanRefusal


def stated(
    facts: case_facts.Facts,
    found: collections.abc.Iterable[refusals.Refusal],
) -> tuple[refusals.StatedRefusal, ...]:
    """Word every refusal for its reader.

    Who neither makes images nor has nova make them is not known, and gets
    the words of both.
    """
    nova = facts.prepared is not None
    known = nova or facts.options.create_images
    return tuple(each.stated(nova=nova if known else None) for each in found)


def of_job(facts: case_facts.Facts) -> Refusals:
    """Refuse while another job runs on the guest."""
    if facts.case.domain_state.job_active:
        yield refusals.Refusal(None, _Reason.ACTIVE_JOB)


def of_duties(
    facts: case_facts.Facts,
    duties: collections.abc.Sequence[media_duties.Duty],
) -> Refusals:
    """Refuse where nova does not bring over read-only content."""
    if facts.prepared is not None:
        yield from _not_carried(duties, facts.prepared)


def _not_carried(
    duties: collections.abc.Iterable[media_duties.Duty],
    prepared: migration_options.Preparation,
) -> Refusals:
    for duty in duties:
        if duty.target not in prepared.carried:
            yield refusals.Refusal(
                duty.target,
                disk_refusals.DiskRefusal.MEDIA_NOT_CARRIED,
                prepared.not_carried.get(duty.target, ''),
                duty.path,
            )


def of_destination(
    facts: case_facts.Facts,
    rooms: collections.abc.Iterable[destination_space.SpaceNeeded],
) -> Refusals:
    """Refuse where nova cannot prepare the destination at all."""
    prepared = facts.prepared
    if prepared is None or prepared.shared_directory:
        return
    known = facts.storage.destination.get(prepared.directory)
    if known is not None and known.exists:
        yield refusals.Refusal(
            None, _Reason.INSTANCE_DIRECTORY_EXISTS, prepared.directory
        )
    yield from of_rooms(rooms)


def of_rooms(
    rooms: collections.abc.Iterable[destination_space.SpaceNeeded],
) -> Refusals:
    """Refuse where what is made finds no room at the destination."""
    for room in rooms:
        if room.lacks:
            yield refusals.Refusal(None, _Reason.DESTINATION_FULL, str(room))


def of_plan(
    facts: case_facts.Facts,
    matches: volume_matching.VolumeMatches,
    call: migrate_call.MigrateCall,
    drivers: known_bad_releases.Drivers,
) -> Refusals:
    """Refuse what is wrong with the plan as a whole.

    Block jobs, snapshots and the like stop any migration; the rest only
    one that copies disks.

    :param drivers: see :func:`known_bad_releases.features`
    """
    for attachment in matches.without_disk:
        yield refusals.Refusal(
            None, _Reason.VOLUME_WITHOUT_DISK, attachment.label
        )
    state = facts.case.domain_state
    if state.state in _MIGRATABLE_NOT:
        yield refusals.Refusal(
            None, _Reason.DOMAIN_NOT_ACTIVE, f'it is {state.state}'
        )
    jobs = [disk.target for disk in facts.domain.disks if disk.mirror]
    if jobs := sorted({*jobs, *state.block_jobs}):
        yield refusals.Refusal(
            None, _Reason.ACTIVE_BLOCK_JOB, f'on {", ".join(jobs)}'
        )
    yield from blockers.find(facts)
    yield from readiness_refusals.find(
        facts, copies='migrate_disks' in call.parameters
    )
    if state.snapshots:
        yield refusals.Refusal(
            None, _Reason.SNAPSHOTS, f'it has {state.snapshots}'
        )
    if state.paused_without_io and _leaves_medium(facts.domain, call):
        yield from _known_bad(facts, [known_bad_releases.Feature.PAUSED_TWICE])
    if _keeps_gluster(facts, call):
        yield from _known_bad(facts, [known_bad_releases.Feature.GLUSTER])
    yield from of_transport(facts)
    if (
        facts.options.tls
        and facts.hypervisors.source.tls_certificates is False
    ):
        yield refusals.Refusal(None, _Reason.TLS_UNPREPARED)
    if 'migrate_disks' not in call.parameters:
        return
    if facts.options.tunnelled:
        yield refusals.Refusal(None, _Reason.TUNNELLED)
    if call.parameter_count > migrate_call.PARAMETER_LIMIT:
        yield refusals.Refusal(
            None,
            _Reason.TOO_MANY_PARAMETERS,
            f'this migration takes {call.parameter_count}',
        )
    for conflict in migration_options.disks_uri_conflicts(facts.options):
        yield refusals.Refusal(None, _Reason.DISKS_URI_UNUSABLE, conflict)
    yield from _known_bad(
        facts, known_bad_releases.features(call, facts.domain, drivers)
    )
    yield from _too_slow(facts, call)


def of_transport(facts: case_facts.Facts) -> Refusals:
    """Refuse options that libvirt does not take together."""
    options = facts.options
    for conflict in transport_options.conflicts(
        options.transport,
        facts.hypervisors,
        parallel=options.parallel,
        postcopy=options.postcopy,
        paused=facts.case.domain_state.state == 'paused',
        auto_converge=options.auto_converge,
        tls=options.tls,
    ):
        yield refusals.Refusal(None, _Reason.OPTIONS_CONFLICT, conflict)


def of_zeroes(
    facts: case_facts.Facts, zeroes: zero_detection.ZeroDetection
) -> Refusals:
    """Refuse where disks must stay thin and cannot."""
    if facts.options.thin is not migration_options.Thin.ON:
        return
    if zeroes.lasting:
        yield refusals.Refusal(
            None, _Reason.NOT_THIN, f'of {", ".join(zeroes.lasting)}'
        )
    if zeroes.filled:
        yield refusals.Refusal(
            None,
            _Reason.NOT_THIN,
            f'thin volumes: {", ".join(zeroes.filled)}',
            instead='migrate with thin = auto, and have the guest trim its '
            'file systems afterwards where the volume there is a thin one',
        )


def _known_bad(
    facts: case_facts.Facts,
    features: collections.abc.Collection[known_bad_releases.Feature],
) -> Refusals:
    accept = facts.options.accept_known_bad
    for found in known_bad_releases.find(facts.hypervisors, features, accept):
        if found.rule.effect is not known_bad_releases.Effect.WARN:
            yield refusals.Refusal(
                None,
                found.rule.reason,
                found.detail,
                instead=found.remedy,
            )


def _too_slow(
    facts: case_facts.Facts, call: migrate_call.MigrateCall
) -> Refusals:
    """Refuse where the bandwidth limit certainly cannot be kept."""
    source, total = facts.hypervisors.source, facts.options.bandwidth
    disks = len(_copied(call))
    limit = planned_call.limit(facts)
    if source.libvirt is not None and not limit.kept(disks):
        yield refusals.Refusal(
            None,
            _Reason.BANDWIDTH_TOO_SMALL,
            f'{total} MiB/s for {disks} disks, and libvirt '
            f'{known_bad_releases.dotted(source.libvirt)} on the source',
        )


def _copied(call: migrate_call.MigrateCall) -> list[str]:
    copied = call.parameters.get('migrate_disks')
    return copied if isinstance(copied, list) else []


def _keeps_gluster(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
) -> bool:
    """Return whether QEMU at the destination is to open a gluster image."""
    targets = _copied(call)
    top_alone = migrate_call.MigrateFlag.NON_SHARED_INC in call.flags
    places = (
        pool_facts.in_pool(image, facts.storage.pools)
        for disk in facts.domain.disks
        for depth, image in enumerate(disk.chain)
        if disk.target not in targets or (top_alone and depth)
    )
    return any(place and place.protocol == 'gluster' for place in places)


def _leaves_medium(
    domain: domains.Domain, call: migrate_call.MigrateCall
) -> bool:
    """Return whether a disk with a medium is not copied."""
    targets = _copied(call)
    return any(d.source and d.target not in targets for d in domain.disks)
