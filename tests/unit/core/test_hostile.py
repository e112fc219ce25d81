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

"""Odd names, many disks, huge numbers: refused, or planned as any other."""

import time
import unittest

import ddt

from nova_selective_migrate import exceptions
from tests.unit.core import builders as b
from tests.unit.core import invariants
from tests.unit.core import planned
from tests.unit.core import profiles

MANY = 1_000 if profiles.brief() else 10_000
# Of a machine's time; what takes the square of it takes minutes.
SECONDS = 60
PATH = '/data/a'
#: As XML writes them; a NUL and other controls cannot be written at all.
TARGETS = {
    'two_in_one': 'vda,vdb',
    'two_lines': 'vda&#10;vdb',
    'carriage_return': 'vda&#13;',
    'tab': 'vda&#9;',
    'blank': 'vda ',
    'path': '/dev/vda',
    'parent': '../vda',
    'option': '--vda;reboot',
    'not_ascii': 'vd\u0430',  # Cyrillic
    'right_to_left': '&#x202e;adv',
    'separator': 'vda&#x2028;vdb',
}
PATHS = {
    'two_lines': '/data/a\nb',
    'carriage_return': '/data/a\rb',
    'comma': '/data/a,b',
    'not_unicode': '/data/\udcff',
    'separator': '/data/\u2028',
    'long': '/data/' + 'x' * 100_000,
    'quotes': '/data/"\'<&>',
}


@ddt.ddt
class NamesTest(unittest.TestCase):
    def _plan(self, tree):
        plan = planned.plan(tree)
        invariants.check(self, plan)
        return plan

    @ddt.data(*TARGETS)
    def test_a_target_that_libvirt_may_read_as_another(self, name):
        tree = b.case(
            b.disk('@', b.file(PATH)),
            b.disk('vdb', b.file('/data/b')),
            source={PATH: b.local(), '/data/b': b.local()},
        )
        tree['domain_xml'] = tree['domain_xml'].replace('@', TARGETS[name])
        plan = self._plan(tree)
        self.assertEqual([], plan['migrate_disks'])
        self.assertEqual(['unusual-target'], [_code(plan)])

    @ddt.data('\0', '&#0;', '\x1b', '&#27;', '\ud800')
    def test_what_no_target_can_have(self, character):
        tree = b.case(b.disk('vda', b.file(PATH)), source={PATH: b.local()})
        text = tree['domain_xml'].replace("'virtio'", "'x'")
        tree['domain_xml'] = text.replace('"vda"', f'"vda{character}"')
        self.assertIn(character, tree['domain_xml'])
        with self.assertRaises(exceptions.InvalidDomain):
            planned.plan(tree)

    @ddt.data(*PATHS)
    def test_a_path_is_what_it_is(self, name):
        path = PATHS[name]
        text = path.replace('\n', '\ue000').replace('\r', '\ue001')
        tree = b.case(
            b.disk('vda', b.file(text)), source={path: b.local()}, rows=[]
        )
        tree['domain_xml'] = (
            tree['domain_xml']
            .replace('\ue000', '&#10;')
            .replace('\ue001', '&#13;')
        )
        try:
            plan = self._plan(tree)
        except exceptions.InvalidDomain:
            self.assertEqual('not_unicode', name)
            return
        self.assertEqual(['vda'], plan['migrate_disks'])
        self.assertEqual(path, plan['disks'][0]['source'])

    @ddt.data('\0', '\n', '\0/../data/a', ' ', '/')
    def test_facts_of_another_path_prove_nothing(self, more):
        plan = self._plan(
            b.case(
                b.disk('vda', b.file(PATH)), source={PATH + more: b.local()}
            )
        )
        self.assertEqual('locality-unknown', _code(plan))

    @ddt.data('\0', '\n', ',vdb', '\n/dev/vda')
    def test_a_device_name_with_more_in_it_is_none_of_a_disk(self, more):
        rows = [b.row(f'vda{more}', b.VOLUME, 'iscsi')]
        plan = self._plan(
            b.case(
                b.disk('vda', b.file(PATH)),
                rows=rows,
                source={PATH: b.local()},
            )
        )
        self.assertEqual('volume-without-disk', _code(plan))


class ManyTest(unittest.TestCase):
    """10,000 disks take seconds, and no refusal names them all."""

    def setUp(self):
        super().setUp()
        self.names = [f'vd{number}' for number in range(MANY)]
        self.facts = {f'/d/{name}': b.local() for name in self.names}

    def _plan(self, *disks, **fields):
        started = time.process_time()
        plan = planned.plan(b.case(*disks, **fields))
        self.assertLess(time.process_time() - started, SECONDS)
        self.assertEqual(MANY, len(plan['disks']))
        self.assertLess(len(str(plan['refusals'])), 1000 * MANY)
        return plan

    def _disks(self, path='/d/{}', **fields):
        return [
            b.disk(name, b.file(path.format(name)), **fields)
            for name in self.names
        ]

    def test_local_ones_are_too_many_parameters(self):
        plan = self._plan(*self._disks(), source=self.facts)
        self.assertEqual('too-many-parameters', _code(plan))
        self.assertEqual([], plan['migrate_disks'])

    def test_each_with_a_volume_and_a_declaration(self):
        rows = [
            b.row(name, f'id-{name}', 'custom', device_path=f'/d/{name}')
            for name in self.names
        ]
        plan = self._plan(*self._disks(), rows=rows, shared=list(self.facts))
        self.assertTrue(plan['ready'])
        self.assertEqual({'keep'}, {d['action'] for d in plan['disks']})

    def test_all_with_one_source(self):
        plan = self._plan(*self._disks('/d/vd0'), source=self.facts)
        codes = {r['reason'] for r in plan['refusals']}
        self.assertEqual({'duplicate-source'}, codes)
        self.assertEqual(MANY, len(plan['refusals']))

    def test_all_with_one_serial(self):
        rows = [b.row('vd0', b.VOLUME, 'custom')]
        disks = self._disks(serial=b.VOLUME)
        plan = self._plan(*disks, rows=rows, source=self.facts)
        codes = {r['reason'] for r in plan['refusals']}
        self.assertEqual({'attachment-conflict'}, codes)


@ddt.ddt
class NumbersTest(unittest.TestCase):
    def _plan(self, size, **options):
        facts = b.local(virtual_bytes=size, allocated_bytes=size)
        tree = b.case(
            b.disk('vda', b.file(PATH)),
            b.disk('vdb', b.file('/data/b')),
            source={PATH: facts, '/data/b': facts},
            **options,
        )
        return planned.plan(tree)

    @ddt.data(2**63 - 1, 2**63, 2**64, 2**128 - 1)
    def test_sizes_add_up_however_large(self, size):
        self.assertEqual(2 * size, self._plan(size)['copy_bytes'])

    @ddt.data(2**128, 10**400, 10**4000)
    def test_a_number_that_is_no_size(self, size):
        # Floats end at 10**308, and Python prints no 4300 digits.
        with self.assertRaises(exceptions.InvalidCase):
            self._plan(size)

    def test_room_for_the_largest_is_told(self):
        prepared = {'directory': '/data', 'fetched_bytes': 2**128 - 1}
        tree = b.case(
            b.disk('vda', b.file(PATH)),
            source={PATH: b.local()},
            destination={'/data': {'exists': False, 'free_bytes': 0}},
            prepared=prepared,
        )
        self.assertIn('MiB', str(planned.plan(tree)['refusals']))


def _code(plan):
    """The code of the only refusal."""
    (code,) = {r['reason'] for r in plan['refusals']}
    return code
