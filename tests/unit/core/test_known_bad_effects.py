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

"""What a plan does about a release: another way, a word, or a refusal."""

import json
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import known_bad_rules
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import planned

DETECT = migrate_call.DETECT_ZEROES
TOP, BASE, RAW, OTHER = '/d/top', '/nfs/base', '/d/raw', '/d/other'
FACTS = {
    TOP: b.local(),
    BASE: b.on('nfs', identity='i'),
    RAW: b.local(),
    OTHER: b.local(),
}
THERE = {BASE: b.on('nfs', identity='i')}
OVERLAY = b.disk('vda', b.file(TOP), over=[b.file(BASE)])
QCOW2 = b.disk('vda', b.file(TOP))
RAW_DISK = b.disk('vdb', b.file(RAW, 'raw'))
KNOWN, OLD = 10_009_000, 9_000_000
# The last is 10.1.4 and later, which nobody has verified.
START_FULL = (8_000_000, 8_002_002, 9_002_004, 10_000_002, 10_000_008)
START_ZERO = (10_001_000, 10_001_004, 10_001_900, 10_002_001)
MENDED = (7_002_022, 10_000_009, 10_000_999, 10_002_002, 11_000_000)


def case(*disks, qemu=None, libvirt=KNOWN, there=None, thin='auto', **more):
    there = libvirt if there is None else there
    sides = {
        'source': {'qemu': qemu, 'libvirt': libvirt},
        'destination': {'libvirt': there or None},
    }
    # Unused words of a version are left out, as they are not known.
    versions = {
        side: {k: v for k, v in known.items() if v}
        for side, known in sides.items()
    }
    more.setdefault('destination', THERE)
    return b.case(*disks, source=FACTS, versions=versions, thin=thin, **more)


def plan(*disks, **more):
    return planned.plan(case(*disks, **more))


def made(*disks, **more):
    return planner.plan(migration_case.loads(b.text(case(*disks, **more))))


def said(found, rule):
    return [note for note in found['notes'] if f'({rule})' in note]


@ddt.ddt
class MirrorStartTest(unittest.TestCase):
    """No copy is planned in a way that loses writes while it starts."""

    @ddt.data(*START_FULL, *START_ZERO)
    def test_a_top_image_is_not_copied_alone(self, qemu):
        found = plan(OVERLAY, qemu=qemu)
        self.assertTrue(found['ready'], found['refusals'])
        self.assertIn('VIR_MIGRATE_NON_SHARED_DISK', found['flags'])
        self.assertNotIn('VIR_MIGRATE_NON_SHARED_INC', found['flags'])
        self.assertEqual('local-filesystem', found['disks'][0]['reason'])
        self.assertEqual(
            qemu in START_ZERO, DETECT in found['parameters'], qemu
        )
        self.assertTrue(said(found, 'qemu-mirror-start-top'))

    @ddt.data(*MENDED, None)
    def test_where_it_is_mended_the_top_image_goes_alone(self, qemu):
        found = plan(OVERLAY, qemu=qemu)
        self.assertIn('VIR_MIGRATE_NON_SHARED_INC', found['flags'])
        self.assertIn(DETECT, found['parameters'])
        self.assertEqual('local-over-shared', found['disks'][0]['reason'])
        self.assertFalse(said(found, 'qemu-mirror-start-top'))

    def test_the_image_that_is_made_has_no_base(self):
        found = plan(
            OVERLAY,
            qemu=10_000_002,
            create_images=True,
            destination={**THERE, '/d': {'exists': True}, TOP: b.GONE},
        )
        (image,) = found['images']
        self.assertNotIn('backing_path', image)
        self.assertNotIn(BASE, found['parameters']['destination_xml'])

    def test_no_base_is_brought_over_for_nova(self):
        nova = {
            'prepared': {'directory': '/d', 'seeded': ['vda']},
            'destination': {},
        }
        disk = b.disk('vda', b.file(TOP), over=[b.file(OTHER)])
        seeded = made(disk, qemu=10_000_009, **nova)
        self.assertTrue(seeded.disks[0].seeded)
        whole = made(disk, qemu=10_000_002, **nova)
        self.assertTrue(whole.ready, whole.refusals)
        self.assertFalse(whole.disks[0].seeded)
        self.assertEqual(('vda',), whole.flattened)
        self.assertIn(
            migrate_call.MigrateFlag.NON_SHARED_DISK, whole.call.flags
        )
        self.assertGreater(
            whole.disks[0].copy_bytes + 1, seeded.disks[0].copy_bytes
        )

    def test_a_base_that_cannot_be_copied_stops_it(self):
        disk = b.disk('vda', b.file(TOP), over=[b.file(BASE, inside=b.LUKS)])
        self.assertTrue(plan(disk, qemu=10_000_009)['ready'])
        found = plan(disk, qemu=10_000_002)
        self.assertEqual(
            ['encrypted-disk'], [r['reason'] for r in found['refusals']]
        )

    @ddt.data(*START_FULL)
    def test_the_destination_finds_the_zeroes_of_qcow2(self, qemu):
        found = plan(QCOW2, RAW_DISK, qemu=qemu, there=KNOWN)
        if qemu == 8_002_002:  # two mirrors deadlock there
            found = plan(QCOW2, qemu=qemu)
            self.assertNotIn(DETECT, found['parameters'])
            return
        self.assertTrue(found['ready'], found['refusals'])
        # A raw image has all its clusters, and loses nothing.
        self.assertEqual(['vdb'], found['parameters'][DETECT])
        self.assertIn(
            "detect_zeroes='on'",
            found['parameters']['destination_xml'].replace('"', "'"),
        )
        self.assertTrue(said(found, 'qemu-mirror-start-detect-zeroes'))

    @ddt.data('auto', 'on', 'off')
    def test_the_source_finds_them_where_that_is_what_is_right(self, thin):
        for qemu in START_ZERO:
            found = made(QCOW2, qemu=qemu, thin=thin)
            self.assertTrue(found.ready, found.refusals)
            self.assertEqual(['vda'], found.call.parameters[DETECT])
            # It is not left out where a daemon does not know it.
            self.assertEqual((DETECT,), found.call.needed)
            self.assertNotIn(DETECT, found.call.optional)

    @ddt.data(*START_ZERO)
    def test_of_raw_images_nothing_is_lost(self, qemu):
        self.assertTrue(plan(RAW_DISK, qemu=qemu, libvirt=OLD)['ready'])
        found = plan(RAW_DISK, qemu=qemu, thin='off')
        self.assertNotIn(DETECT, found['parameters'])

    @ddt.data({'libvirt': OLD}, {'there': OLD})
    def test_without_the_parameter_it_is_refused(self, hosts):
        for qemu in START_ZERO:
            found = plan(QCOW2, qemu=qemu, **hosts)
            (refusal,) = found['refusals']
            self.assertEqual('known-bad-version', refusal['reason'])
            for word in (
                'qemu-mirror-start-zero-target',
                'libvirt 10.9',
                '--accept-known-bad',
                'accept_known_bad',
            ):
                self.assertIn(word, refusal['message'])

    def test_a_destination_that_is_not_known_is_asked(self):
        found = made(QCOW2, qemu=10_001_000, there=0)
        self.assertTrue(found.ready, found.refusals)
        self.assertEqual((DETECT,), found.call.needed)

    def test_elsewhere_the_parameter_is_optional(self):
        self.assertEqual((), made(QCOW2, qemu=10_002_002).call.needed)
        self.assertEqual((DETECT,), made(QCOW2).call.optional)

    @ddt.data('QCOW2', 'OVERLAY')
    def test_the_mirrors_run_on_the_source(self, disk):
        tree = case(globals()[disk])
        tree['hypervisor']['destination']['qemu'] = 10_001_000
        found = planned.plan(tree)
        self.assertEqual([], found['refusals'])
        self.assertEqual(
            disk == 'OVERLAY', 'VIR_MIGRATE_NON_SHARED_INC' in found['flags']
        )


@ddt.ddt
class AcceptTest(unittest.TestCase):
    """An operator says that his package has the fix."""

    def test_a_refusal_goes(self):
        disks = (QCOW2, RAW_DISK)
        more = {'qemu': 8_002_001, 'libvirt': OLD}
        (refusal,) = plan(*disks, **more)['refusals']
        self.assertIn('qemu-mirror-deadlock', refusal['message'])
        found = plan(*disks, accept_known_bad=['qemu-mirror-deadlock'], **more)
        self.assertTrue(found['ready'], found['refusals'])
        (note,) = said(found, 'qemu-mirror-deadlock')
        self.assertIn('taken as mended', note)

    def test_what_is_avoided_is_not_any_more(self):
        accept = {'accept_known_bad': ['qemu-mirror-start-top']}
        found = plan(OVERLAY, qemu=10_000_002, **accept)
        self.assertIn('VIR_MIGRATE_NON_SHARED_INC', found['flags'])

    def test_one_id_says_nothing_of_another(self):
        found = plan(
            QCOW2,
            RAW_DISK,
            qemu=8_002_001,
            accept_known_bad=['qemu-synchronous-writes'],
        )
        self.assertFalse(found['ready'])

    def test_a_second_copy(self):
        accept = {'accept_known_bad': ['qemu-synchronous-writes']}
        more = {'qemu': 7_002_022, 'converge': True}
        self.assertIsNone(made(RAW_DISK, **more).second_call)
        self.assertIsNotNone(made(RAW_DISK, **more, **accept).second_call)

    @ddt.data('', 'qemu', 'known-bad-version', 'libvirt-list-alone')
    def test_what_is_no_rule(self, word):
        with self.assertRaises(exceptions.InvalidInput) as caught:
            plan(QCOW2, accept_known_bad=[word])
        self.assertIn(repr(word), str(caught.exception))
        self.assertNotIn('\n', str(caught.exception))

    def test_every_other_id_is_accepted(self):
        ids = {r.id for r in known_bad_releases.TABLE} - {'libvirt-list-alone'}
        self.assertEqual(ids, known_bad_releases.accepted(ids))

    def test_a_case_keeps_it(self):
        tree = case(QCOW2, accept_known_bad=['qemu-nbd-tls'])
        written = json.loads(
            migration_case.dumps(migration_case.loads(b.text(tree)))
        )
        self.assertEqual(
            ['qemu-nbd-tls'], written['options']['accept_known_bad']
        )


@ddt.ddt
class OtherReleaseTest(unittest.TestCase):
    @ddt.data((8_001_999, 2, True), (8_002_000, 1, True))
    @ddt.data((8_002_002, 2, False), (8_002_003, 2, True))
    @ddt.unpack
    def test_mirrors_deadlock_beside_each_other(self, qemu, count, ready):
        disks = (b.disk('vda', b.file(OTHER, 'raw')), RAW_DISK)[:count]
        self.assertEqual(ready, plan(*disks, qemu=qemu)['ready'])

    @ddt.data((7_002_000, False), (7_002_001, True), (7_001_000, True))
    @ddt.unpack
    def test_a_destination_that_fails_writes_of_zeroes(self, qemu, finds):
        tree = case(QCOW2, libvirt=OLD)
        tree['hypervisor']['destination']['qemu'] = qemu
        found = planned.plan(tree)
        self.assertTrue(found['ready'], found['refusals'])
        self.assertEqual(finds, 'destination_xml' in found['parameters'])
        self.assertNotEqual(finds, bool(said(found, 'qemu-detect-zeroes')))

    def test_a_guest_that_has_them_found(self):
        disk = QCOW2.replace('type="qcow2"', 'type="qcow2" detect_zeroes="on"')
        tree = case(disk, libvirt=OLD)
        tree['hypervisor']['destination']['qemu'] = 7_002_000
        (refusal,) = planned.plan(tree)['refusals']
        self.assertIn('qemu-detect-zeroes', refusal['message'])

    @ddt.data((11_000_999, True), (11_001_000, False), (12_000_000, False))
    @ddt.unpack
    def test_no_gluster(self, qemu, ready):
        kept = b.disk('vda', b.network('gluster', 'v/i', 'srv'))
        pool = b.disk('vda', b.volume('p', 'i'))
        cdrom = b.cdrom('sda', b.network('gluster', 'v/i', 'srv'))
        base = b.disk(
            'vda', b.file(TOP), over=[b.network('gluster', 'v', 's')]
        )
        for disks in ([kept], [pool], [cdrom], [base]):
            tree = case(*disks, pools={'p': {'type': 'gluster'}})
            tree['hypervisor']['destination']['qemu'] = qemu
            found = planned.plan(tree)
            reasons = [r['reason'] for r in found['refusals']]
            copied = disks == [base]
            if copied:  # its top image alone, over what is kept
                self.assertEqual('copy', found['disks'][0]['action'])
            self.assertEqual(
                ready, 'known-bad-version' not in reasons, reasons
            )

    @ddt.data(
        ('libvirt-restart-crash', 'source', {'libvirt': 8_008_000}),
        ('libvirt-shutdown-crash', 'source', {'libvirt': 10_004_000}),
        ('libvirt-shutdown-crash', 'destination', {'libvirt': 9_000_000}),
        ('libvirt-incoming-xml', 'destination', {'libvirt': 11_003_000}),
        (
            'libvirt-extra-features-ht',
            'destination',
            {'libvirt': 11_003_000, 'qemu': 10_000_009},
        ),
    )
    @ddt.unpack
    def test_a_warning_is_a_note(self, rule, side, versions):
        tree = case(RAW_DISK)
        tree['hypervisor'] = {side: versions}
        found = planned.plan(tree)
        self.assertTrue(found['ready'], found['refusals'])
        self.assertTrue(said(found, rule), found['notes'])
        tree['domain_xml'] = b.domain(b.disk('vda', b.rbd()))
        self.assertFalse(said(planned.plan(tree), rule))

    def test_both_hosts_are_one_note(self):
        (note,) = said(plan(RAW_DISK, libvirt=OLD), 'libvirt-shutdown-crash')
        self.assertIn('on the source and libvirt 9.0.0 on the', note)

    @ddt.data((9_002_000, 11_003_000), (10_000_000, 11_010_000))
    @ddt.unpack
    def test_two_programs_of_one_host(self, qemu, libvirt):
        tree = case(RAW_DISK)
        tree['hypervisor'] = {
            'destination': {'libvirt': libvirt, 'qemu': qemu},
            'source': {'libvirt': 11_003_000, 'qemu': 11_000_000},
        }
        found = planned.plan(tree)
        self.assertFalse(said(found, 'libvirt-extra-features-ht'))

    @ddt.data(('virtio', True), ('qxl', False))
    @ddt.unpack
    def test_a_video_device(self, model, noted):
        tree = case(RAW_DISK)
        video = f"<video><model type='{model}'/></video></devices>"
        tree['domain_xml'] = tree['domain_xml'].replace('</devices>', video)
        self.assertEqual(
            noted, bool(said(planned.plan(tree), 'libvirt-virtio-video'))
        )

    @ddt.data((7_002_011, True), (7_002_012, False), (9_000_000, True))
    @ddt.unpack
    def test_tls(self, qemu, noted):
        tree = case(RAW_DISK, tls=True)
        tree['hypervisor']['destination']['qemu'] = qemu
        self.assertEqual(noted, bool(said(planned.plan(tree), 'qemu-nbd-tls')))

    def test_custom_xml(self):
        for thin in ('auto', 'off'):
            tree = case(RAW_DISK, libvirt=10_002_000, thin=thin)
            found = said(planned.plan(tree), 'libvirt-custom-xml')
            self.assertEqual(thin == 'auto', bool(found))


class RangeTest(unittest.TestCase):
    def test_words(self):
        for first, last, words in (
            (0, 9_999_999, 'up to 9.x'),
            (0, 10_004_999, 'up to 10.4.x'),
            (8_007_000, 8_007_999, '8.7.x'),
            (7_003_000, 7_005_999, '7.3.0 to 7.5.x'),
            (8_002_000, 8_002_002, '8.2.0 to 8.2.2'),
            (7_002_000, 7_002_000, '7.2.0'),
            (11_001_000, known_bad_rules.OPEN, '11.1.0 and later'),
        ):
            with self.subTest(words=words):
                self.assertEqual(
                    words, str(known_bad_rules.Range(first, last))
                )

    def test_ids_are_words_and_one_each(self):
        ids = [rule.id for rule in known_bad_releases.TABLE]
        self.assertEqual(len(ids), len({*ids}))
        for each in ids:
            self.assertRegex(each, r'\A(qemu|libvirt)(-[a-z]+)+\Z')
