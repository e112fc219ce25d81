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

"""The tests that contrib/upstream has for nova show what they are to show."""

import importlib.util
import pathlib
import unittest

from tests.nova import base

UPSTREAM = pathlib.Path(__file__).parents[2] / 'contrib' / 'upstream'
# nova 32.2 began to raise a second time what it had rolled back.
RAISES_TWICE = base.NOVA >= (32, 2)
# Until then the config drive was copied by ssh.
ZEROES = base.NOVA >= (30, 1)


class UpstreamTest(unittest.TestCase):
    """Each fails for the defect alone; what is right in it passes."""

    def setUp(self):
        super().setUp()
        if base.NOVA[0] == 32:
            self.skipTest(
                "with nova 32.2 the waits of nova's own functional tests end "
                'before the migration does'
            )

    def run_tests(self, name: str) -> dict[str, str]:
        """Run a file of tests; return how each failed, '' if it passed.

        An error that is not an assertion fails this test.
        """
        spec = importlib.util.spec_from_file_location(
            f'upstream_{name}', UPSTREAM / f'test_bug_{name}.py'
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        found = {test._testMethodName: '' for test in _each(suite)}
        result = unittest.TestResult()
        suite.run(result)
        self.assertEqual([], result.errors)
        self.assertEqual(len(found), result.testsRun)
        for test, text in result.failures:
            _, mismatch, told = text.rpartition('MismatchError: ')
            # What has another reason ends with that.
            reason = told if mismatch else text.rstrip().rpartition('\n')[2]
            found[test._testMethodName] = ' '.join(reason.split())
        return found

    def test_config_drive_zeroed(self):
        if not ZEROES:
            self.skipTest('this nova copies the config drive by ssh')
        self.assertEqual(
            {'test_config_drive_arrives': "b'the config drive' != b''"},
            self.run_tests('config_drive_zeroed'),
        )

    def test_error_after_rollback(self):
        told = {
            'test_libvirt_fails': (
                "('ACTIVE', 'failed') != ('ERROR', 'error')"
            ),
            'test_user_aborts': (
                "('ACTIVE', 'cancelled') != ('ERROR', 'error')"
            ),
        }
        self.assertEqual(
            told if RAISES_TWICE else dict.fromkeys(told, ''),
            self.run_tests('error_after_rollback'),
        )

    def test_abort_as_job_ends(self):
        self.assertEqual(
            {'test_abort_is_recorded': "'cancelled' != 'failed'"},
            self.run_tests('abort_as_job_ends'),
        )

    def test_swapped_volume_path(self):
        volume = '227cc671-f30b-4488-96fd-7d0bf13648d8'
        self.assertEqual(
            {
                'test_volume_not_swapped': '',
                'test_volume_swapped': (
                    f"!=: reference = ['/dev/dest/{volume}'] "
                    f"actual = ['/dev/src/{volume}']"
                ),
            },
            self.run_tests('swapped_volume_path'),
        )


class DescriptionTest(unittest.TestCase):
    def test_each_has_a_description_and_a_test_here(self):
        tests = {
            path.stem.removeprefix('test_bug_')
            for path in UPSTREAM.glob('test_bug_*.py')
        }
        self.assertEqual(
            tests,
            {p.stem for p in UPSTREAM.glob('*.rst')} - {'README'},
        )
        for name in tests:
            self.assertTrue(hasattr(UpstreamTest, f'test_{name}'), name)


def _each(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from _each(each)
        else:
            yield each
