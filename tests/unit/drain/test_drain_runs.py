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

"""What a drain asks of nova, and what it believes."""

import dataclasses

from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves
from tests.unit.drain import drains
from tests.unit.drain import fake_nova

State = server_moves.MoveState
GIB = fake_nova.GIB
REFUSED = nova_port.FailedEvent(
    'selective_migrate_vda_locality-unknown', 'vda: not known. Remedy: x.'
)
STALLED = nova_port.FailedEvent('selective_migrate_stalled', 'it stood still')


def cloud(*names, hosts=('a', 'b')):
    return fake_nova.FakeNova([fake_nova.server(n) for n in names], hosts)


class DrainRunTest(drains.DrainTestCase):
    def test_all_move_and_are_verified(self):
        nova = cloud('x', 'y', 'z')
        moves = self.drain(nova)
        self.assertEqual({State.MOVED}, {m.state for m in moves.values()})
        for name, move in moves.items():
            self.assertEqual(nova.all[name].host, move.destination)
            self.assertEqual(nova.records[name][0].id, move.migration)

    def test_nova_chooses_where_any_host_will_do(self):
        nova = cloud('x')
        self.drain(nova)
        self.assertEqual([('x', None)], nova.asked)

    def test_a_target_is_named(self):
        nova = cloud('x')
        self.drain(nova, self.options(target='b'))
        self.assertEqual([('x', 'b')], nova.asked)

    def test_local_disks_go_where_the_driver_enforces(self):
        nova = fake_nova.FakeNova(
            [fake_nova.server('x'), fake_nova.server('y', local=False)],
            ('a', 'b'),
        )
        nova.enforcing = frozenset({'b'})
        self.drain(nova)
        self.assertEqual({('x', 'b'), ('y', None)}, {*nova.asked})

    def test_it_is_written_down_before_nova_is_asked(self):
        nova = cloud('x')
        asked = []
        self.notes = fake_nova.Notes(
            lambda move: asked.append((move.state, len(nova.asked)))
        )
        self.drain(nova)
        self.assertEqual((State.CALLED, 0), asked[0])

    def test_what_failed_is_tried_again_elsewhere(self):
        nova = cloud('x')
        nova.fails['x'] = ['failed', 'completed']
        moves = self.drain(nova)
        first = nova.records['x'][0].destination
        self.assertEqual(State.MOVED, moves['x'].state)
        self.assertEqual(2, moves['x'].attempts)
        self.assertNotEqual(first, moves['x'].destination)
        self.assertEqual(
            [(1, State.NOT_MOVED, first), (2, State.MOVED, 'b')],
            [
                (each.number, each.state, each.destination)
                for each in moves['x'].ended_attempts
            ],
        )

    def test_but_not_for_ever(self):
        nova = cloud('x')
        nova.fails['x'] = ['failed'] * 9
        moves = self.drain(nova, self.options(attempts=3))
        self.assertEqual(State.NOT_MOVED, moves['x'].state)
        self.assertEqual(3, len(nova.asked))

    def test_a_refusal_is_told_and_not_tried_again(self):
        nova = cloud('x')
        nova.fails['x'] = ['error'] * 9
        nova.events['x'] = [REFUSED]
        moves = self.drain(nova)
        self.assertEqual(State.REFUSED, moves['x'].state)
        self.assertEqual(1, len(nova.asked))
        self.assertEqual(
            [('locality-unknown', 'vda: not known. Remedy: x.')],
            [dataclasses.astuple(each) for each in moves['x'].blocked],
        )
        self.assertIn('Remedy: x.', '\n'.join(self.watcher.told))

    def test_a_refusal_of_a_named_destination_is_tried_at_another(self):
        nova = cloud('x', hosts=('a', 'b', 'c'))
        nova.enforcing = frozenset({'a', 'b'})
        nova.fails['x'] = ['error', 'completed']
        nova.events['x'] = [REFUSED]
        moves = self.drain(nova)
        self.assertEqual(State.MOVED, moves['x'].state)
        self.assertEqual([('x', 'a'), ('x', 'b')], nova.asked)

    def test_what_a_watchdog_ended_is_tried_again(self):
        nova = cloud('x')
        nova.fails['x'] = ['failed', 'completed']
        nova.events['x'] = [STALLED]
        self.assertEqual(State.MOVED, self.drain(nova)['x'].state)

    def test_what_is_in_error_is_unknown_and_never_tried_again(self):
        nova = cloud('x', 'y')
        nova.fails['x'] = ['lost']
        moves = self.drain(nova)
        self.assertEqual(State.UNKNOWN, moves['x'].state)
        self.assertIn('it is nowhere', moves['x'].why)
        self.assertEqual(State.MOVED, moves['y'].state)
        self.assertEqual(1, [name for name, _ in nova.asked].count('x'))

    def test_attachments_that_differ_are_unknown(self):
        nova = cloud('x')
        nova.volumes['x'] = [('v', '/dev/vdb')]
        nova.after(7, lambda: nova.volumes.pop('x'))
        moves = self.drain(nova)
        self.assertEqual(State.UNKNOWN, moves['x'].state)
        self.assertIn('volumes v', moves['x'].why)

    def test_where_nova_s_record_and_the_server_differ_is_unknown(self):
        nova = cloud('x')
        nova.after(
            1, lambda: nova.record('x', nova.records['x'][0].id, 'failed', 'a')
        )
        nova.after(
            2,
            lambda: nova.all.update(
                x=dataclasses.replace(nova.all['x'], host='a', task=None)
            ),
        )
        nova.after(3, nova.running.clear)
        moves = self.drain(nova)
        self.assertEqual(State.UNKNOWN, moves['x'].state)
        self.assertEqual(1, len(nova.asked))

    def test_nova_may_write_the_server_after_the_record(self):
        nova = cloud('x')

        def record():
            number = nova.records['x'][0].id
            nova.running.pop(number)
            nova.record('x', number, 'completed', 'a')
            nova.all['x'] = dataclasses.replace(nova.all['x'], task=None)

        nova.after(1, record)
        nova.after(
            17,
            lambda: nova.all.update(
                x=dataclasses.replace(nova.all['x'], host='a')
            ),
        )
        self.assertEqual(State.MOVED, self.drain(nova)['x'].state)

    def test_no_is_no_call(self):
        nova = cloud('x')
        nova.fails['x'] = ['raise'] * 9
        moves = self.drain(nova)
        self.assertEqual(State.NOT_MOVED, moves['x'].state)
        self.assertIn('403', moves['x'].why)

    def test_a_call_without_an_answer_that_came_through_is_followed(self):
        nova = cloud('x')
        nova.fails['x'] = ['no answer']
        moves = self.drain(nova)
        self.assertEqual(State.MOVED, moves['x'].state)
        self.assertEqual(1, len(nova.asked))

    def test_a_call_that_was_lost_is_made_again_after_a_while(self):
        nova = cloud('x')
        nova.fails['x'] = ['silent', 'completed']
        moves = self.drain(nova)
        self.assertEqual(State.MOVED, moves['x'].state)
        self.assertEqual(2, len(nova.asked))

    def test_a_server_that_has_gone_is_not_called(self):
        nova = cloud('x', 'y')
        moves = self.plan(nova).moves
        del nova.all['x']
        nova.all['y'] = dataclasses.replace(nova.all['y'], host='a')
        ended = self.drain(nova, moves=moves)
        self.assertEqual({State.GONE}, {m.state for m in ended.values()})
        self.assertEqual([], nova.asked)

    def test_a_server_that_was_stopped_meanwhile_is_not_called(self):
        nova = cloud('x')
        moves = self.plan(nova).moves
        nova.all['x'] = dataclasses.replace(nova.all['x'], status='SHUTOFF')
        ended = self.drain(nova, moves=moves)
        self.assertEqual(State.BLOCKED, ended['x'].state)
        self.assertEqual([], nova.asked)

    def test_without_wait_it_ends_when_the_last_is_under_way(self):
        nova = cloud('x', 'y')
        moves = self.drain(nova, wait=False)
        self.assertTrue(all(move.flies for move in moves.values()))
        again = self.drain(nova, moves=moves.values())
        self.assertEqual({State.MOVED}, {m.state for m in again.values()})
        self.assertEqual(2, len(nova.asked))


class StopTest(drains.DrainTestCase):
    def test_nothing_new_begins_and_what_runs_ends(self):
        nova = cloud('x', 'y', 'z')
        nova.after(1, self.stop.ask)
        moves = self.drain(nova, self.options(concurrent=1))
        states = [move.state for move in moves.values()]
        self.assertEqual([State.MOVED, State.WAITING, State.WAITING], states)

    def test_what_runs_is_aborted(self):
        nova = cloud('x', 'y')
        nova.after(1, self.stop.ask)
        options = self.options(concurrent=1)
        moves = self.drain(nova, options, aborts=True)
        self.assertEqual(['x'], nova.aborted)
        self.assertEqual(State.ABORTED, moves['x'].state)
        self.assertEqual(State.WAITING, moves['y'].state)

    def test_the_second_leaves(self):
        nova = cloud('x')
        nova.after(1, self.stop.ask)
        nova.after(2, self.stop.ask)
        moves = self.drain(nova)
        self.assertTrue(moves['x'].flies)
        self.assertEqual([], nova.aborted)

    def test_a_signal_ends_the_wait(self):
        self.stop.ask(2)
        self.stop.wait(3600)
        self.assertEqual(2, self.stop.signal)
