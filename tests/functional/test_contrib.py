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

"""Linters take what other projects' tools read and none of ours runs."""

import pathlib
import subprocess
import sys
import unittest

TOP = pathlib.Path(__file__).parents[2]
YAML = ('.zuul.yaml', 'contrib/openstack-ansible')
# Sourced by DevStack, `settings` begins with no interpreter: E005.
SHELL = ('devstack/plugin.sh', 'devstack/settings')
RULES = '{extends: default, rules: {line-length: {max: 79}}}'


class LintTest(unittest.TestCase):
    def lint(self, *words):
        done = subprocess.run(
            [sys.executable, '-m', *words],
            cwd=TOP,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stdout)

    def test_yamllint(self):
        self.lint('yamllint', '--strict', '-d', RULES, *YAML)

    def test_bashate(self):
        self.lint('bashate.bashate', '-e', 'E*', '-i', 'E005', *SHELL)


if __name__ == '__main__':
    unittest.main()
