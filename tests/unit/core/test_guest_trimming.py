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

"""What a guest is asked to trim before the copy."""

import unittest

import ddt

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b

A, B = '/data/a.raw', '/data/b.raw'


def _disk(target, source, discard="discard='unmap'"):
    text = b.disk(target, source)
    return text.replace(
        '<driver name="qemu"', f"<driver name='qemu' {discard}"
    )


def plan(*disks, on=True, state='running', **more):
    tree = b.case(
        *disks,
        source={A: b.local(), B: b.local()},
        state={'state': state},
        trim={'on': on, **more},
    )
    return planner.plan(migration_case.loads(b.text(tree)))


_LOCAL = _disk('vda', b.file(A, 'raw'))
_IGNORES = b.disk('vdb', b.file(B, 'raw'))


@ddt.ddt
class GuestTrimmingTest(unittest.TestCase):
    def test_what_is_copied_and_hands_discards_on(self):
        shared = _disk('vdc', b.rbd())
        found = plan(_LOCAL, _IGNORES, shared, seconds=7)
        self.assertEqual({'vda': A}, found.trimming.images)
        self.assertEqual(7, found.trimming.seconds)
        self.assertIn('for 7 s at most', ' '.join(found.notes))

    def test_a_volume_of_a_pool(self):
        tree = b.case(
            _disk('vda', b.volume('pool', 'a.raw')),
            source={A: b.local()},
            pools={'pool': {'type': 'dir', 'path': '/data'}},
            trim={'on': True},
        )
        found = planner.plan(migration_case.loads(b.text(tree)))
        self.assertEqual({'vda': A}, found.trimming.images)

    def test_not_asked_for(self):
        found = plan(_LOCAL, on=False)
        self.assertEqual({}, found.trimming.images)
        self.assertIsNone(found.trimming.why_not)

    @ddt.data(
        ((_IGNORES,), 'running', "discard='unmap'"),
        ((_disk('vda', b.rbd()),), 'running', "discard='unmap'"),
        (
            (_disk('vda', b.file(A, 'raw'), "discard='ignore'"),),
            'running',
            "discard='unmap'",
        ),
        ((_LOCAL,), 'paused', 'paused'),
    )
    @ddt.unpack
    def test_nothing_to_ask(self, disks, state, why):
        found = plan(*disks, state=state)
        self.assertTrue(found.ready)
        self.assertEqual({}, found.trimming.images)
        self.assertIn(why, found.trimming.why_not)
        self.assertIn('nothing is trimmed', ' '.join(found.notes))

    def test_a_refused_plan_asks_nothing(self):
        found = plan(_LOCAL, b.disk('vdb', b.file('/data/unknown')))
        self.assertFalse(found.ready)
        self.assertEqual({}, found.trimming.images)
