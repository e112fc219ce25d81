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

"""Run the planner on a case's tree, as ``plan --replay`` does."""

import json
import typing

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders


def plan(tree: builders.Tree) -> typing.Any:
    """Return the JSON that ``plan -f json`` prints for a case."""
    return printed(migration_case.loads(builders.text(tree)))


def printed(case: migration_case.Case) -> typing.Any:
    return json.loads(json.dumps(plan_formats.plan_tree(planner.plan(case))))


def refusal(tree: builders.Tree, target: str = 'vda') -> typing.Any:
    """Return the only refusal of a target."""
    (found,) = (
        each for each in plan(tree)['refusals'] if each['target'] == target
    )
    return found


def actions(tree: builders.Tree) -> dict[str, str]:
    """Return the action of each target."""
    return {d['target']: d['action'] for d in plan(tree)['disks']}
