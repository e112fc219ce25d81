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

"""A plan as JSON, and in the words of a log."""

import collections.abc
import typing

from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.model import plan_ids
from nova_selective_migrate.core.model import reason_links
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import planned_disks


def plan_tree(plan: migration_plan.MigrationPlan) -> dict[str, typing.Any]:
    """Return the plan as JSON's types; the field names are a contract."""
    return {
        'domain': {'name': plan.domain.name, 'uuid': plan.domain.uuid},
        'ready': plan.ready,
        'migrate_disks': plan.migrate_disks,
        'copy_bytes': plan.copy_bytes,
        'flags': plan.call.flag_names,
        'parameters': dict(plan.call.parameters),
        'disks': [_disk(disk, plan) for disk in plan.disks],
        'images': [json_fields.plain(image) for image in plan.images],
        'duties': [duty_tree(duty) for duty in plan.duties],
        'refusals': [
            {
                'target': refusal.target,
                'reason': refusal.reason.value,
                'message': refusal.message,
            }
            for refusal in plan.refusals
        ],
        'notes': list(plan.notes),
        'summary': json_fields.plain(plan.summary),
        **_beside_disks(plan),
    }


def _beside_disks(plan: migration_plan.MigrationPlan) -> dict[str, typing.Any]:
    """Return media and removals of a plan that has any."""
    media = [json_fields.plain(each) for each in plan.media.planned]
    removals = [
        {
            'target': each.target,
            'path': each.path,
            'virtual_bytes': each.virtual_bytes,
        }
        for each in plan.removals.removed
    ]
    found = {'media': media, 'removals': removals}
    return {name: each for name, each in found.items() if each}


def duty_tree(duty: media_duties.Duty) -> dict[str, str]:
    """Return a duty as JSON's types; the field names are a contract."""
    return {
        'target': duty.target,
        'duty': duty.code,
        'message': duty.message,
    }


def _disk(
    planned: planned_disks.PlannedDisk, plan: migration_plan.MigrationPlan
) -> dict[str, typing.Any]:
    """Return a disk; what becomes of it there only where it is copied."""
    disk = planned.disk
    source = disk.source if planned.copied else None
    place = plan.placed.get(disk.target)
    there = source.label if source else None
    there = place.label if place else plan.renamed.get(disk.target, there)
    has = place.format if place else source.format if source else None
    return {
        'target': disk.target,
        'device': disk.device.value,
        'source': disk.source.label if disk.source else None,
        'locality': planned.strategy.locality.value,
        'action': planned.action.value,
        'reason': planned.reason.value,
        'evidence': list(planned.strategy.evidence),
        'virtual_bytes': planned.virtual_bytes,
        'allocated_bytes': planned.allocated_bytes,
        'format': disk.source.format if disk.source else None,
        'destination': there if planned.copied else None,
        'destination_format': has if planned.copied else None,
        'copy_bytes': planned.copy_bytes,
    }


def refusal_text(plan: migration_plan.MigrationPlan, plan_id: str = '') -> str:
    """Say why a plan is refused: codes first, then every disk and remedy.

    nova keeps 255 characters of a fault's message
    (nova.db.main.models.InstanceFault), so that the most important comes
    first.

    :param plan_id: by which both hosts' logs name it; empty where they do not
    """
    codes = ', '.join(
        f'{refusal.target}: {refusal.reason.value}'
        if refusal.target
        else refusal.reason.value
        for refusal in plan.refusals
    )
    messages = ' '.join(refusal.message for refusal in plan.refusals)
    named = f' {plan_ids.mark(plan_id)}' if plan_id else ''
    explained = reason_links.explained(
        refusal.reason.value for refusal in plan.refusals
    )
    return (
        f'selective migration refused ({codes}){named}. {messages} {explained}'
    )


def log_lines(
    plan: migration_plan.MigrationPlan,
) -> collections.abc.Iterator[str]:
    """Say of each disk what becomes of it and why, a line each."""
    for planned in plan.disks:
        disk, strategy = planned.disk, planned.strategy
        source = disk.source.label if disk.source else '-'
        evidence = '; '.join(strategy.evidence)
        yield (
            f'{disk.target} {source}: {planned.action.value} '
            f'({strategy.locality.value}, {planned.reason.value}: {evidence})'
        )
    for refusal in plan.refusals:
        yield f'refused ({refusal.reason.value}): {refusal.message}'
    for note in plan.notes:
        yield f'note: {note}'


def difference(
    plan: migration_plan.MigrationPlan, theirs: list[str] | str
) -> str:
    """Say how a plan differs from what nova itself would do.

    :param theirs: the targets that nova would copy, or what it does instead
    """
    ours = f'the plan copies {", ".join(plan.migrate_disks) or "nothing"}'
    if not plan.ready:
        ours = f'the plan is none: {refusal_text(plan)}'
    same = plan.ready and plan.migrate_disks == theirs
    if isinstance(theirs, list):
        theirs = f'nova copies {", ".join(theirs) or "nothing"}'
    return f'{ours}; {theirs}: {"the same" if same else "NOT the same"}'
