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

"""The messages that scenarios give, by their reason codes."""

import collections

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders
from tests.unit.core import scenarios


def messages() -> dict[str, set[str]]:
    """Return refusals, and of other codes the lines that nova logs."""
    found = collections.defaultdict(set)
    for many in scenarios.SCENARIOS.values():
        for scenario in many:
            case = migration_case.loads(builders.text(scenario.case))
            plan = planner.plan(case)
            for refusal in plan.refusals:
                found[refusal.reason.value].add(refusal.message)
            lines = plan_formats.log_lines(plan)
            for disk, line in zip(plan.disks, lines, strict=False):
                if not disk.reason.remedy:
                    found[disk.reason.value].add(line)
    return dict(found)
