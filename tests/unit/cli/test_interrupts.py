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

"""Signals while we plan and while we migrate."""

import os
import signal
import unittest
from unittest import mock

from nova_selective_migrate.cli import interrupts


class DeferredTest(unittest.TestCase):
    def setUp(self):
        self.enterContext(mock.patch('sys.stderr'))

    def test_the_first_signal_waits_until_all_is_put_away(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            done = []
            with (
                self.subTest(number=number),
                self.assertRaises(SystemExit) as caught,
                interrupts.deferred(),
            ):
                os.kill(os.getpid(), number)
                done.append('put away')
            self.assertEqual(['put away'], done)
            self.assertEqual(128 + number, caught.exception.code)

    def test_the_second_is_taken_at_once(self):
        done = []
        with self.assertRaises(SystemExit), interrupts.deferred():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            done.append('not reached')
        self.assertEqual([], done)

    def test_nothing_happens_without_a_signal(self):
        before = signal.getsignal(signal.SIGINT)
        with interrupts.deferred():
            self.assertIsNot(before, signal.getsignal(signal.SIGINT))
        self.assertIs(before, signal.getsignal(signal.SIGINT))


class HandledTest(unittest.TestCase):
    def test_a_function_takes_the_signals(self):
        taken = []
        with interrupts.handled(taken.append):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual([signal.SIGTERM, signal.SIGHUP], taken)
