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

"""promtool takes our alert rules, and they fire when they are to."""

import pathlib
import shutil
import subprocess
import unittest

RULES = pathlib.Path(__file__).parents[2] / 'contrib' / 'prometheus'
PROMTOOL = shutil.which('promtool')


@unittest.skipUnless(
    PROMTOOL,
    'no promtool, the alert rules are NOT TESTED: apt-get install prometheus',
)
class AlertRulesTest(unittest.TestCase):
    def promtool(self, *arguments):
        """Run it on files of ours, and return what it says."""
        done = subprocess.run(
            [PROMTOOL, *arguments],
            cwd=RULES,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stdout)
        return done.stdout

    def test_they_are_rules(self):
        said = self.promtool('check', 'rules', 'selective-migrate.rules.yaml')
        self.assertIn('SUCCESS: 9 rules found', said)

    def test_they_fire_when_they_are_to(self):
        self.promtool('test', 'rules', 'selective-migrate.test.yaml')


if __name__ == '__main__':
    unittest.main()
