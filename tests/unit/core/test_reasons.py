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

"""Every reason code has a case that produces it, and says what to do."""

import pathlib
import unittest

from nova_selective_migrate.core.model import refusals
from tests.unit.core import planned
from tests.unit.core import scenarios

REASONS = refusals.ALL_REASONS
CODES = pathlib.Path(__file__).parent.parent / 'data' / 'reason_codes.txt'


class ReasonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seen: set[str] = set()
        for found in scenarios.SCENARIOS.values():
            for scenario in found:
                plan = planned.plan(scenario.case)
                cls.seen.update(d['reason'] for d in plan['disks'])
                cls.seen.update(r['reason'] for r in plan['refusals'])

    def test_every_reason_is_produced_by_a_case(self):
        known = {reason.value for reason in REASONS}
        self.assertEqual(set(), known - self.seen)

    def test_every_refusal_that_is_seen_is_a_reason(self):
        known = {reason.value for reason in REASONS}
        self.assertEqual(set(), self.seen - known)

    def test_codes_are_kebab_case_and_sentences_are_sentences(self):
        for reason in REASONS:
            with self.subTest(reason=reason.value):
                self.assertRegex(reason.value, r'\A[a-z]+(-[a-z]+)*\Z')
                self.assertTrue(reason.meaning.endswith('.'))
                self.assertNotIn('\n', reason.meaning + reason.remedy)

    def test_every_refusal_has_a_remedy(self):
        refusing = set()
        for found in scenarios.SCENARIOS.values():
            for scenario in found:
                plan = planned.plan(scenario.case)
                refusing.update(r['reason'] for r in plan['refusals'])
        for reason in REASONS:
            if reason.value in refusing:
                with self.subTest(reason=reason.value):
                    self.assertTrue(reason.remedy)

    def test_the_codes_are_those_that_operators_know(self):
        """A code may be added to the file; none is renamed or taken out."""
        self.assertEqual(
            CODES.read_text().split(),
            sorted(reason.value for reason in REASONS),
        )

    def test_no_code_is_found_of_a_disk_and_stands_against_it(self):
        codes = [reason.value for reason in REASONS]
        self.assertEqual(sorted(set(codes)), sorted(codes))
