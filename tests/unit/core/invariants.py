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

"""What holds for every plan, whatever the case."""

import typing
import unittest

_NON_SHARED = {'VIR_MIGRATE_NON_SHARED_DISK', 'VIR_MIGRATE_NON_SHARED_INC'}


def check(test: unittest.TestCase, plan: typing.Any) -> None:
    """Assert what holds of every plan, on one as it is printed.

    doc/source/contributor/architecture.rst has these rules.
    """
    test.assertEqual(plan['ready'], not plan['refusals'])
    copied = [d['target'] for d in plan['disks'] if d['action'] == 'copy']
    refused = [d['target'] for d in plan['disks'] if d['action'] == 'refuse']
    named = [r['target'] for r in plan['refusals']]
    # Every bad disk is listed, in the order of the XML, not the first.
    for target in refused:
        test.assertEqual(1, named.count(target), target)
    for disk in plan['disks']:
        test.assertIn(disk['action'], ('copy', 'keep', 'skip', 'refuse'))
        if disk['action'] == 'copy':
            test.assertEqual('local', disk['locality'])
        if disk['action'] == 'keep':
            test.assertEqual('shared', disk['locality'])
        for sentence in disk['evidence']:
            test.assertIsInstance(sentence, str)
            test.assertTrue(sentence)
    _check_call(test, plan, copied)
    for refusal in plan['refusals']:
        test.assertRegex(refusal['reason'], r'\A[a-z0-9]+(-[a-z0-9]+)*\Z')
        test.assertIn('emedy', refusal['message'])


def _check_call(
    test: unittest.TestCase, plan: typing.Any, copied: list[str]
) -> None:
    flags = set(plan['flags'])
    test.assertEqual(len(flags), len(plan['flags']))
    test.assertNotIn('VIR_MIGRATE_UNSAFE', flags)
    lists = {
        name
        for name in plan['parameters']
        if name.endswith('_disks') or name.startswith(('disks_', 'migrate_d'))
    }
    if not plan['ready']:
        test.assertEqual([], plan['migrate_disks'])
        test.assertEqual([], plan['flags'])
        test.assertEqual({}, plan['parameters'])
        test.assertEqual(0, plan['copy_bytes'])
        return
    test.assertEqual(copied, plan['migrate_disks'])
    if not copied:
        test.assertEqual(set(), flags & _NON_SHARED)
        test.assertEqual(set(), lists)
        test.assertEqual(0, plan['copy_bytes'])
        return
    test.assertEqual(1, len(flags & _NON_SHARED))
    test.assertEqual(copied, plan['parameters']['migrate_disks'])
    test.assertEqual(len(copied), len(set(copied)))
    test.assertTrue(all(type(target) is str for target in copied))
    test.assertGreaterEqual(plan['copy_bytes'], 0)
