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

"""The file is written beside itself, whole, and for others to read only."""

import os
import pathlib
import stat
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate.compute.common import whole_files


class WholeFilesTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )
        self.path = self.folder / 'x.prom'

    def test_others_read_and_do_not_write(self):
        for mask in (0o000, 0o077):
            before = os.umask(mask)
            try:
                whole_files.write(str(self.path), b'a 1\n')
            finally:
                os.umask(before)
            mode = stat.S_IMODE(self.path.stat().st_mode)
            self.assertEqual(0o644, mode)
        self.assertEqual(b'a 1\n', self.path.read_bytes())

    def test_who_has_it_open_reads_the_old_one(self):
        whole_files.write(str(self.path), b'old\n')
        with self.path.open('rb') as file:
            whole_files.write(str(self.path), b'new\n')
            self.assertEqual(b'old\n', file.read())
        self.assertEqual(['x.prom'], os.listdir(self.folder))

    def test_an_error_leaves_the_old_one_alone(self):
        whole_files.write(str(self.path), b'old\n')
        with (
            mock.patch.object(os, 'rename', side_effect=OSError('no')),
            self.assertRaises(OSError),
        ):
            whole_files.write(str(self.path), b'new\n')
        self.assertEqual(b'old\n', self.path.read_bytes())
        self.assertEqual(['x.prom'], os.listdir(self.folder))

    def test_what_a_killed_process_left(self):
        self.path.with_name('x.prom.new').write_text('half')
        whole_files.write(str(self.path), b'new\n')
        self.assertEqual(['x.prom'], os.listdir(self.folder))

    def test_a_link_beside_it_is_not_followed(self):
        """Others may be able to write to the directory."""
        prey = self.folder / 'prey'
        prey.write_text('mine')
        self.path.with_name('x.prom.new').symlink_to(prey)
        whole_files.write(str(self.path), b'new\n')
        self.assertEqual('mine', prey.read_text())
        self.assertFalse(self.path.is_symlink())

    def test_remove(self):
        whole_files.write(str(self.path), b'x\n')
        for _ in range(2):
            whole_files.remove(str(self.path))
        self.assertEqual([], os.listdir(self.folder))


if __name__ == '__main__':
    unittest.main()
