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

"""Write a plan as the JSON of design.md section 4."""

import typing

from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.plan import plan as plan_
from nova_selective_migrate.core.plan import planned_disk


def tree(plan: plan_.MigrationPlan) -> dict[str, typing.Any]:
    """Return the plan as JSON's types; the field names are a contract."""
    return {
        'domain': {'name': plan.domain.name, 'uuid': plan.domain.uuid},
        'ready': plan.ready,
        'migrate_disks': plan.migrate_disks,
        'copy_bytes': plan.copy_bytes,
        'flags': plan.call.flag_names,
        'parameters': dict(plan.call.parameters),
        'disks': [_disk(disk) for disk in plan.disks],
        'images': [json_fields.plain(image) for image in plan.images],
        'duties': [
            {
                'target': duty.target,
                'duty': duty.code,
                'message': duty.message,
            }
            for duty in plan.duties
        ],
        'refusals': [
            {
                'target': refusal.target,
                'reason': refusal.reason.value,
                'message': refusal.message,
            }
            for refusal in plan.refusals
        ],
        'notes': list(plan.notes),
    }


def _disk(disk: planned_disk.PlannedDisk) -> dict[str, typing.Any]:
    chosen = disk.decision
    source = chosen.disk.source
    return {
        'target': chosen.disk.target,
        'device': chosen.disk.device.value,
        'source': source.label if source else None,
        'locality': chosen.locality.value,
        'action': chosen.action.value,
        'reason': chosen.reason.value,
        'evidence': list(chosen.evidence),
        'virtual_bytes': disk.virtual_bytes,
        'allocated_bytes': disk.allocated_bytes,
    }
