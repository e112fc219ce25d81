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

"""The quick start for libvirt operators, by its own commands."""

import os
import pathlib
import shlex
import subprocess
import sys
import unittest

from lab import lab_homes
from lab.errors import LabError
from lab.laboratory import down
from tests import page_commands

PAGE = lab_homes.REPOSITORY / 'doc/source/install/quick-start-libvirt.rst'
_REFUSED = 3


class QuickStartTestCase(unittest.TestCase):
    """Each command of the page, in its order, on hosts of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.home = lab_homes.own_home('quick-start')
        self.addCleanup(self.end)

    def end(self) -> None:
        """End what a failed step has left."""
        try:
            down(self.home)
        except LabError as err:
            self.fail(str(err))

    def test_each_step(self) -> None:
        """All succeed but the plan back, which is refused."""
        steps = [
            one.text
            for one in page_commands.of_page(PAGE)
            if one.of_laboratory
        ]
        self.assertEqual('.venv/bin/python -m lab up', steps[0])
        self.assertEqual('.venv/bin/python -m lab down', steps[-1])
        back = next(text for text in steps if 'run b' in text)
        for text in steps:
            with self.subTest(text):
                done = self.run_step(text)
                wanted = _REFUSED if text == back else 0
                self.assertEqual(wanted, done.returncode, done.stderr)
                if text == back:
                    self.assertIn('[destination-exists]', done.stdout)

    def run_step(self, text: str) -> 'subprocess.CompletedProcess[str]':
        """Run a command in the top folder, as a reader does."""
        programs = pathlib.Path(sys.executable).parent
        return subprocess.run(
            [sys.executable, *shlex.split(text)[1:]],
            cwd=lab_homes.REPOSITORY,
            env={
                **os.environ,
                'LAB_HOME': str(self.home.root),
                'PATH': f'{programs}:{os.environ["PATH"]}',
            },
            capture_output=True,
            text=True,
            check=False,
        )
