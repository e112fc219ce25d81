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

"""A host is asked once at a time, and waited for no longer than that."""

import threading
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import timed_question

P = guest_presence.Presence
RUNNING = guest_presence.GuestSide(P.RUNNING)
PAUSED = guest_presence.GuestSide(P.PAUSED)
PATIENCE = 10


class TimedQuestionTest(unittest.TestCase):
    def setUp(self):
        self.enterContext(
            mock.patch.object(timed_question, 'QUESTION_SECONDS', 0.01)
        )

    def test_an_answer(self):
        look = timed_question.TimedQuestion(
            mock.Mock(side_effect=[RUNNING, PAUSED])
        )
        with mock.patch.object(timed_question, 'QUESTION_SECONDS', PATIENCE):
            self.assertEqual([RUNNING, PAUSED], [look(), look()])

    def test_one_question_at_a_time(self):
        go_on, asked = threading.Event(), []

        def ask():
            asked.append(1)
            go_on.wait(PATIENCE)
            return RUNNING

        look = timed_question.TimedQuestion(ask)
        for _ in range(3):
            self.assertIs(P.UNREACHABLE, look().presence)
        self.assertEqual(1, len(asked))
        go_on.set()
        with mock.patch.object(timed_question, 'QUESTION_SECONDS', PATIENCE):
            self.assertEqual(RUNNING, look())

    def test_what_was_answered_in_the_meantime_is_of_then(self):
        go_on = threading.Event()

        def ask():
            go_on.wait(PATIENCE)
            return RUNNING

        look = timed_question.TimedQuestion(ask)
        self.assertIs(P.UNREACHABLE, look().presence)
        pending = look._pending
        look._look = lambda: PAUSED
        go_on.set()
        self.assertEqual(RUNNING, pending.answer(PATIENCE))
        with mock.patch.object(timed_question, 'QUESTION_SECONDS', PATIENCE):
            self.assertEqual(PAUSED, look())

    def test_a_host_that_says_no(self):
        failed = exceptions.ConnectFailed('no route')
        look = timed_question.TimedQuestion(mock.Mock(side_effect=failed))
        with mock.patch.object(timed_question, 'QUESTION_SECONDS', PATIENCE):
            found = look()
        self.assertIs(P.UNREACHABLE, found.presence)
        self.assertEqual('no route', found.detail)

    def test_an_error_of_ours_is_not_hidden(self):
        look = timed_question.TimedQuestion(
            mock.Mock(side_effect=TypeError('x'))
        )
        with mock.patch.object(timed_question, 'QUESTION_SECONDS', PATIENCE):
            self.assertRaises(TypeError, look)
