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

"""A trim before the copy is bounded, and fails nothing."""

import threading
import unittest
from unittest import mock

from nova_selective_migrate.core.decision import guest_trimming
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import guest_trim
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

WANTED = guest_trimming.GuestTrimming(3, {'vda': '/a', 'vdb': '/b'})


class GuestTrimTest(unittest.TestCase):
    def setUp(self):
        self.domain = fake_domain.FakeDomain()
        self.sizes = {'/a': 100, '/b': 50}
        self.aborted = False
        for name, value in (('_POLL_SECONDS', 0.01), ('_GRACE_SECONDS', -2.9)):
            patch = mock.patch.object(guest_trim, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def trim(self, wanted=WANTED):
        return guest_trim.trim(
            libvirt_guest.Guest(self.domain),
            wanted,
            self.sizes.get,
            lambda: self.aborted,
        )

    def test_what_is_saved(self):
        self.domain.on_trim = lambda: self.sizes.update({'/a': 30})
        found = self.trim()
        self.assertEqual((70, None), (found.saved_bytes, found.why_not))

    def test_the_agent_s_timeout_is_set_and_taken_back(self):
        self.trim()
        self.assertEqual([3, -2], self.domain.agent_timeouts)
        self.domain.on_trim = mock.Mock(side_effect=fake_daemon.broken())
        self.trim()
        self.assertEqual([3, -2, 3, -2], self.domain.agent_timeouts)

    def test_a_guest_that_became_larger_saves_nothing(self):
        self.domain.on_trim = lambda: self.sizes.update({'/a': 300})
        self.assertEqual(0, self.trim().saved_bytes)

    def test_what_is_not_known_is_not_counted(self):
        del self.sizes['/b']
        found = self.trim()
        self.assertEqual((None, None), (found.saved_bytes, found.why_not))

    def test_nothing_is_asked_for(self):
        self.assertIsNone(self.trim(guest_trimming.GuestTrimming()))
        found = self.trim(guest_trimming.GuestTrimming(why_not='paused'))
        self.assertEqual('paused', found.why_not)
        self.assertEqual([], self.domain.agent_timeouts)

    def test_any_error_is_told_and_raises_nothing(self):
        for error in (
            fake_daemon.broken('no agent'),
            RuntimeError('no agent'),
        ):
            self.domain.on_trim = mock.Mock(side_effect=error)
            self.assertIn('no agent', self.trim().why_not)

    def _hang(self):
        ends = threading.Event()
        self.addCleanup(ends.set)
        self.domain.on_trim = lambda: ends.wait(30)

    def test_one_that_does_not_end_is_not_waited_for(self):
        self._hang()
        self.assertIn('no answer in 3 s', self.trim().why_not)

    def test_an_abort_ends_the_wait(self):
        self._hang()
        self.aborted = True
        self.assertIn('aborted', self.trim().why_not)
