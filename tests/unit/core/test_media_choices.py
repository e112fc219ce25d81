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

"""What becomes of read-only media that the destination lacks."""

import unittest
import xml.etree.ElementTree as etree

import ddt

from nova_selective_migrate.cli import plan_table
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import media_cases
from tests.unit.core import planned

case, mapped = media_cases.case, media_cases.mapped
ISO, SEED, THERE = media_cases.ISO, media_cases.SEED, media_cases.THERE
COPY, EJECT, BOTH = media_cases.COPY, media_cases.EJECT, media_cases.BOTH
MEDIUM, OPTIONAL = media_cases.MEDIUM, media_cases.OPTIONAL
_VOLUME = b.Source(
    'volume',
    "<source pool='isos' volume='debian.iso' startupPolicy='optional'/>",
)
_ODDLY_WRITTEN = b.Source(
    'file', f"<source file='/{ISO}' startupPolicy='requisite'/>"
)
FOLDER = media_cases.FOLDER
OTHER = b.local(virtual_bytes=b.MIB)
FLOPPY = b.disk('fda', b.file(ISO, 'raw'), 'readonly', device='floppy')
RAW = b.disk('vdb', b.file(ISO, 'raw'), 'readonly')

#: A case, and target -> action of its media; None where it is refused.
CHOICES = {
    'nothing_wished': (case(), None),
    'copied': (case(media=COPY), {'sda': 'copy'}),
    'ejected': (case(media=EJECT), {'sda': 'eject'}),
    'copied_before_it_is_ejected': (case(media=BOTH), {'sda': 'copy'}),
    'a_floppy': (case(FLOPPY, media=EJECT), {'fda': 'eject'}),
    'a_disk_is_copied': (case(RAW, media=COPY), {'vdb': 'copy'}),
    'a_disk_is_not_ejected': (case(RAW, media=EJECT), None),
    'several': (
        case(MEDIUM, b.cdrom('sdb', b.file(SEED, 'raw')), media=COPY),
        {'sda': 'copy', 'sdb': 'copy'},
    ),
    'one_file_in_two_drives': (
        case(MEDIUM, b.cdrom('sdb', b.file(ISO, 'raw')), media=COPY),
        {'sda': 'copy', 'sdb': 'copy'},
    ),
    'there_already': (
        case(there=b.local(content='x'), here={'content': 'x'}, media=BOTH),
        {},
    ),
    'what_is_there_is_not_known': (case(there={}, media=COPY), {}),
    'what_is_there_is_not_known_and_it_is_ejected': (
        case(there={}, media=BOTH),
        {'sda': 'eject'},
    ),
    'whether_it_exists_is_not_known': (
        case(there={'error': 'denied'}, media=EJECT),
        {'sda': 'eject'},
    ),
    'a_disk_of_which_nothing_is_known': (
        case(RAW, there={}, media=EJECT),
        {},
    ),
    'there_with_nothing_against_it': (
        case(there=b.local(), media=BOTH),
        {},
    ),
    'an_identity_of_what_may_be_there': (
        case(there={'identity': 'j'}, here={'identity': 'i'}, media=COPY),
        {},
    ),
    'the_directory_is_not_known': (case(media=COPY, folder={}), None),
    'another_is_there': (case(there=OTHER, media=COPY), None),
    'another_is_there_and_it_is_ejected': (
        case(there=OTHER, media=BOTH),
        {'sda': 'eject'},
    ),
    'the_name_is_taken': (
        case(
            there={'exists': True, 'kind': 'other', 'virtual_bytes': 1},
            media=COPY,
        ),
        None,
    ),
    'exactly_the_limit': (
        case(media={**COPY, 'limit_bytes': b.GIB}),
        {'sda': 'copy'},
    ),
    'above_the_limit': (
        case(media={**COPY, 'limit_bytes': b.GIB - 1}),
        None,
    ),
    'above_the_limit_and_ejected': (
        case(media={**BOTH, 'limit_bytes': b.GIB - 1}),
        {'sda': 'eject'},
    ),
    'no_size': (case(here={'virtual_bytes': None}, media=COPY), None),
    'no_directory': (case(media=COPY, folder=b.GONE), None),
    'qcow2': (case(b.cdrom('sda', b.file(ISO)), media=COPY), None),
    'over_a_base': (
        case(
            b.disk('vdb', b.file(ISO, 'raw'), 'readonly', over=[b.rbd()]),
            media=COPY,
        ),
        None,
    ),
    'encrypted': (
        case(b.cdrom('sda', b.file(ISO, 'raw', inside=b.LUKS)), media=COPY),
        None,
    ),
    'a_device': (
        case(b.cdrom('sda', b.block(ISO)), here={'kind': 'block'}, media=COPY),
        None,
    ),
    'a_device_is_ejected': (
        case(
            b.cdrom('sda', b.block(ISO)), here={'kind': 'block'}, media=EJECT
        ),
        {'sda': 'eject'},
    ),
    'libvirt_drops_it': (case(OPTIONAL), {}),
    **{
        f'its_pool_is_not_there_{name}': (
            case(
                b.cdrom('sda', source),
                there=b.local(content='x'),
                here={'content': 'x'},
                media=media,
                pools={'isos': {'type': 'dir', 'path': '/iso'}},
                pools_there={},
            ),
            expected,
        )
        for name, source, media, expected in (
            ('', b.volume('isos', 'debian.iso'), {}, None),
            ('to_copy', b.volume('isos', 'debian.iso'), COPY, None),
            ('eject', b.volume('isos', 'x'), EJECT, {'sda': 'eject'}),
            ('and_libvirt_drops_it', _VOLUME, {}, {}),
        )
    },
    'libvirt_drops_a_volume': (
        case(
            b.cdrom('sda', _VOLUME),
            pools={'isos': {'type': 'dir', 'path': '/iso'}},
        ),
        {},
    ),
    'libvirt_drops_what_is_written_otherwise': (
        case(b.cdrom('sda', _ODDLY_WRITTEN)),
        {},
    ),
    'libvirt_drops_it_by_itself': (case(OPTIONAL, media=EJECT), {}),
    'what_libvirt_would_drop_is_copied': (
        case(OPTIONAL, media=COPY),
        {'sda': 'copy'},
    ),
    'libvirt_drops_what_is_too_large': (
        case(OPTIONAL, media={**COPY, 'limit_bytes': 1}),
        {},
    ),
    'a_volume_of_a_pool': (
        case(
            b.cdrom('sda', b.volume('isos', 'debian.iso')),
            media=COPY,
            pools={'isos': {'type': 'dir', 'path': '/iso'}},
        ),
        {'sda': 'copy'},
    ),
    'a_volume_of_a_pool_that_lacks': (
        case(
            b.cdrom('sda', b.volume('isos', 'debian.iso')),
            pools={'isos': {'type': 'dir', 'path': '/iso'}},
        ),
        None,
    ),
    'who_makes_the_images_brings_it': (
        case(media=BOTH, create_images=False),
        {},
    ),
}


def map_beside(tree, path, **facts):
    """Map an image of /other to where that of the medium goes."""
    tree['storage']['source'][path] = b.local(**facts)
    tree['storage']['destination'][path] = b.GONE
    tree['options']['mapping']['paths'].append(
        {'source': '/other', 'destination': '/srv'}
    )


SAME = b.local(content='x', identity='other')
USED = {**b.local(content='y', identity='other'), 'used_by': 'web'}
#: A case, and action and place of its medium; words of its refusal.
MAPPED = {
    'copied': (mapped(media=COPY), ('copy', THERE), ''),
    'nothing_wished': (mapped(), None, '--copy-media'),
    'ejected': (mapped(media=EJECT), ('eject', None), ''),
    'the_same_is_there': (
        mapped(at=SAME, here={'content': 'x'}),
        ('existing', THERE),
        '',
    ),
    'the_file_itself_is_there': (
        mapped(at=b.local(identity='i'), here={'identity': 'i'}, media=COPY),
        ('existing', THERE),
        '',
    ),
    'nothing_shows_that_it_is_the_same': (
        mapped(at=b.local(), media=COPY),
        None,
        'never overwritten',
    ),
    'another_is_there': (
        mapped(at=SAME, here={'content': 'y'}, media=COPY),
        None,
        'other bytes there',
    ),
    'another_guest_uses_it': (
        mapped(at=USED, here={'content': 'x'}, media=COPY),
        None,
        'the domain web uses it there',
    ),
    'it_is_not_known_whether_the_same_is_there': (
        mapped(at={'content': 'x'}, here={'content': 'x'}, media=COPY),
        None,
        f'whether {THERE} is there could not be told',
    ),
    'another_at_the_same_path': (
        mapped(there=OTHER, media=COPY),
        ('copy', THERE),
        '',
    ),
    'it_is_not_known_what_is_there': (
        mapped(at={}, media=COPY),
        None,
        f'whether {THERE} is there could not be told',
    ),
    'no_directory': (
        mapped(folder_there=b.GONE, media=COPY),
        None,
        'make /srv there',
    ),
    'a_volume_group': (
        mapped(at={'exists': False, 'kind': 'block'}, media=COPY),
        None,
        f'{THERE} would be a volume there',
    ),
}


@ddt.ddt
class MediaChoicesTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*CHOICES)
    def test_choice(self, name):
        tree, expected = CHOICES[name]
        plan = planned.plan(tree)
        codes = [(r['target'], r['reason']) for r in plan['refusals']]
        media = plan.get('media', [])
        if expected is None:
            self.assertEqual(['content-missing'], [c for _, c in codes])
            self.assertEqual([], media)
            return
        self.assertEqual([], codes)
        self.assertEqual(expected, {m['target']: m['action'] for m in media})
        for medium in media:
            size = b.MIB if medium['path'] == SEED else b.GIB
            self.assertEqual(
                size if medium['action'] == 'copy' else 0,
                medium['size_bytes'],
            )
            self.assertNotIn('destination', medium)
        duties = {duty['target'] for duty in plan['duties']}
        self.assertEqual(set(), duties & set(expected))

    @ddt.data(*MAPPED)
    def test_mapped(self, name):
        tree, expected, words = MAPPED[name]
        plan = planned.plan(tree)
        if expected is None:
            (refusal,) = plan['refusals']
            self.assertEqual('content-missing', refusal['reason'])
            self.assertIn(words, refusal['message'])
            return
        self.assertEqual([], plan['refusals'])
        (medium,) = plan['media']
        self.assertEqual(('sda', ISO), (medium['target'], medium['path']))
        self.assertEqual(
            expected, (medium['action'], medium.get('destination'))
        )
        self.assertEqual(
            b.GIB if expected[0] == 'copy' else 0, medium['size_bytes']
        )
        # A mapping that is not followed is noted.
        noted = [n for n in plan['notes'] if 'read-only or empty, and' in n]
        self.assertEqual(expected[1] is None, bool(noted))
        text = planner.plan(
            migration_case.loads(b.text(tree))
        ).destination_xml(tree['domain_xml'])
        self.assertEqual({'sda': expected[1]}, self._media(text))

    @ddt.data(
        (b.GONE, b.GONE, ISO), (b.local(), b.GONE, ISO), (b.GONE, {}, ISO)
    )
    @ddt.unpack
    def test_a_drive_is_ejected_once(self, top, base, path):
        """Whatever of the chain lacks, the medium goes."""
        over = [b.file(SEED, 'raw')]
        tree = case(
            b.disk('sda', b.file(ISO), 'readonly', device='cdrom', over=over),
            there=top,
            media=EJECT,
        )
        tree['storage']['destination'][SEED] = base
        plan = planned.plan(tree)
        (medium,) = plan['media']
        self.assertEqual(('eject', path), (medium['action'], medium['path']))
        self.assertEqual([], plan['duties'])
        (note,) = [n for n in plan['notes'] if n.startswith('sda: ')]
        self.assertIn(path, note)

    def test_a_drive_is_ejected_whose_base_alone_is_missing(self):
        """Its top is there already, and goes with it."""
        base = '/base/x.iso'
        disk = b.disk(
            'sda',
            b.file(ISO),
            'readonly',
            device='cdrom',
            over=[b.file(base, 'raw')],
        )
        tree = mapped(disk, at=SAME, here={'content': 'x'}, media=EJECT)
        tree['storage']['source'][base] = b.local()
        tree['storage']['destination'][base] = b.GONE
        plan = planner.plan(migration_case.loads(b.text(tree)))
        self.assertEqual((), plan.refusals)
        self.assertEqual(('sda',), plan.media.ejected)
        self.assertEqual({}, plan.media.placed)
        text = plan.destination_xml(tree['domain_xml'])
        self.assertEqual({'sda': None}, self._media(text))

    def test_what_has_a_base_is_not_said_to_be_copied(self):
        over = [b.file(SEED, 'raw')]
        tree = case(
            b.disk('sda', b.file(ISO), 'readonly', over=over), there=b.local()
        )
        tree['storage']['destination'][SEED] = OTHER | {'virtual_bytes': 5}
        (refusal,) = planned.plan(tree)['refusals']
        self.assertIn(f'({SEED})', refusal['message'])
        self.assertIn('never overwritten', refusal['message'])
        self.assertNotIn('--copy-media', refusal['message'])

    def test_both_flags_are_named(self):
        (refusal,) = planned.plan(case())['refusals']
        self.assertIn('--copy-media', refusal['message'])
        self.assertIn('--eject-media', refusal['message'])

    def test_a_pool_is_named(self):
        tree = case(
            b.cdrom('sda', b.volume('isos', 'debian.iso')),
            pools={'isos': {'type': 'dir', 'path': '/iso'}},
            pools_there={'others': {'type': 'dir', 'path': '/iso'}},
        )
        (refusal,) = planned.plan(tree)['refusals']
        self.assertIn('the storage pool isos', refusal['message'])
        self.assertIn('--map-pool', refusal['message'])

    def test_a_disk_cannot_be_ejected(self):
        (refusal,) = planned.plan(case(RAW))['refusals']
        self.assertIn('--copy-media', refusal['message'])
        self.assertNotIn('--eject-media', refusal['message'])

    def test_why_it_could_not_be_copied_is_not_told_unasked(self):
        """But how it comes over, which is not with --copy-media."""
        (refusal,) = planned.plan(case(b.cdrom('sda', b.file(ISO))))[
            'refusals'
        ]
        self.assertIn('at the destination. Remedy: copy', refusal['message'])
        self.assertNotIn('--copy-media', refusal['message'])

    def test_nova_brings_its_own_whoever_makes_the_images(self):
        prepared = {'directory': '/nova/uuid', 'carried': []}
        plan = planned.plan(case(media=BOTH, prepared=prepared))
        self.assertNotIn('media', plan)

    def test_the_guest_is_told_of_an_ejected_medium_alone(self):
        said = f'sda: {ISO} is not in the drive at the destination, even'
        for wanted, count in ((EJECT, 1), (COPY, 0)):
            notes = planned.plan(case(media=wanted))['notes']
            self.assertEqual(
                count, sum(note.startswith(said) for note in notes)
            )

    def test_libvirt_does_not_drop_what_is_copied(self):
        for wanted, count in ((None, 1), (COPY, 0)):
            notes = planned.plan(case(OPTIONAL, media=wanted))['notes']
            self.assertEqual(
                count, sum('startupPolicy says' in note for note in notes)
            )

    def test_the_room_is_counted_each_file_once(self):
        """One GiB fits; two do not, and one file is one."""
        twice = b.cdrom('sdb', b.file(ISO, 'raw'))
        free = b.local(kind='directory', free_bytes=b.GIB)
        plan = planned.plan(case(MEDIUM, twice, media=COPY, folder=free))
        self.assertTrue(plan['ready'])
        self.assert_summary(plan, 1, b.GIB)
        seed = b.cdrom('sdb', b.file(SEED, 'raw'))
        plan = planned.plan(case(MEDIUM, seed, media=COPY, folder=free))
        (refusal,) = plan['refusals']
        self.assertEqual('destination-full', refusal['reason'])
        self.assertIn(f'(/iso needs {b.GIB + b.MIB} ', refusal['message'])

    def assert_summary(self, plan, count, size):
        """The line over the table tells what is copied before the call."""
        told = plan['summary']
        self.assertEqual((count, size), (told['media'], told['media_bytes']))
        noun = 'medium' if count == 1 else 'media'
        self.assertIn(
            f' Copies {count} read-only {noun} (',
            plan_table.summary_line(plan),
        )

    def test_the_summary_counts_what_is_copied_alone(self):
        seed = b.cdrom('sdb', b.file(SEED, 'raw'))
        plan = planned.plan(case(MEDIUM, seed, media=COPY))
        self.assert_summary(plan, 2, b.GIB + b.MIB)
        plan = planned.plan(case(MEDIUM, seed, media=EJECT))
        self.assertNotIn('media', plan['summary'])
        self.assertNotIn('read-only', plan_table.summary_line(plan))

    def test_nova_brings_its_own(self):
        prepared = {'directory': '/nova/uuid', 'carried': []}
        tree = case(media=BOTH, create_images=False, prepared=prepared)
        plan = planned.plan(tree)
        self.assertEqual(
            ['media-not-carried'], [r['reason'] for r in plan['refusals']]
        )

    def test_an_ejected_medium_is_in_neither_xml(self):
        """The drive stays, and so does what comes at the next start."""
        live = case(media=EJECT, state={'persistent': True})
        next_one = b.cdrom('sdb', b.file('/iso/next.iso', 'raw'))
        live['persistent_xml'] = b.domain(MEDIUM, next_one)
        plan = planner.plan(migration_case.loads(b.text(live)))
        self.assertTrue(plan.changes_xml)
        for text in (
            plan.destination_xml(live['domain_xml']),
            plan.call.parameters['destination_xml'],
        ):
            self.assertEqual({'sda': None}, self._media(text))
        for text in (
            plan.definition(live['persistent_xml'], live['domain_xml']),
            plan.call.parameters['persistent_xml'],
        ):
            self.assertEqual(
                {'sda': None, 'sdb': '/iso/next.iso'}, self._media(text)
            )

    def test_an_empty_drive_is_of_no_pool(self):
        """libvirt looks for a volume's pool, and finds none."""
        tree = case(
            b.cdrom('sda', b.volume('isos', 'debian.iso')),
            media=EJECT,
            pools={'isos': {'type': 'dir', 'path': '/iso'}},
        )
        plan = planner.plan(migration_case.loads(b.text(tree)))
        text = plan.destination_xml(tree['domain_xml'])
        (disk,) = etree.fromstring(text).iterfind('./devices/disk')
        self.assertEqual('file', disk.get('type'))
        self.assertEqual({'sda': None}, self._media(text))

    def test_another_medium_is_in_the_definition(self):
        """It is not the one that is ejected."""
        live = case(media=EJECT, state={'persistent': True})
        live['persistent_xml'] = b.domain(b.cdrom('sda', b.file(SEED, 'raw')))
        plan = planner.plan(migration_case.loads(b.text(live)))
        text = plan.definition(live['persistent_xml'], live['domain_xml'])
        self.assertEqual({'sda': SEED}, self._media(text))

    def test_a_mapping_of_nothing_that_is_brought_over(self):
        """What the destination has at the same path stays there."""
        tree = mapped(
            media=COPY,
            there=b.local(content='x'),
            here={'content': 'x'},
        )
        plan = planned.plan(tree)
        self.assertNotIn('media', plan)
        (note,) = (n for n in plan['notes'] if 'read-only or empty' in n)
        self.assertIn('a medium that --copy-media brings over', note)

    def test_a_mapped_medium_is_the_same_bytes(self):
        """--to-format is of disks, and both XMLs have the new path."""
        live = mapped(media=COPY, state={'persistent': True})
        live['options']['mapping']['formats'] = {'sda': 'qcow2'}
        live['persistent_xml'] = b.domain(MEDIUM)
        plan = planner.plan(migration_case.loads(b.text(live)))
        (note,) = (n for n in plan.notes if '--to-format sda' in n)
        self.assertIn('does not apply', note)
        for text in (
            plan.destination_xml(live['domain_xml']),
            plan.definition(live['persistent_xml'], live['domain_xml']),
            plan.call.parameters['destination_xml'],
            plan.call.parameters['persistent_xml'],
        ):
            self.assertEqual({'sda': THERE}, self._media(text))
            (driver,) = etree.fromstring(text).iterfind('.//disk/driver')
            self.assertEqual('raw', driver.get('type'))

    def test_a_volume_goes_into_the_other_pool(self):
        tree = case(
            b.cdrom('sda', b.volume('isos', 'debian.iso')),
            media=COPY,
            pools={'isos': {'type': 'dir', 'path': '/iso'}},
            pools_there={
                'media': {'type': 'dir', 'path': '/srv', 'active': True}
            },
            mapping={'pools': [{'source': 'isos', 'destination': 'media'}]},
        )
        tree['storage']['destination'] |= {'/srv': FOLDER, THERE: b.GONE}
        plan = planner.plan(migration_case.loads(b.text(tree)))
        (medium,) = plan.media.copied
        self.assertEqual(THERE, medium.there)
        text = plan.destination_xml(tree['domain_xml'])
        (source,) = etree.fromstring(text).iterfind('.//disk/source')
        self.assertEqual(
            {'pool': 'media', 'volume': 'debian.iso'}, dict(source.attrib)
        )

    def test_no_two_at_one_place(self):
        """Two media, and a medium and a disk, of one name."""
        other = '/other/debian.iso'
        second = b.cdrom('sdb', b.file(other, 'raw'))
        disk = b.disk('vda', b.file(other, 'raw'))
        for disks, owner in (
            ((MEDIUM, second), ISO),
            ((MEDIUM, disk), 'vda'),
        ):
            tree = mapped(*disks, media=COPY)
            map_beside(tree, other, virtual_bytes=b.MIB)
            with self.subTest(disks):
                (refusal,) = planned.plan(tree)['refusals']
                self.assertEqual('duplicate-destination', refusal['reason'])
                self.assertIn(
                    f'({THERE} there is that of {owner})', refusal['message']
                )

    def test_a_disk_does_not_overwrite_what_is_there_already(self):
        """Not even where --existing says so: the guest's drive has it."""
        other = '/other/debian.iso'
        tree = mapped(
            MEDIUM,
            b.disk('vda', b.file(other, 'raw')),
            at=SAME,
            here={'content': 'x'},
            existing=['vda'],
        )
        map_beside(tree, other)
        (refusal,) = planned.plan(tree)['refusals']
        self.assertEqual('duplicate-destination', refusal['reason'])
        self.assertIn(f'({THERE} there is that of vda)', refusal['message'])

    def test_two_media_are_one_file_that_is_there_already(self):
        second = '/other/debian.iso'
        tree = mapped(
            MEDIUM,
            b.cdrom('sdb', b.file(second, 'raw')),
            at=SAME,
            here={'content': 'x'},
        )
        map_beside(tree, second, content='x')
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertEqual(
            [('existing', THERE)] * 2,
            [(m['action'], m['destination']) for m in plan['media']],
        )

    def test_an_ejected_medium_leaves_its_place(self):
        other = '/other/debian.iso'
        tree = case(
            b.cdrom('sdb', b.file(other, 'raw')),
            b.cdrom('sda', b.file(ISO)),
            media=BOTH,
            mapping={'paths': [{'source': '/other', 'destination': '/iso'}]},
        )
        tree['storage']['source'][other] = b.local()
        tree['storage']['destination'][other] = b.GONE
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertEqual(
            [('sdb', 'copy'), ('sda', 'eject')],
            [(m['target'], m['action']) for m in plan['media']],
        )

    def test_the_room_is_that_of_the_mapped_directory(self):
        small = b.local(kind='directory', free_bytes=b.GIB - 1)
        plan = planned.plan(mapped(media=COPY, folder_there=small))
        self.assertEqual(
            ['destination-full'], [r['reason'] for r in plan['refusals']]
        )
        plan = planned.plan(mapped(media=COPY, folder=small))
        self.assertTrue(plan['ready'])
        self.assert_summary(plan, 1, b.GIB)

    def _media(self, text):
        found = {}
        for disk in etree.fromstring(text).iterfind('./devices/disk'):
            source = disk.find('source')
            target = disk.find('target').get('dev')
            found[target] = None if source is None else source.get('file')
        return found
