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
"""What the audit of a host says of each guest and of all."""

import dataclasses
import json
import pathlib
import unittest

import jsonschema

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import nova_servers
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b

TOP = pathlib.Path(__file__).parents[3]
SCHEMA = TOP / 'doc' / 'source' / 'admin' / 'host-audit.schema.json'
MIB = 1 << 20
PATH = '/data/a'
UNKNOWN = '/mnt/x'
LOCAL = b.disk('vda', b.file(PATH))


def audited(name, *disks, memory=64 * MIB):
    source = {PATH: {**b.local(), 'allocated_bytes': 4 * MIB}}
    case = migration_case.loads(b.text(b.case(*disks, source=source)))
    return host_audit.GuestAudit(
        name, f'{name}-uuid', planner.plan(case), memory_bytes=memory
    )


READY = audited('ready', LOCAL)
REFUSED = audited(
    'refused',
    LOCAL,
    b.disk('vdb', b.file(UNKNOWN)),
    b.disk('vdc', b.file(f'{UNKNOWN}2')),
)
SERVER = nova_servers.NovaServer(
    'ready-uuid',
    'web1',
    'active',
    None,
    {'block_device_mapping': []},
    '/instances/ready-uuid',
    'rbd',
    volume_backed=False,
)
FAILED = host_audit.GuestAudit('failed', 'f', None, 'it cannot be read')


def audit(*guests, rate=None):
    return host_audit.HostAudit('qemu:///system', None, rate, guests)


class HostAuditTest(unittest.TestCase):
    def test_a_guest_that_can_move(self):
        (guest,) = audit(READY, rate=2).tree()['guests']
        self.assertTrue(guest['movable'])
        self.assertEqual(['vda'], guest['copied'])
        self.assertEqual(4 * MIB, guest['copy_bytes'])
        self.assertEqual(34.0, guest['seconds'])
        self.assertEqual([], guest['refusals'])

    def test_one_that_is_refused_moves_no_byte(self):
        tree = audit(REFUSED, rate=2).tree()
        (guest,) = tree['guests']
        self.assertFalse(guest['movable'])
        self.assertEqual(0, guest['copy_bytes'])
        self.assertIsNone(guest['seconds'])
        self.assertEqual(
            ['vdb', 'vdc'], [each['target'] for each in guest['refusals']]
        )
        self.assertEqual(0, tree['totals']['memory_bytes'])
        self.assertEqual(0.0, tree['totals']['seconds'])

    def test_a_reason_counts_once_a_guest(self):
        totals = audit(READY, REFUSED, FAILED).tree()['totals']
        self.assertEqual({'locality-unknown': 1}, totals['reasons'])

    def test_totals(self):
        totals = audit(READY, READY, REFUSED, FAILED, rate=17).tree()['totals']
        self.assertEqual(
            (4, 2, 1, 1),
            tuple(
                totals[name]
                for name in ('guests', 'movable', 'refused', 'not_planned')
            ),
        )
        self.assertEqual(8 * MIB, totals['copy_bytes'])
        self.assertEqual(128 * MIB, totals['memory_bytes'])
        self.assertEqual(8.0, totals['seconds'])

    def test_one_that_cannot_be_planned_cannot_move(self):
        found = audit(READY, FAILED)
        self.assertFalse(found.movable)
        self.assertEqual(
            'it cannot be read', found.tree()['guests'][1]['problem']
        )

    def test_without_a_rate_no_time_is_told(self):
        tree = audit(READY).tree()
        self.assertIsNone(tree['guests'][0]['seconds'])
        self.assertIsNone(tree['totals']['seconds'])

    def test_memory_may_not_be_known(self):
        found = audit(audited('gone', LOCAL, memory=None), rate=1).tree()
        self.assertIsNone(found['guests'][0]['memory_bytes'])
        self.assertEqual(4.0, found['guests'][0]['seconds'])

    def test_a_host_without_guests(self):
        found = audit(rate=1)
        self.assertTrue(found.movable)
        self.assertEqual(0, found.tree()['totals']['guests'])

    def with_nova(self, guest=READY, not_running=(), **server):
        known = dataclasses.replace(SERVER, **server)
        return host_audit.HostAudit(
            'qemu:///system',
            None,
            None,
            (dataclasses.replace(guest, server=known), FAILED),
            host_audit.NovaHost('cmp1', 'enforce', not_running),
        )

    def test_nova_is_in_it_where_it_was_asked(self):
        tree = audit(READY).tree()
        self.assertNotIn('nova', tree)
        self.assertNotIn('nova', tree['guests'][0])
        self.assertNotIn('stock_differs', tree['totals'])
        tree = self.with_nova(not_running=(SERVER,)).tree()
        self.assertEqual('cmp1', tree['nova']['host'])
        self.assertEqual(
            [{'uuid': 'ready-uuid', 'name': 'web1'}],
            tree['nova']['not_running'],
        )
        guest, failed = tree['guests']
        self.assertEqual('web1', guest['nova']['name'])
        self.assertEqual(['vda'], guest['nova']['stock']['left_behind'])
        self.assertEqual(1, tree['totals']['stock_differs'])
        self.assertIsNone(failed['nova'])

    def test_nova_compute_brings_over_what_is_in_its_directory(self):
        drive, other = f'{SERVER.directory}/disk.config', '/isos/install.iso'
        guest = audited(
            'ready',
            b.cdrom('vda', b.file(drive)),
            b.cdrom('vdb', b.file(other)),
        )
        (alone,) = audit(guest).tree()['guests']
        for duty in alone['duties']:
            self.assertIn('put the same bytes there', duty['message'])
        known, _ = self.with_nova(guest).tree()['guests']
        told = {each['target']: each['message'] for each in known['duties']}
        self.assertIn('nova-compute brings it over', told['vda'])
        self.assertIn('put the same bytes there', told['vdb'])

    def test_what_nova_does_not_take_now_can_still_move(self):
        for state in ({'task_state': 'migrating'}, {'vm_state': 'rescued'}):
            found = self.with_nova(**state)
            guest = found.tree()['guests'][0]
            self.assertTrue(guest['movable'])
            self.assertIn(*state.values(), guest['nova']['refuses'])
            self.assertFalse(found.guests[0].taken)
        self.assertTrue(self.with_nova(vm_state='paused').guests[0].taken)

    def test_it_is_what_its_schema_says(self):
        valid = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
        gone = audited('gone', LOCAL, memory=None)
        for rate in (None, 100):
            tree = audit(READY, REFUSED, FAILED, gone, rate=rate).tree()
            valid.validate(json.loads(json.dumps(tree)))
        for found in (
            self.with_nova(not_running=(SERVER,)),
            self.with_nova(REFUSED, None, vm_state='error'),
            self.with_nova(FAILED),
        ):
            valid.validate(json.loads(json.dumps(found.tree())))


if __name__ == '__main__':
    unittest.main()
