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
"""A limit of the link in libvirt's terms, which are of each disk."""

import unittest

from nova_selective_migrate.core.case import hypervisor
from nova_selective_migrate.core.plan import bandwidth
from tests.unit.core import builders as b
from tests.unit.core import planned

OLD, NEW = 11_002_999, 11_003_000


def limit(total, version, parallel=0):
    return bandwidth.limit(total, parallel, hypervisor.Versions(version))


def plan(count, version, **options):
    return planned.plan(
        b.case(
            *(b.disk(f'vd{n}', b.file(f'/data/{n}')) for n in range(count)),
            source={f'/data/{n}': b.local() for n in range(count)},
            versions={'source': {'libvirt': version}},
            **options,
        )
    )


class LimitTest(unittest.TestCase):
    def test_it_is_divided_among_the_disks(self):
        for total, disks, each in (
            (16, 0, 16),
            (16, 1, 16),
            (16, 2, 8),
            (16, 3, 5),
            (2, 8, 1),
            (0, 8, 0),
        ):
            with self.subTest(total=total, disks=disks):
                self.assertEqual(each, limit(total, NEW).per_disk(disks))

    def test_the_speed_of_a_mirror_can_be_changed(self):
        for version, adjustable in ((OLD, False), (NEW, True), (None, False)):
            with self.subTest(version=version):
                found = limit(1, version)
                self.assertIs(adjustable, found.adjustable)

    def test_it_can_be_kept(self):
        self.assertTrue(limit(2, OLD).kept(2))
        self.assertFalse(limit(2, OLD).kept(3))
        self.assertTrue(limit(2, NEW).kept(3))
        self.assertTrue(limit(0, OLD).kept(3))


class PlanTest(unittest.TestCase):
    def test_the_call_has_it_per_disk(self):
        for version in (OLD, NEW):
            for count, each in ((1, 9), (2, 4)):
                with self.subTest(version=version, count=count):
                    found = plan(count, version, bandwidth=9)
                    self.assertEqual(each, found['parameters']['bandwidth'])

    def test_the_remedy_names_what_can_be_done(self):
        (found,) = plan(3, OLD, bandwidth=2)['refusals']
        self.assertEqual('bandwidth-too-small', found['reason'])
        self.assertIn('2 MiB/s for 3 disks', found['message'])
        self.assertIn('11.2.999', found['message'])

    def test_what_cannot_be_had_is_noted(self):
        for count, version, options, words in (
            (2, OLD, {'bandwidth': 8}, 'each disk is copied at 4 MiB/s'),
            (3, OLD, {'parallel_mirrors': 2}, 'all 3 disks are copied'),
            (2, OLD, {'parallel_mirrors': 2}, None),
            (1, OLD, {'bandwidth': 8, 'parallel_mirrors': 1}, None),
            (2, OLD, {}, None),
            (2, NEW, {'bandwidth': 8, 'parallel_mirrors': 1}, None),
        ):
            with self.subTest(count=count, version=version, options=options):
                notes = ' '.join(self.notes(count, version, **options))
                if words:
                    self.assertIn(words, notes)
                else:
                    self.assertNotIn('11.3', notes)

    def notes(self, count, version, **options):
        return plan(count, version, **options)['notes']
