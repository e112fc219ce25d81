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

"""No refusal has anybody destroy what a guest or a job is at."""

import copy
import itertools
import re
import unittest

from nova_selective_migrate.core.model import refusals
from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core import scenarios

PATH = '/data/a'
DISK = b.disk('vda', b.file(PATH))
LOCAL = {PATH: b.local()}


def plan(known, state=None, **options):
    case = b.case(
        DISK,
        source=LOCAL,
        destination={PATH: known, '/data': {'exists': True}},
        create_images=True,
        **({'state': state} if state else {}),
        **options,
    )
    return planned.plan(case)


def _advised():
    """Find the disks whose remedy is to declare a path as shared."""
    for scenario in itertools.chain(*scenarios.SCENARIOS.values()):
        for refusal in planned.plan(scenario.case)['refusals']:
            message, _, remedy = refusal['message'].partition('Remedy: ')
            about = re.match(r'\S+ \((/[^)]*)\): ', message)
            if about and 'declare its path in shared_paths' in remedy:
                case = copy.deepcopy(scenario.case)
                yield case, refusal['target'], about[1]


class SafeRemediesTest(unittest.TestCase):
    def test_nobody_is_told_to_remove_or_to_abort(self):
        for reason in refusals.ALL_REASONS:
            with self.subTest(reason=reason.value):
                for word in ('--abort', 'remove it', '--metadata'):
                    self.assertNotIn(word, reason.remedy)

    def test_under_an_active_job_nothing_else_is_advised(self):
        busy = {'state': 'running', 'job_active': True, 'snapshots': 1}
        busy['block_jobs'] = ['vda']
        found = plan({'exists': True}, busy)
        (refusal,) = found['refusals']
        self.assertEqual('active-job', refusal['reason'])
        self.assertFalse(found['ready'])

    def test_what_another_domain_uses_is_named_and_left_alone(self):
        known = {
            **b.local(),
            'identity': 'not the same',
            'used_by': 'other-guest',
        }
        for existing in ([], ['vda']):
            with self.subTest(existing=existing):
                (refusal,) = plan(known, existing=existing)['refusals']
                self.assertEqual('destination-exists', refusal['reason'])
                self.assertIn('other-guest', refusal['message'])
                self.assertIn('leave it alone', refusal['message'])
                self.assertNotIn('--existing', refusal['message'])

    def test_what_the_hosts_disprove_is_not_to_be_declared(self):
        """Who follows the remedy meets no refusal of the declaration."""
        for case, target, path in _advised():
            case['policy']['shared_paths'].append(path)
            (disk,) = (
                d for d in planned.plan(case)['disks'] if d['target'] == target
            )
            self.assertNotEqual('declaration-conflict', disk['reason'], case)

    def test_a_local_directory_is_not_to_be_called_shared(self):
        case = b.case(
            b.disk('vda', b.file(PATH), serial=b.VOLUME),
            source=LOCAL,
            rows=[b.row('vda', b.VOLUME, 'local', device_path=PATH)],
            versions={'source': {'libvirt': 11_003_000}},
        )
        (refusal,) = planned.plan(case)['refusals']
        self.assertNotIn('qemu.conf', refusal['message'])
        self.assertNotIn('Both hosts reach it', refusal['message'])
        self.assertIn('detach the volume', refusal['message'])

    def test_where_nobody_has_looked_it_is_not_said_to_be_missing(self):
        case = b.case(DISK, source=LOCAL, create_images=True)
        (refusal,) = planned.plan(case)['refusals']
        self.assertEqual('destination-unreachable', refusal['reason'])
        self.assertIn('could not be told', refusal['message'])
        self.assertNotIn('not seen', refusal['message'])

    def test_a_conflict_shows_its_evidence(self):
        case = b.case(
            b.disk('vda', b.file(PATH), serial=b.VOLUME),
            rows=[b.row('vda', b.VOLUME), b.row('vdb', b.VOLUME)],
            source=LOCAL,
        )
        (disk,) = planned.plan(case)['disks']
        self.assertEqual('attachment-conflict', disk['reason'])
        self.assertTrue(disk['evidence'])


if __name__ == '__main__':
    unittest.main()
