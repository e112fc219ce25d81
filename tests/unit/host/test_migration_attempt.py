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

"""An attempt is one libvirt call, and each way that it goes is in a table."""

import unittest

import ddt
import libvirt

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.migration import migration_attempt
from tests.unit.host import fake_daemon
from tests.unit.host import thread_race

State = migration_attempt.AttemptState
Kind = migration_attempt.AbortKind
STALLED = migration_attempt.AbortCause(Kind.STALLED, 'nothing moved')
SILENT = migration_attempt.AbortCause(
    Kind.DESTINATION_SILENT, 'no answer', True
)
CANCELED = fake_daemon.broken('canceled by client')

#: How to bring an attempt to each state.
WAYS = {
    State.PLANNED: (),
    State.NOT_CALLED: ('withdraw',),
    State.CALLED: ('call',),
    State.SUCCEEDED: ('call', 'succeed'),
    State.FAILED: ('call', 'fail'),
    State.ABANDONED: ('call', 'abandon'),
}
ARGUMENTS = {'fail': (CANCELED,), 'abandon': (SILENT,)}
#: What each state makes of each event; of any other it makes nothing.
NEXT = {
    (State.PLANNED, 'call'): State.CALLED,
    (State.PLANNED, 'fail'): State.NOT_CALLED,
    (State.PLANNED, 'withdraw'): State.NOT_CALLED,
    (State.CALLED, 'succeed'): State.SUCCEEDED,
    (State.CALLED, 'fail'): State.FAILED,
    (State.CALLED, 'abandon'): State.ABANDONED,
    (State.ABANDONED, 'succeed'): State.SUCCEEDED,
    (State.ABANDONED, 'fail'): State.FAILED,
}
EVENTS = ('call', 'succeed', 'fail', 'withdraw', 'abandon')


def tell(attempt, event):
    return getattr(attempt, event)(*ARGUMENTS.get(event, ()))


def attempt_in(state):
    made = migration_attempt.Attempt()
    for event in WAYS[state]:
        assert tell(made, event)
    return made


@ddt.ddt
class AttemptTest(unittest.TestCase):
    @ddt.idata((state, event) for state in State for event in EVENTS)
    @ddt.unpack
    def test_each_state_and_event(self, state, event):
        attempt = attempt_in(state)
        wanted = NEXT.get((state, event))
        self.assertIs(wanted is not None, tell(attempt, event))
        self.assertIs(wanted or state, attempt.state)

    @ddt.data(
        (State.PLANNED, guest_location.CallResult.NOT_MADE),
        (State.NOT_CALLED, guest_location.CallResult.NOT_MADE),
        (State.CALLED, guest_location.CallResult.NOT_KNOWN),
        (State.ABANDONED, guest_location.CallResult.NOT_KNOWN),
        (State.SUCCEEDED, guest_location.CallResult.SUCCEEDED),
    )
    @ddt.unpack
    def test_what_is_known_of_the_call(self, state, result):
        self.assertIs(result, attempt_in(state).result)

    def test_an_error_tells_how_it_ended(self):
        attempt = attempt_in(State.CALLED)
        attempt.fail(
            fake_daemon.libvirt_error(libvirt.VIR_ERR_OPERATION_ABORTED)
        )
        self.assertIs(guest_location.CallResult.ABORTED, attempt.result)

    @ddt.idata(State)
    def test_what_is_over_is_not_waited_for(self, state):
        over = (State.SUCCEEDED, State.FAILED, State.NOT_CALLED)
        self.assertIs(state in over, attempt_in(state).wait(0))

    @ddt.idata(State)
    def test_an_abort_changes_no_state(self, state):
        attempt = attempt_in(state)
        attempt.abort(STALLED)
        self.assertIs(state, attempt.state)
        self.assertIn(STALLED, attempt.causes)

    def test_causes_only_grow_and_the_first_counts(self):
        attempt = attempt_in(State.CALLED)
        self.assertEqual('', attempt.why)
        attempt.abort(STALLED)
        attempt.abort(migration_attempt.BY_OPERATOR)
        attempt.abort(migration_attempt.AbortCause(Kind.STALLED, 'once more'))
        self.assertEqual(
            (STALLED, migration_attempt.BY_OPERATOR), attempt.causes
        )
        self.assertEqual('nothing moved', attempt.why)

    def test_what_the_operator_wants_needs_no_words(self):
        attempt = attempt_in(State.CALLED)
        attempt.abort(migration_attempt.BY_OPERATOR)
        attempt.abort(STALLED)
        self.assertEqual('', attempt.why)

    def test_the_cause_of_abandoning_counts_more(self):
        attempt = attempt_in(State.CALLED)
        attempt.abort(STALLED)
        attempt.abandon(SILENT)
        self.assertEqual('no answer', attempt.why)
        attempt.fail(CANCELED)
        self.assertEqual('no answer', attempt.why)

    def test_a_late_return_is_noted(self):
        attempt = attempt_in(State.ABANDONED)
        self.assertTrue(attempt.succeed('bandwidth'))
        self.assertIs(guest_location.CallResult.SUCCEEDED, attempt.result)
        self.assertEqual('bandwidth', attempt.left_out)

    def test_a_failure_before_the_call_says_why(self):
        attempt = attempt_in(State.PLANNED)
        attempt.fail(CANCELED)
        self.assertIs(CANCELED, attempt.error)
        self.assertFalse(attempt.called)

    def test_one_that_is_withdrawn_while_it_is_called(self):
        for _ in range(200):
            attempt = migration_attempt.Attempt()
            called, withdrawn = thread_race.race(
                attempt.call, attempt.withdraw
            )
            self.assertIsNot(called, withdrawn)
            self.assertIs(called, attempt.called)

    def test_one_that_returns_while_it_is_abandoned(self):
        for _ in range(200):
            attempt = attempt_in(State.CALLED)
            returned, _ = thread_race.race(
                attempt.succeed, lambda made=attempt: made.abandon(SILENT)
            )
            self.assertTrue(returned)
            self.assertIs(State.SUCCEEDED, attempt.state)
