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

"""Every reason code is explained: meaning, why, what to do, an example."""

import json
import pathlib
import unittest
import unittest.mock

from nova_selective_migrate.cli import command_table
from nova_selective_migrate.cli import reason_explanations
from nova_selective_migrate.core.model import reason_links
from nova_selective_migrate.core.model import refusals
from tests.unit.core import reason_examples

TOP = pathlib.Path(__file__).parents[2]
EXAMPLES = TOP / 'doc/source/reference/reason-examples.json'
CODES = {reason.value for reason in refusals.ALL_REASONS}


class ReasonPagesTest(unittest.TestCase):
    maxDiff = None

    def test_each_says_what_it_means(self):
        for reason in refusals.ALL_REASONS:
            with self.subTest(reason.value):
                self.assertRegex(reason.meaning, r'^\S.+\.$')

    def test_each_says_why(self):
        whys = reason_explanations.whys()
        self.assertEqual(CODES, set(whys))
        for code, why in whys.items():
            with self.subTest(code):
                self.assertRegex(why, r'^[A-Za-z].{20,}\.$')

    def test_each_that_refuses_says_what_to_do(self):
        for reason in refusals.ALL_REASONS:
            with self.subTest(reason.value):
                remedy = reason_explanations.remedy(reason)
                if not isinstance(reason, refusals.reasons.Reason):
                    self.assertNotEqual('', remedy)
                self.assertRegex(remedy, r'^([A-Z].+\.)?$')

    def test_each_has_a_message_that_a_scenario_gives(self):
        """Written by tools/render_reason_examples.py."""
        examples = json.loads(EXAMPLES.read_text())
        self.assertEqual(CODES, set(examples))
        given = reason_examples.messages()
        self.assertEqual(
            [], [code for code in CODES if examples[code] not in given[code]]
        )

    def test_a_word_that_is_no_code_is_a_command(self):
        for words in (['lun-disks'], ['lun-disk', 'plan'], ['plan']):
            self.assertEqual([], reason_explanations.reasons_of(words))

    def test_no_code_is_the_name_of_a_command(self):
        """Help takes both."""
        names = {entry.name.split()[0] for entry in command_table.COMMANDS}
        self.assertEqual(set(), CODES & names)


class LinkTest(unittest.TestCase):
    def test_each_code_is_named_once(self):
        self.assertEqual(
            'Explained by: nova-selective-migrate help lun-disk active-job',
            reason_links.explained(['lun-disk', 'active-job', 'lun-disk']),
        )

    def test_without_a_code_there_is_none(self):
        self.assertEqual('', reason_links.explained([]))

    def test_of_many_the_first(self):
        self.assertTrue(reason_links.explained('abcdef').endswith(' a b c d'))

    def test_a_page_that_is_published(self):
        page = 'https://docs.example/reason-codes.html'
        with unittest.mock.patch.object(reason_links, 'PAGE', page):
            self.assertEqual(
                f'Explained at {page}#reason-lun-disk',
                reason_links.explained(['lun-disk']),
            )


if __name__ == '__main__':
    unittest.main()
