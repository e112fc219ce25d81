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

"""A plan in the words of a log and of an instance's faults."""

import collections.abc

from nova_selective_migrate.core.plan import plan as plan_


def refusal(plan: plan_.MigrationPlan) -> str:
    """Say why a plan is refused: codes first, then every disk and remedy.

    nova keeps 255 characters of a fault's message, so that what is most
    telling comes first (nova.db.main.models.InstanceFault).
    """
    codes = ', '.join(
        f'{refusal.target}: {refusal.reason.value}'
        if refusal.target
        else refusal.reason.value
        for refusal in plan.refusals
    )
    messages = ' '.join(refusal.message for refusal in plan.refusals)
    return f'selective migration refused ({codes}). {messages}'


def lines(plan: plan_.MigrationPlan) -> collections.abc.Iterator[str]:
    """Say of each disk what becomes of it and why, a line each."""
    for planned in plan.disks:
        chosen = planned.decision
        source = chosen.disk.source.label if chosen.disk.source else '-'
        evidence = '; '.join(chosen.evidence)
        yield (
            f'{chosen.disk.target} {source}: {chosen.action.value} '
            f'({chosen.locality.value}, {chosen.reason.value}: {evidence})'
        )
    for refusal in plan.refusals:
        yield f'refused: {refusal.message}'
    for note in plan.notes:
        yield f'note: {note}'


def difference(plan: plan_.MigrationPlan, theirs: list[str] | str) -> str:
    """Say how a plan differs from what nova itself would do.

    :param theirs: the targets that nova would copy, or what it does instead
    """
    ours = f'the plan copies {", ".join(plan.migrate_disks) or "nothing"}'
    if not plan.ready:
        ours = f'the plan is none: {refusal(plan)}'
    same = plan.ready and plan.migrate_disks == theirs
    if isinstance(theirs, list):
        theirs = f'nova copies {", ".join(theirs) or "nothing"}'
    return f'{ours}; {theirs}: {"the same" if same else "NOT the same"}'
