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

"""A host that does not answer is not waited for."""

import threading
import unittest
from unittest import mock

import ddt
import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.hypervisor import errors
from nova_selective_migrate.host.migration import timed_look
from tests.unit.host import fake_daemon

P = guest_location.Presence
RUNNING = guest_location.GuestSide(P.RUNNING)
PAUSED = guest_location.GuestSide(P.PAUSED)
PATIENCE = 10


class TimedLookTest(unittest.TestCase):
    def setUp(self):
        self.enterContext(mock.patch.object(timed_look, 'SECONDS', 0.01))

    def test_an_answer(self):
        look = timed_look.TimedLook(mock.Mock(side_effect=[RUNNING, PAUSED]))
        with mock.patch.object(timed_look, 'SECONDS', PATIENCE):
            self.assertEqual([RUNNING, PAUSED], [look(), look()])

    def test_one_question_at_a_time(self):
        go_on, asked = threading.Event(), []

        def ask():
            asked.append(1)
            go_on.wait(PATIENCE)
            return RUNNING

        look = timed_look.TimedLook(ask)
        for _ in range(3):
            self.assertIs(P.UNREACHABLE, look().presence)
        self.assertEqual(1, len(asked))
        go_on.set()
        with mock.patch.object(timed_look, 'SECONDS', PATIENCE):
            self.assertEqual(RUNNING, look())

    def test_what_was_answered_in_the_meantime_is_of_then(self):
        go_on = threading.Event()

        def ask():
            go_on.wait(PATIENCE)
            return RUNNING

        look = timed_look.TimedLook(ask)
        self.assertIs(P.UNREACHABLE, look().presence)
        pending = look._pending
        look._look = lambda: PAUSED
        go_on.set()
        self.assertEqual(RUNNING, pending.answer(PATIENCE))
        with mock.patch.object(timed_look, 'SECONDS', PATIENCE):
            self.assertEqual(PAUSED, look())

    def test_a_host_that_says_no(self):
        failed = exceptions.ConnectFailed('no route')
        look = timed_look.TimedLook(mock.Mock(side_effect=failed))
        with mock.patch.object(timed_look, 'SECONDS', PATIENCE):
            found = look()
        self.assertIs(P.UNREACHABLE, found.presence)
        self.assertEqual('no route', found.detail)

    def test_an_error_of_ours_is_not_hidden(self):
        look = timed_look.TimedLook(mock.Mock(side_effect=TypeError('x')))
        with mock.patch.object(timed_look, 'SECONDS', PATIENCE):
            self.assertRaises(TypeError, look)


@ddt.ddt
class CallResultTest(unittest.TestCase):
    @ddt.data(
        ('OPERATION_ABORTED', 'QEMU', 'ABORTED'),
        ('OPERATION_FAILED', 'QEMU', 'FAILED'),
        ('SYSTEM_ERROR', 'RPC', 'LOST'),
        ('INTERNAL_ERROR', 'RPC', 'LOST'),
        # qemu+libssh2:// and the like.
        ('INTERNAL_ERROR', 'SSH', 'UNTOLD'),
        ('INTERNAL_ERROR', 'REMOTE', 'UNTOLD'),
        ('INTERNAL_ERROR', 'NONE', 'UNTOLD'),
    )
    @ddt.unpack
    def test_of_libvirts_error_and_of_ours(self, code, domain, want):
        error = fake_daemon.libvirt_error(
            getattr(libvirt, f'VIR_ERR_{code}'), 'no'
        )
        head, _, *rest = error.err
        error.err = (head, getattr(libvirt, f'VIR_FROM_{domain}'), *rest)
        for each in (error, errors.ours(error, 'virDomainMigrateToURI3')):
            self.assertIs(
                guest_location.CallResult[want], errors.call_result(each)
            )

    def test_what_is_not_libvirts_tells_nothing(self):
        self.assertIs(
            guest_location.CallResult.UNTOLD,
            errors.call_result(ValueError('x')),
        )
