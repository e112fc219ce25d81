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


import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.host.migration import login_advice
from nova_selective_migrate.host.migration import timed_actions

POSTCOPY = transport_options.TimeoutAction.POSTCOPY


class Guest:
    """A guest that takes post-copy at the last of several times."""

    def __init__(self, refusals=0):
        self.refusals = refusals
        self.done = []

    def start_postcopy(self):
        self.refusals -= 1
        if self.refusals >= 0:
            return False
        self.done.append('postcopy')
        return True

    def suspend(self):
        self.done.append('suspend')


class TimedActionsTest(unittest.TestCase):
    def run_until(self, seconds, *, refusals=0, passes=0, **asked):
        """Look each second; return what was done, and what was told."""
        self.now = 0.0
        guest, told = Guest(refusals), []
        actions = timed_actions.TimedActions(
            guest,
            transport_options.TransportOptions(**asked),
            told.append,
            lambda: self.now,
        )
        # Images take their time, which does not count.
        self.now = 100.0
        actions.look({}, called=False)
        for _ in range(seconds + 1):
            actions.look({'memory_iteration': passes}, called=True)
            self.now += 1
        return guest.done, len(told)

    def test_nothing_is_asked_for(self):
        self.assertEqual(([], 0), self.run_until(9, passes=9))

    def test_a_guest_is_suspended_once(self):
        self.assertEqual(([], 0), self.run_until(4, timeout=5))
        self.assertEqual((['suspend'], 1), self.run_until(9, timeout=5))

    def test_post_copy_after_a_time(self):
        """It is asked for until memory is being sent."""
        asked = {'timeout': 5, 'timeout_action': POSTCOPY}
        self.assertEqual(([], 0), self.run_until(4, **asked))
        self.assertEqual(([], 0), self.run_until(7, refusals=3, **asked))
        self.assertEqual(
            (['postcopy'], 1), self.run_until(9, refusals=3, **asked)
        )

    def test_post_copy_after_the_first_pass(self):
        asked = {'postcopy_after_precopy': True}
        self.assertEqual(([], 0), self.run_until(3, passes=1, **asked))
        self.assertEqual(
            (['postcopy'], 1), self.run_until(3, passes=2, **asked)
        )

    def test_a_guest_that_has_moved_is_not_suspended(self):
        class Gone(Guest):
            def suspend(self):
                raise exceptions.HypervisorError('it is off')

        told: list[str] = []
        self.now = 0.0
        actions = timed_actions.TimedActions(
            Gone(),
            transport_options.TransportOptions(timeout=1),
            told.append,
            lambda: self.now,
        )
        actions.look({}, called=False)
        self.now = 2.0
        actions.look({}, called=True)
        self.assertEqual([], told)


class LoginAdviceTest(unittest.TestCase):
    def test_the_daemon_cannot_log_in(self):
        for said in (
            'Failed to connect to remote libvirt URI qemu+ssh://b/system',
            'Cannot recv data: root@b: Permission denied (publickey).',
            'Cannot recv data: Host key verification failed.: Connection',
        ):
            error = exceptions.HypervisorError(said, code=9)
            found = login_advice.added(error, 'qemu+ssh://u:p@b/system')
            self.assertIn('--direct', str(found))
            self.assertNotIn('u:p', str(found))
            self.assertEqual(9, found.code)

    def test_other_errors_stay_as_they_are(self):
        for error in (exceptions.HypervisorError('no'), ValueError('no')):
            self.assertIs(error, login_advice.added(error, 'qemu+ssh://b/'))
