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

"""A migration makes one call, and a second where it is wanted."""

import unittest

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import migration_attempt
from tests.unit.host import fake_daemon
from tests.unit.host import thread_race

State = migration_attempt.AttemptState
STALLED = migration_attempt.AbortCause(
    migration_attempt.AbortKind.STALLED, 'nothing moved'
)
CANCELED = fake_daemon.broken('canceled by client')


class SecondCopyTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.second = attempts.SecondCopy()

    def test_it_begins_once(self):
        self.assertFalse(self.second.wanted)
        self.assertTrue(self.second.want())
        self.assertFalse(self.second.want())
        self.assertTrue(self.second.wanted)
        self.assertTrue(self.second.begin())
        self.assertFalse(self.second.wanted)
        self.assertTrue(self.second.begun)
        self.assertFalse(self.second.begin())
        self.assertFalse(self.second.want())

    def test_not_unless_it_is_wanted(self):
        self.assertFalse(self.second.begin())
        self.assertFalse(self.second.begun)

    def test_not_after_an_abort(self):
        self.assertFalse(self.second.forbid())
        self.assertFalse(self.second.want())

    def test_nor_after_one_in_between(self):
        self.second.want()
        self.assertTrue(self.second.forbid())
        self.assertFalse(self.second.wanted)
        self.assertFalse(self.second.begin())

    def test_an_abort_of_the_second_forbids_none(self):
        self.second.want()
        self.second.begin()
        self.assertFalse(self.second.forbid())
        self.assertTrue(self.second.begun)

    def test_one_that_is_wanted_stays_where_others_are_closed(self):
        self.second.want()
        self.assertFalse(self.second.close())
        self.assertTrue(self.second.begin())

    def test_no_other_is_wanted_once_it_is_closed(self):
        self.assertTrue(self.second.close())
        self.assertFalse(self.second.want())

    def test_it_is_forbidden_or_begins(self):
        for _ in range(200):
            second = attempts.SecondCopy()
            second.want()
            begun, forbidden = thread_race.race(second.begin, second.forbid)
            self.assertIsNot(begun, forbidden)


class AttemptsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.attempts = attempts.Attempts('data')

    def second(self):
        """Fail the first attempt for a second one, and return that."""
        self.attempts.first.call()
        self.attempts.second_copy.want()
        self.attempts.first.fail(CANCELED)
        return self.attempts.begin_second()

    def test_the_second_is_an_object_of_its_own(self):
        second = self.second()
        self.assertIsNot(self.attempts.first, second)
        self.assertIs(second, self.attempts.current)
        self.assertIs(State.FAILED, self.attempts.first.state)
        self.assertIs(State.PLANNED, second.state)

    def test_there_is_none_that_is_not_wanted(self):
        self.assertIsNone(self.attempts.begin_second())
        self.assertIs(self.attempts.first, self.attempts.current)

    def test_the_last_call_that_was_made_counts(self):
        second = self.second()
        second.withdraw()
        self.assertIs(self.attempts.first.result, self.attempts.result)

    def test_the_second_counts_once_it_is_called(self):
        second = self.second()
        second.call()
        second.succeed()
        self.assertTrue(self.attempts.succeeded)
        self.assertIs(
            guest_location.CallResult.SUCCEEDED, self.attempts.result
        )

    def test_an_abort_before_the_call(self):
        self.assertTrue(self.attempts.abort(migration_attempt.BY_OPERATOR))
        self.assertFalse(self.attempts.first.call())
        self.assertTrue(self.attempts.wait(0))

    def test_an_abort_of_a_call_that_is_made(self):
        self.attempts.first.call()
        self.assertFalse(self.attempts.abort(STALLED))
        self.assertFalse(self.attempts.second_copy.want())
        self.assertEqual((STALLED,), self.attempts.causes)
        self.assertFalse(self.attempts.wait(0))

    def test_an_abort_between_the_copies(self):
        self.attempts.first.call()
        self.attempts.second_copy.want()
        self.attempts.first.fail(CANCELED)
        self.assertTrue(self.attempts.abort(migration_attempt.BY_OPERATOR))
        self.assertIsNone(self.attempts.begin_second())

    def test_an_abort_of_a_second_that_is_not_called_yet(self):
        second = self.second()
        self.assertTrue(self.attempts.abort(migration_attempt.BY_OPERATOR))
        self.assertFalse(second.call())
        self.assertEqual(
            (migration_attempt.BY_OPERATOR,), self.attempts.causes
        )

    def test_an_abort_while_the_second_begins(self):
        """Whoever is first: libvirt is not called, or knows what to abort."""
        for _ in range(200):
            made = self.attempts = attempts.Attempts()
            made.first.call()
            made.second_copy.want()
            made.first.fail(CANCELED)

            def begin(made=made):
                second = made.begin_second()
                return second is not None and second.call()

            called, nothing_to_abort = thread_race.race(
                begin,
                lambda made=made: made.abort(migration_attempt.BY_OPERATOR),
            )
            self.assertIsNot(called, nothing_to_abort)

    def test_nobody_begins_when_it_is_withdrawn(self):
        self.attempts.first.call()
        self.attempts.second_copy.want()
        self.attempts.first.fail(CANCELED)
        self.assertTrue(self.attempts.withdraw())
        self.assertIsNone(self.attempts.begin_second())

    def test_the_end_of_a_call(self):
        self.attempts.first.call()
        self.assertFalse(self.attempts.wait(0))
        self.attempts.end()
        self.assertTrue(self.attempts.wait(0))
        self.assertTrue(self.attempts.succeeded)

    def test_an_end_with_an_error(self):
        self.attempts.first.call()
        self.attempts.end(CANCELED)
        self.assertTrue(self.attempts.wait(0))
        self.assertIs(CANCELED, self.attempts.error)
        self.assertIs(CANCELED, self.attempts.first.error)

    def test_an_end_without_a_call(self):
        self.attempts.end()
        self.assertIs(State.NOT_CALLED, self.attempts.current.state)
        self.assertFalse(self.attempts.succeeded)

    def test_an_end_between_the_copies_keeps_how_the_first_ended(self):
        self.attempts.first.call()
        self.attempts.first.fail(CANCELED)
        error = ValueError('the guest changed')
        self.attempts.end(error)
        self.assertIs(error, self.attempts.error)
        self.assertIs(CANCELED, self.attempts.first.error)

    def test_of_an_earlier_process_the_end_is_not_known(self):
        error = ValueError('it ended')
        made = attempts.Attempts.of_earlier_process(error)
        self.assertTrue(made.wait(0))
        self.assertFalse(made.succeeded)
        self.assertIs(guest_location.CallResult.NOT_KNOWN, made.result)
        self.assertIs(error, made.error)


if __name__ == '__main__':
    unittest.main()
