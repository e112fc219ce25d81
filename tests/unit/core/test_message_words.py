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

"""Who reads a refusal finds the words of what he works with."""

import re
import unittest

from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.plan import known_bad_releases

_REASONS = refusals.ALL_REASONS
_REMEDIES = [
    *(reason.remedy for reason in _REASONS),
    *(reason.meaning for reason in _REASONS),
    *(rule.remedy for rule in known_bad_releases.TABLE),
]
_OPTIONS = re.compile(r'\b(shared_paths|local_paths)\b|of nova [a-z]+_')
_FLAGS = re.compile(r'--(shared-path|local-path|migrate-uri)\b')


class ReaderWordsTest(unittest.TestCase):
    def test_a_command_line_has_no_options_of_nova(self):
        for text in _REMEDIES:
            said = message_words.worded(text, nova=False)
            with self.subTest(text=text):
                self.assertIsNone(_OPTIONS.search(said), said)

    def test_nova_has_no_flags(self):
        for text in _REMEDIES:
            # No image is made for nova, and no device taken.
            if '--existing' in text:
                continue
            said = message_words.worded(text, nova=True)
            with self.subTest(text=text):
                self.assertIsNone(_FLAGS.search(said), said)

    def test_each_reader_gets_one_of_two_ways(self):
        text = 'in nova, detach it; on the command line, use --existing.'
        for nova, said in (
            (True, 'detach it.'),
            (False, 'use --existing.'),
        ):
            with self.subTest(nova=nova):
                found = message_words.worded(text, nova=nova)
                self.assertEqual(said, found)

    def test_each_reader_gets_one_of_two_names(self):
        text = 'say --accept-known-bad some-rule, in nova accept_known_bad = x'
        for nova, said in (
            (True, 'say accept_known_bad = x'),
            (False, 'say --accept-known-bad some-rule'),
        ):
            with self.subTest(nova=nova):
                found = message_words.worded(text, nova=nova)
                self.assertEqual(said, found)

    def test_a_path_is_what_it_is(self):
        for text in ('/srv/shared_paths/a', 'local_paths.qcow2'):
            for nova in (False, True):
                found = message_words.worded(text, nova=nova)
                self.assertEqual(text, found)


if __name__ == '__main__':
    unittest.main()
