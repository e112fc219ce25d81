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

"""What holds for every case, against an oracle written separately."""

import dataclasses
import unittest

import hypothesis
from hypothesis import strategies as st

from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.evidence import source_keys
from nova_selective_migrate.core.evidence import source_matching
from nova_selective_migrate.core.model import storage_facts
from tests.unit.core import builders as b
from tests.unit.core import generated
from tests.unit.core import invariants
from tests.unit.core import oracle
from tests.unit.core import planned

MANY = hypothesis.settings(
    max_examples=2 * hypothesis.settings.default.max_examples
)


class PropertyTest(unittest.TestCase):
    maxDiff = None

    @MANY
    @hypothesis.given(generated.cases())
    def test_nothing_with_evidence_of_being_shared_is_copied(self, case):
        plan = planned.plan(case)
        copied = {d['target'] for d in plan['disks'] if d['action'] == 'copy'}
        copied.update(plan['migrate_disks'])
        for disk in oracle.disks(case):
            evidence = oracle.shared_evidence(case, disk)
            if evidence:
                self.assertNotIn(disk.target, copied, evidence)

    @MANY
    @hypothesis.given(generated.cases())
    def test_no_writable_disk_proven_local_is_left_behind(self, case):
        plan = planned.plan(case)
        decided = {d['target']: d['action'] for d in plan['disks']}
        for disk in oracle.disks(case):
            if disk.writable and oracle.proven_local(case, disk):
                self.assertNotIn(decided[disk.target], ('keep', 'skip'))

    @hypothesis.given(generated.cases())
    def test_a_plain_disk_proven_local_is_copied(self, case):
        # With no mapping and no declaration nothing is left to refuse it.
        case.pop('block_device_info', None)
        case['policy'] = {}
        case['options'] = {}
        plan = planned.plan(case)
        seen = oracle.disks(case)
        decided = {d['target']: d for d in plan['disks']}
        for disk in seen:
            if (
                disk.writable
                and disk.plain
                # Whatever lies below it: the whole is copied then.
                and oracle.proven_local(case, disk)
                and decided[disk.target]['reason'] != 'duplicate-source'
            ):
                self.assertEqual('copy', decided[disk.target]['action'])

    @MANY
    @hypothesis.given(generated.cases())
    def test_nothing_that_may_be_the_disk_itself_is_overwritten(self, case):
        # Whatever the disk's reason is, and whatever lies below it.
        decided = planned.actions(case)
        for disk in oracle.disks(case):
            if not oracle.overwrites(case, disk):
                continue
            declared = oracle.is_device(case, disk) and any(
                oracle.declared(case, name) == 'local'
                for name in oracle.names(case, disk)
            )
            if oracle.may_be_itself(case, disk) and not declared:
                self.assertNotEqual('copy', decided[disk.target], disk)

    @MANY
    @hypothesis.given(generated.cases())
    def test_nothing_unsafe_is_advised_of_what_may_be_the_disk(self, case):
        messages = {
            refusal['target']: refusal['message']
            for refusal in planned.plan(case)['refusals']
        }
        for disk in oracle.disks(case):
            text = messages.get(disk.target, '')
            of_itself = text.startswith(f'{disk.target} ({disk.path}): ')
            known = oracle.facts(case, 'destination', disk.path)
            if (
                of_itself
                and known.get('exists')
                and not oracle.is_device(case, disk)
                and oracle.may_be_itself(case, disk)
            ):
                remedy = text.partition(' Remedy: ')[2]
                for word in ('remove it', 'remove the file', 'local_paths'):
                    self.assertNotIn(word, remedy)

    @MANY
    @hypothesis.given(generated.cases())
    def test_no_top_is_copied_alone_over_what_is_not_told(self, case):
        plan = planned.plan(case)
        alone = {
            d['target']
            for d in plan['disks']
            if d['reason'] == 'local-over-shared'
        }
        if 'VIR_MIGRATE_NON_SHARED_INC' in plan['flags']:
            alone.update(plan['migrate_disks'])
        for disk in oracle.disks(case):
            if disk.target in alone:
                self.assertTrue(disk.ends, disk)

    @hypothesis.given(generated.pools, st.none() | generated.pools)
    def test_no_pool_is_kept_that_may_be_another_cluster(self, here, there):
        case = b.case(
            b.disk('vda', b.volume('p', '0')), pools=here, pools_there=there
        )
        (disk,) = oracle.disks(case)
        if planned.actions(case)['vda'] == 'keep':
            self.assertTrue(oracle.one_cluster(case, disk))

    @MANY
    @hypothesis.given(generated.cases())
    def test_no_disk_is_kept_without_its_data_file(self, case):
        decided = planned.actions(case)
        for disk in oracle.disks(case):
            if disk.data_file and decided[disk.target] == 'keep':
                data = dataclasses.replace(
                    disk, type='file', path=disk.data_file, serial=None
                )
                self.assertTrue(oracle.shared_evidence(case, data), disk)

    @MANY
    @hypothesis.given(generated.cases())
    def test_a_ready_plan_leaves_no_writable_disk_out(self, case):
        plan = planned.plan(case)
        invariants.check(self, plan)
        decided = {d['target']: d['action'] for d in plan['disks']}
        for disk in oracle.disks(case):
            if not disk.writable or disk.empty:
                self.assertIn(decided[disk.target], ('skip', 'refuse'))
                self.assertNotIn(disk.target, plan['migrate_disks'])
            elif plan['ready']:
                self.assertTrue(
                    disk.target in plan['migrate_disks']
                    or decided[disk.target] == 'keep'
                )

    @hypothesis.given(generated.cases())
    def test_replay_gives_the_plan(self, case):
        loaded = migration_case.loads(b.text(case))
        replayed = migration_case.loads(migration_case.dumps(loaded))
        self.assertEqual(loaded, replayed)
        self.assertEqual(planned.printed(loaded), planned.printed(replayed))
        self.assertEqual(
            migration_case.dumps(loaded), migration_case.dumps(replayed)
        )

    @hypothesis.given(generated.cases())
    def test_one_case_has_one_plan(self, case):
        text = b.text(case)
        once, again = (
            b.text(planned.printed(migration_case.loads(text)))
            for _ in range(2)
        )
        self.assertEqual(once, again)

    @MANY
    @hypothesis.given(st.data(), generated.cases())
    def test_order_and_duplicates_do_not_matter(self, data, case):
        other = data.draw(generated.rearranged(case))
        plan, same = planned.plan(case), planned.plan(other)
        # The notes count rows.
        plan.pop('notes', None)
        same.pop('notes', None)
        self.assertEqual(plan, same)

    @MANY
    @hypothesis.given(generated.cases())
    def test_no_match_is_missed_for_want_of_a_key(self, case):
        # The join looks at the volumes that share a key with the source.
        case = migration_case.loads(b.text(case))
        volumes = block_device_mapping.parse(case.block_device_info) or ()
        for disk in domain_xml.parse(case.domain_xml).disks:
            if disk.source is None:
                continue
            known = storage_facts.find(case.storage.source, disk.source)
            keys = {*source_keys.source_keys(disk.source, known)}
            for volume in volumes:
                found = source_matching.match(disk.source, known, volume)
                if found is source_matching.Match.SAME:
                    shared = {*source_keys.attachment_keys(volume)} & keys
                    self.assertTrue(shared, (disk.source, volume))

    @hypothesis.given(generated.cases(), st.permutations(generated.TARGETS))
    def test_a_disk_more_never_copies_a_disk_more(self, case, targets):
        # A refused disk does not change what becomes of the others.
        free = set(targets) - {d.target for d in oracle.disks(case)}
        target = sorted(free)[0]
        added = dict(case)
        added['domain_xml'] = case['domain_xml'].replace(
            '</devices>',
            b.disk(target, b.file('/nowhere/x')) + '</devices>',
        )
        rows = oracle.rows(case)
        named = {row.get('mount_device') for row in rows}
        hypothesis.assume(f'/dev/{target}' not in named)
        before = planned.actions(case)
        after = planned.actions(added)
        self.assertIn(after.pop(target), ('refuse', 'keep', 'copy'))
        self.assertEqual(before, after)


class OrderTest(unittest.TestCase):
    """The smallest cases of what order could change."""

    def _same(self, one, other):
        self.assertEqual(planned.plan(one), planned.plan(other))

    def test_volumes_without_disks(self):
        rows = [b.row('vdy', v, 'iscsi') for v in b.VOLUMES]
        self._same(b.case(rows=rows), b.case(rows=rows[::-1]))

    def test_block_jobs(self):
        jobs = ['vdb', 'vda']
        self._same(
            b.case(state={'block_jobs': jobs}),
            b.case(state={'block_jobs': jobs[::-1]}),
        )

    def test_rows_in_conflict(self):
        rows = [b.row('vda', v, 'iscsi') for v in b.VOLUMES]
        disk = b.disk('vda', b.block('/dev/x'))
        self._same(b.case(disk, rows=rows), b.case(disk, rows=rows[::-1]))

    def test_declarations(self):
        disk = b.disk('vda', b.file('/a/b'))
        facts = {'/a/b': b.on('nfs', resolved='/c/d')}
        self._same(
            b.case(disk, source=facts, shared=['/a', '/c']),
            b.case(disk, source=facts, shared=['/c', '/a']),
        )
