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

"""What can leave, in which order, and where to."""

import json

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import audit_findings
from nova_selective_migrate.drain import destination_choices
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import flight_budgets
from nova_selective_migrate.drain import server_moves
from tests.unit.drain import drains
from tests.unit.drain import fake_nova

GIB = fake_nova.GIB
server = fake_nova.server
Flight = flight_budgets.Flight


def codes(plan):
    return {
        move.server.name: [each.code for each in move.blocked]
        for move in plan.blocked
    }


class DrainPlanTest(drains.DrainTestCase):
    def cloud(self, *servers, hosts=('a', 'b')):
        return fake_nova.FakeNova(servers, hosts)

    def test_the_largest_leave_first_after_what_is_not_known(self):
        nova = self.cloud(
            server('small', 2),
            server('image', disk_bytes=None),
            server('large', 90),
        )
        names = [move.server.name for move in self.plan(nova).moves]
        self.assertEqual(['image', 'large', 'small'], names)

    def test_what_cannot_leave(self):
        nova = self.cloud(
            server('off', status='SHUTOFF'),
            server('broken', status='ERROR', fault='no such disk'),
            server('busy', task='rebooting'),
            server('paused', status='PAUSED'),
            server('fat', 500),
        )
        plan = self.plan(nova, self.options(destination=100 * GIB))
        self.assertEqual(
            {
                'off': ['server-not-running'],
                'broken': ['server-in-error'],
                'busy': ['server-busy'],
                'fat': ['over-budget'],
            },
            codes(plan),
        )
        self.assertEqual(['paused'], [m.server.name for m in plan.moves])
        for move in plan.blocked:
            self.assertIn('Remedy: ', move.blocked[0].message)

    def test_without_another_host_none_leaves(self):
        plan = self.plan(self.cloud(server('x'), hosts=()))
        self.assertEqual({'x': ['no-destination']}, codes(plan))

    def test_only_those_that_are_asked_for(self):
        nova = self.cloud(
            server('web-1'), server('web-2', project='other'), server('db')
        )
        options = self.options(
            projects=('project',),
            filters=(drain_options.ServerFilter.of('name=web-*'),),
        )
        plan = self.plan(nova, options)
        self.assertEqual(['web-1'], [m.server.name for m in plan.moves])
        self.assertEqual(2, plan.left_out)

    def test_it_says_when_no_host_decides_disk_by_disk(self):
        nova = self.cloud(server('x'))
        self.assertIn('no host has the trait', self.plan(nova).notes[0])
        nova.enforcing = frozenset({'a'})
        self.assertEqual((), self.plan(nova).notes)
        nova.all['x'] = server('x', local=False)
        nova.enforcing = frozenset()
        self.assertEqual((), self.plan(nova).notes)


class AuditTest(drains.DrainTestCase):
    def audit(self, **fields):
        guest = {
            'uuid': 'x',
            'movable': True,
            'problem': None,
            'copied': ['vda'],
            'copy_bytes': 3 * GIB,
            'memory_bytes': GIB,
            'refusals': [],
        }
        return audit_findings.read(json.dumps({'guests': [guest | fields]}))

    def planned(self, audit):
        nova = fake_nova.FakeNova([server('x', 90)], ('a',))
        nova.enforcing = frozenset({'a'})
        return self.plan(nova, audit=audit)

    def test_its_bytes_count(self):
        (move,) = self.planned(self.audit()).moves
        self.assertEqual(4 * GIB, move.bytes)
        (move,) = self.planned(self.audit(memory_bytes=None)).moves
        self.assertEqual(90 * GIB, move.bytes)

    def test_its_refusals_are_told_with_their_remedy(self):
        refusal = {'reason': 'locality-unknown', 'message': 'Remedy: x.'}
        plan = self.planned(self.audit(movable=False, refusals=[refusal]))
        self.assertEqual({'x': ['locality-unknown']}, codes(plan))
        self.assertEqual('Remedy: x.', plan.blocked[0].blocked[0].message)

    def test_what_could_not_be_planned_stays(self):
        plan = self.planned(self.audit(movable=False, problem='no XML'))
        self.assertEqual({'x': ['not-planned']}, codes(plan))

    def test_a_server_that_it_does_not_know_is_told(self):
        plan = self.planned(self.audit(uuid='y'))
        self.assertEqual(1, len(plan.moves))
        self.assertIn('does not know 1', plan.notes[0])

    def test_what_is_no_audit(self):
        for text in ('', '[]', '{}', '{"guests": [{}]}', '{"guests": 1}'):
            with (
                self.subTest(text),
                self.assertRaises(exceptions.InvalidInput),
            ):
                audit_findings.read(text)


@ddt.ddt
class BudgetTest(drains.DrainTestCase):
    def test_what_is_not_known_counts_everywhere(self):
        budget = flight_budgets.FlightBudget(9, destination_bytes=10)
        self.assertTrue(budget.has_room([Flight(6, 'a')], 5, 'b'))
        self.assertFalse(budget.has_room([Flight(6, 'a')], 5, 'a'))
        self.assertFalse(budget.has_room([Flight(6, None)], 5, 'b'))
        self.assertTrue(budget.has_room([], None, 'b'))
        self.assertFalse(budget.has_room([Flight(1, 'b')], None, 'b'))
        self.assertFalse(budget.has_room([Flight(None, 'b')], 1, 'b'))

    def test_the_link_and_the_number(self):
        budget = flight_budgets.FlightBudget(2, link_bytes=10)
        self.assertTrue(budget.leaves([Flight(6, 'a')], 4))
        self.assertFalse(budget.leaves([Flight(6, 'a')], 5))
        self.assertFalse(budget.leaves([Flight(1, 'a')] * 2, 1))

    def test_a_full_destination_is_not_left_to_nova(self):
        hosts = destination_choices.DestinationHosts(frozenset('abc'))
        budget = flight_budgets.FlightBudget(9, destination_bytes=10)
        move = server_moves.ServerMove(server('x'), 5)
        for flights, expected in (
            ([], None),
            ([Flight(6, 'a')], 'b'),
            ([Flight(6, 'a'), Flight(5, 'b')], 'c'),
        ):
            found = destination_choices.choose(
                move, hosts, flights, {}, budget
            )
            self.assertEqual(expected, found.host)
        full = [Flight(6, host) for host in 'abc']
        self.assertIsNone(
            destination_choices.choose(move, hosts, full, {}, budget)
        )

    @ddt.data('200', '200GB', '0GiB', '-1GiB', '1.5GiB', 'GiB', '')
    def test_what_is_no_size(self, text):
        with self.assertRaises(exceptions.InvalidInput):
            drain_options.read_size(text)

    def test_sizes(self):
        self.assertEqual(200 * GIB, drain_options.read_size('200GiB'))
        self.assertEqual(7, drain_options.read_size('7 B'))

    @ddt.data('name', 'name=', 'uuid=x', '=x')
    def test_what_is_no_filter(self, text):
        with self.assertRaises(exceptions.InvalidInput):
            drain_options.ServerFilter.of(text)
