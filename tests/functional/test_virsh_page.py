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


"""The page of virsh's options, held against both programs."""

import argparse
import pathlib
import re
import shutil
import subprocess
import unittest

from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import evidence_arguments

PAGE = pathlib.Path(__file__).parents[2] / 'doc/source/cli/virsh.rst'
_ROW = re.compile(r'^   \* - ``(--[\w-]+)``\n     - (.+)$', re.MULTILINE)
_OPTION = re.compile(r'--[a-z][a-z-]+')


class VirshPageTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.rows = dict(_ROW.findall(PAGE.read_text()))

    def test_every_option_of_ours_exists(self):
        parser = argparse.ArgumentParser()
        evidence_arguments.add_evidence(parser)
        arguments.add_destination(parser)
        known = {*_OPTION.findall(parser.format_help())}
        named = {
            option
            for here in self.rows.values()
            for option in _OPTION.findall(here)
        }
        self.assertEqual(set(), named - known)
        self.assertIn('--dname', named)

    def test_a_row_says_what_is_here(self):
        for option, here in self.rows.items():
            if not _OPTION.search(here):
                self.assertIn(here, ('always', 'never', 'planned'), option)

    def test_every_option_of_virsh_has_a_row(self):
        if shutil.which('virsh') is None:
            self.skipTest(
                'no virsh, it is NOT TESTED that the page has all of its '
                'options: apt-get install libvirt-clients'
            )
        text = subprocess.run(
            ['virsh', 'help', 'migrate'], capture_output=True, text=True
        ).stdout
        # Their descriptions name others.
        listed = re.findall(r'^    (?:\[)?(--[a-z0-9-]+)', text, re.MULTILINE)
        self.assertIn('--live', listed)
        positional = {'--domain', '--desturi'}
        self.assertEqual(set(), {*listed} - {*self.rows} - positional)
