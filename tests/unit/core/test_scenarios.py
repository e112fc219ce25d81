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

"""Every rule of doc/source/reference/decisions.rst, case by case."""

import unittest

import ddt

from tests.unit.core import invariants
from tests.unit.core import planned
from tests.unit.core import scenarios


def _cases(noun: str):
    return ddt.idata(scenarios.SCENARIOS[noun])


@ddt.ddt
class ScenarioTest(unittest.TestCase):
    maxDiff = None

    def _check(self, scenario):
        plan = planned.plan(scenario.case)
        decided = {d['target']: d for d in plan['disks']}
        self.assertEqual(list(scenario.disks), list(decided))
        refused = {(None, code) for code in scenario.plan}
        refused.update(scenario.also)
        for target, expected in scenario.disks.items():
            action, _, reason = expected.partition(' ')
            found = decided[target]
            self.assertEqual(
                (action, reason or found['reason']),
                (found['action'], found['reason']),
                found,
            )
            if action == 'refuse':
                refused.add((target, found['reason']))
        said = [(r['target'], r['reason']) for r in plan['refusals']]
        self.assertEqual(refused, set(said))
        # One for each volume that no disk shows.
        self.assertEqual(
            sorted(scenario.plan), sorted(r for t, r in said if t is None)
        )
        self.assertEqual(scenario.ready, plan['ready'])
        invariants.check(self, plan)

    @_cases('blockers')
    def test_blocker(self, scenario):
        self._check(scenario)

    @_cases('chains')
    def test_chain(self, scenario):
        self._check(scenario)

    @_cases('declarations')
    def test_declaration(self, scenario):
        self._check(scenario)

    @_cases('destinations')
    def test_destination(self, scenario):
        self._check(scenario)

    @_cases('devices')
    def test_device(self, scenario):
        self._check(scenario)

    @_cases('filesystems')
    def test_filesystem(self, scenario):
        self._check(scenario)

    @_cases('identities')
    def test_identity(self, scenario):
        self._check(scenario)

    @_cases('images')
    def test_image(self, scenario):
        self._check(scenario)

    @_cases('joins')
    def test_join(self, scenario):
        self._check(scenario)

    @_cases('mappings')
    def test_mapping(self, scenario):
        self._check(scenario)

    @_cases('networks')
    def test_network(self, scenario):
        self._check(scenario)

    @_cases('nova_volumes')
    def test_nova_volume(self, scenario):
        self._check(scenario)

    @_cases('pools')
    def test_pool(self, scenario):
        self._check(scenario)

    @_cases('preparations')
    def test_preparation(self, scenario):
        self._check(scenario)

    @_cases('readiness')
    def test_readiness(self, scenario):
        self._check(scenario)

    @_cases('transports')
    def test_transport(self, scenario):
        self._check(scenario)

    @_cases('uncopied')
    def test_uncopied(self, scenario):
        self._check(scenario)

    @_cases('unsafe')
    def test_unsafe(self, scenario):
        self._check(scenario)

    @_cases('volume_names')
    def test_volume_name(self, scenario):
        self._check(scenario)

    @_cases('volumes')
    def test_volume(self, scenario):
        self._check(scenario)

    @_cases('whole_plan')
    def test_whole_plan(self, scenario):
        self._check(scenario)


class ScenarioNameTest(unittest.TestCase):
    def test_names_are_unique(self):
        for noun, found in scenarios.SCENARIOS.items():
            names = [scenario.name for scenario in found]
            self.assertEqual(sorted(set(names)), sorted(names), noun)

    def test_each_scenario_is_run(self):
        run = [name for name in dir(ScenarioTest) if name.startswith('test_')]
        self.assertEqual(sum(map(len, scenarios.SCENARIOS.values())), len(run))
