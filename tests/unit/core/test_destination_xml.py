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

"""What changes in the XML for a destination, and what never does."""

import unittest
from xml.etree import ElementTree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import planned

TOP, BASE = '/data/top', '/data/base'
CHAIN = b.disk('vda', b.file(TOP), over=[b.file(BASE), b.file('/data/deep')])
KEPT = b.disk('vdb', b.file('/b/top'), over=[b.file('/b/base')])
FACTS = {p: b.local() for p in (TOP, BASE, '/data/deep')}
ROOM = {'/data': {'exists': True, 'kind': 'directory'}, TOP: b.GONE}


def without_chains(text):
    """Return the XML's elements without those of backing chains."""
    root = ElementTree.fromstring(text)
    for disk in root.iter('disk'):
        for store in disk.findall('backingStore'):
            disk.remove(store)
    return ElementTree.tostring(root)


class FlattenTest(unittest.TestCase):
    TEXT = b.domain(
        CHAIN,
        b.disk('vdb', b.file('/data/b'), over=[b.file(BASE)]),
        around='<memory>1</memory><metadata><x xmlns="urn:x"/></metadata>',
    )

    def test_only_the_chain_of_the_target_changes(self):
        made = destination_xml.flatten(self.TEXT, ['vda'])
        self.assertEqual(without_chains(self.TEXT), without_chains(made))
        disks = ElementTree.fromstring(made).findall('devices/disk')
        chain = disks[0].findall('backingStore')
        self.assertEqual(1, len(chain))
        self.assertEqual([], list(chain[0]))
        self.assertIsNotNone(disks[1].find('backingStore/source'))

    def test_target_alias_and_address_stay(self):
        made = ElementTree.fromstring(
            destination_xml.flatten(self.TEXT, ['vda', 'vdb'])
        )
        before = ElementTree.fromstring(self.TEXT)
        for tag in ('target', 'alias', 'address'):
            self.assertEqual(
                [e.attrib for e in before.iterfind(f'devices/disk/{tag}')],
                [e.attrib for e in made.iterfind(f'devices/disk/{tag}')],
            )

    def test_a_target_that_is_not_there_changes_nothing(self):
        made = destination_xml.flatten(self.TEXT, ['vdz'])
        self.assertEqual(
            ElementTree.canonicalize(self.TEXT), ElementTree.canonicalize(made)
        )

    def test_text_that_is_no_xml(self):
        with self.assertRaises(exceptions.InvalidDomain):
            destination_xml.flatten('<', ['vda'])

    def test_a_disk_without_target_stays_as_it_is(self):
        bare = '<disk><backingStore><x/></backingStore></disk>'
        made = destination_xml.flatten(b.domain(bare, CHAIN), ['vda'])
        disks = ElementTree.fromstring(made).findall('devices/disk')
        self.assertIsNotNone(disks[0].find('backingStore/x'))
        self.assertIsNone(disks[1].find('backingStore/source'))


class FlattenDefinitionTest(unittest.TestCase):
    def _chains(self, definition, targets):
        made = destination_xml.of_definition(
            definition, b.domain(CHAIN, KEPT), destination_xml.Changes(targets)
        )
        return {
            disk.find('target').get('dev'): len(disk.find('backingStore'))
            for disk in ElementTree.fromstring(made).iter('disk')
        }

    def test_the_disk_that_runs(self):
        definition = b.domain(CHAIN, KEPT)
        whole = len(ElementTree.fromstring(CHAIN).find('backingStore'))
        self.assertEqual(
            {'vda': 0, 'vdb': whole}, self._chains(definition, ['vda'])
        )

    def test_another_disk_at_the_next_start(self):
        other = b.disk('vda', b.file('/other'), over=[b.file(BASE)])
        self.assertNotEqual(0, self._chains(b.domain(other), ['vda'])['vda'])

    def test_a_disk_of_the_next_start_alone(self):
        more = b.disk('vdz', b.file('/other'), over=[b.file(BASE)])
        self.assertNotEqual(
            0, self._chains(b.domain(more), ['vda', 'vdz'])['vdz']
        )


class KeepTargetsTest(unittest.TestCase):
    LIVE = b.domain(CHAIN, b.disk('vdb', b.rbd(), serial=b.VOLUME))

    def test_the_same_targets_change_not_a_byte(self):
        text = f'{self.LIVE}\n<!-- as it came -->'
        self.assertEqual(text, destination_xml.keep_targets(text, self.LIVE))

    def test_a_renamed_disk_gets_its_target_back(self):
        text = b.domain(CHAIN, b.disk('vdc', b.rbd(), serial=b.VOLUME))
        kept = destination_xml.keep_targets(text, self.LIVE)
        targets = ElementTree.fromstring(kept).iterfind('devices/disk/target')
        self.assertEqual(['vda', 'vdb'], [t.get('dev') for t in targets])

    def test_disks_without_a_target_are_passed_over(self):
        bare = '<disk/>'
        renamed, live = b.disk('vdc', b.rbd()), b.disk('vdb', b.rbd())
        for text, running, kept in (
            ([bare, renamed], [bare, live], ['vdb']),
            ([bare, renamed], [CHAIN, live], ['vdb']),
            ([CHAIN, renamed], [bare, live], ['vda', 'vdb']),
        ):
            with self.subTest(text=text, running=running):
                made = destination_xml.keep_targets(
                    b.domain(*text), b.domain(*running)
                )
                found = ElementTree.fromstring(made).iter('target')
                self.assertEqual(kept, [t.get('dev') for t in found])

    def test_a_disk_more(self):
        text = b.domain(CHAIN)
        with self.assertRaisesRegex(exceptions.InvalidDomain, '1 disks'):
            destination_xml.keep_targets(text, self.LIVE)


class FlattenedPlanTest(unittest.TestCase):
    def _plan(self, **more):
        return planned.plan(
            b.case(CHAIN, source=FACTS, destination=ROOM, **more)
        )

    def test_a_fresh_image_ends_the_chain(self):
        plan = self._plan(create_images=True)
        xml = ElementTree.fromstring(plan['parameters']['destination_xml'])
        self.assertEqual([], list(xml.find('devices/disk/backingStore')))
        self.assertNotIn('persistent_xml', plan['parameters'])

    def test_the_definition_is_flattened_as_well(self):
        # persistent_xml of libvirt: with DEST_XML and PERSIST_DEST both.
        definition = b.domain(CHAIN)
        plan = self._plan(
            create_images=True,
            persistent_xml=definition,
            state={'state': 'running', 'persistent': True},
        )
        xml = ElementTree.fromstring(plan['parameters']['persistent_xml'])
        self.assertEqual([], list(xml.find('devices/disk/backingStore')))

    def test_the_definition_of_a_transient_guest_is_not_sent(self):
        for persistent, definition in ((False, b.domain(CHAIN)), (True, None)):
            with self.subTest(persistent=persistent):
                plan = self._plan(
                    create_images=True,
                    persistent_xml=definition,
                    state={'state': 'running', 'persistent': persistent},
                )
                self.assertIn('destination_xml', plan['parameters'])
                self.assertNotIn('persistent_xml', plan['parameters'])

    def test_targets_are_those_whose_chain_ends_early(self):
        disks = [
            CHAIN,
            b.disk('vdb', b.file('/b/top'), over=[b.file('/b/base')]),
            b.disk('vdc', b.file('/c/top'), over=[b.file('/c/base')]),
            b.disk('vdd', b.file('/d/top')),
        ]
        paths = [f'/{n}/top' for n in 'bcd']
        base = b.local(identity='i')
        tree = b.case(
            *disks,
            source={
                **FACTS,
                **dict.fromkeys((*paths, '/c/base'), b.local()),
                '/b/base': base,
            },
            destination={
                **ROOM,
                '/b/base': base,
                '/b': ROOM['/data'],
                '/d': ROOM['/data'],
                '/b/top': b.GONE,
                '/c/top': b.local(format='qcow2'),
                '/d/top': b.GONE,
            },
            create_images=True,
            existing=['vdc'],
        )
        plan = planner.plan(migration_case.loads(b.text(tree)))
        self.assertEqual((), plan.refusals)
        # vdb has its base there, vdc is the caller's, vdd has no chain.
        self.assertEqual(('vda',), plan.flattened)
        refused = {**tree, 'domain_state': {'snapshots': 1}}
        self.assertEqual(
            (), planner.plan(migration_case.loads(b.text(refused))).flattened
        )

    def test_nova_copies_a_chain_into_one_image(self):
        plan = planned.plan(
            b.case(CHAIN, source=FACTS, prepared={'directory': '/data'})
        )
        self.assertIn('destination_xml', plan['parameters'])

    def test_the_caller_of_a_copy_sees_to_the_chain(self):
        self.assertNotIn('destination_xml', self._plan()['parameters'])

    def test_nothing_changes_without_a_chain(self):
        plan = planned.plan(
            b.case(
                b.disk('vda', b.file(TOP)),
                source=FACTS,
                destination=ROOM,
                create_images=True,
            )
        )
        self.assertNotIn('destination_xml', plan['parameters'])
