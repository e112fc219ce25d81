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

"""The support matrix is its data, and names what we say that we support."""

import re
import unittest

from tools import support_matrix
from tools import toml_files

TOP = support_matrix.TOP


class SupportMatrixTest(unittest.TestCase):
    def test_the_page_has_what_the_data_has(self):
        self.assertEqual(
            support_matrix.table(),
            support_matrix.TABLE.read_text(),
            'make support-matrix writes it anew',
        )

    def test_each_row_says_when_and_what_came_of_it(self):
        for row in support_matrix.rows():
            with self.subTest(row['tests'], nova=row['nova']):
                self.assertRegex(
                    row['date'], r'^(each change|20\d\d-\d\d-\d\d)$'
                )
                counts = row.get('counts', [1, 0, 0])
                self.assertEqual(3, len(counts))
                self.assertGreater(counts[0], 0)
                self.assertEqual(0, counts[1], 'a failure is not support')

    def test_each_python_of_the_package_was_run(self):
        project = toml_files.read(TOP / 'pyproject.toml')['project']
        classified = re.findall(
            r'Python :: (3\.\d+)', '\n'.join(project['classifiers'])
        )
        run = {row['python'] for row in support_matrix.rows()}
        self.assertEqual(set(), set(classified) - run)


if __name__ == '__main__':
    unittest.main()
