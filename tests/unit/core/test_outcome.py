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

"""Where the guest is, for every state of both hosts.

The table is written by hand from these rules: one host alone holds the
guest, or the answer is unknown; a host that cannot be asked makes it
unknown unless the completed job proves the move; "not moved" only where
the source has the guest, or it is off there and no job says otherwise.
"""

import itertools
import unittest

import ddt

from nova_selective_migrate.core.job import outcome
from nova_selective_migrate.core.job.outcome import Ending
from nova_selective_migrate.core.job.outcome import Presence

#: RUNNING, PAUSED, SWITCHING, OFF, MIGRATED, ABSENT, UNREACHABLE
LETTERS = dict(zip('rpsoma?', Presence, strict=True))
ENDINGS = {
    'M': Ending.MOVED,
    'N': Ending.NOT_MOVED,
    '.': Ending.UNKNOWN,
}
# Rows: the source. Columns: the destination, in the order of LETTERS.
FAILED = """
     r p s o m a ?
  r  . . N N N N .
  p  . . N N N N .
  s  . . . . . N .
  o  M M . . . N .
  m  M M . . . . .
  a  M M . . . . .
  ?  . . . . . . .
"""
# The job says that it completed. A source that is off, or paused by the
# migration, beside a destination that has nothing running is then no
# proof that the guest is still there: it may have run at the destination
# and stopped, and what is called not moved has its images removed.
COMPLETED = """
     r p s o m a ?
  r  . . N N N N .
  p  . . N N N N .
  s  . . . . . . .
  o  M M . . . . M
  m  M M . . . . M
  a  M M . . . . M
  ?  M M . . . . .
"""
GONE = {Presence.OFF, Presence.MIGRATED, Presence.ABSENT}


def entries(table: str, completed: bool):
    """Yield source, destination, completed and the wanted ending."""
    head, *rows = [line.split() for line in table.strip().splitlines()]
    for row in rows:
        for letter, want in zip(head, row[1:], strict=True):
            yield (
                LETTERS[row[0]],
                LETTERS[letter],
                completed,
                ENDINGS[want],
            )


TABLE = [*entries(FAILED, False), *entries(COMPLETED, True)]


def settle(here, there, completed) -> outcome.Settlement:
    return outcome.settle(
        outcome.Side(here), outcome.Side(there), completed=completed
    )


def name(entry) -> str:
    here, there, completed, _ = entry
    return f'{here.name} {there.name} {"completed" if completed else "failed"}'


@ddt.ddt
class SettleTest(unittest.TestCase):
    def test_the_table_is_complete(self):
        every = itertools.product(Presence, Presence, (False, True))
        self.assertEqual({*every}, {entry[:3] for entry in TABLE})

    def test_every_state_has_the_ending_of_the_table(self):
        for entry in TABLE:
            with self.subTest(name(entry)):
                self.assertIs(entry[3], settle(*entry[:3]).ending)

    def test_an_unknown_ending_says_what_to_look_at(self):
        for entry in TABLE:
            found = settle(*entry[:3])
            if found.ending is Ending.UNKNOWN:
                with self.subTest(name(entry)):
                    self.assertIn('look', found.explanation)

    def test_a_host_that_cannot_be_asked_is_named(self):
        for entry in TABLE:
            here, there, completed, _ = entry
            if Presence.UNREACHABLE not in (here, there):
                continue
            words = settle(here, there, completed).explanation
            with self.subTest(name(entry)):
                if here is Presence.UNREACHABLE:
                    self.assertIn('source', words)
                if there is Presence.UNREACHABLE:
                    self.assertIn('destination', words)
                self.assertIn('cannot be asked', words)

    def test_the_only_host_that_has_the_guest_is_never_destroyed(self):
        for entry in TABLE:
            here, there, completed, _ = entry
            if here in GONE or there in GONE:
                with self.subTest(name(entry)):
                    words = settle(here, there, completed).explanation
                    self.assertNotIn('destroy', words)

    def test_a_host_is_said_to_have_the_guest_only_if_it_has(self):
        for entry in TABLE:
            here, there, completed, _ = entry
            words = settle(here, there, completed).explanation
            with self.subTest(name(entry)):
                if here in GONE:
                    self.assertNotIn('source holds', words)
                    self.assertNotIn('source has the guest', words)
                if there in GONE:
                    self.assertNotIn('destination has the guest', words)

    def test_two_guests_are_final_unless_both_are_paused(self):
        running, paused = Presence.RUNNING, Presence.PAUSED
        for here, there, final in (
            (running, running, True),
            (running, paused, True),
            (paused, running, True),
            (paused, paused, False),
        ):
            with self.subTest(here=here, there=there):
                self.assertIs(final, settle(here, there, False).final)

    def test_what_is_said(self):
        silent, absent = Presence.UNREACHABLE, Presence.ABSENT
        running, switching = Presence.RUNNING, Presence.SWITCHING
        for here, there, completed, words in (
            (
                switching,
                running,
                False,
                'the destination has the guest and the source has it paused',
            ),
            (
                running,
                switching,
                False,
                'the source has the guest; the destination still waits for it',
            ),
            (absent, absent, True, 'neither host has the guest running'),
            (silent, absent, False, 'the source cannot be asked: look'),
            (running, silent, False, 'the destination cannot be asked: look'),
            (
                silent,
                silent,
                False,
                'the source and the destination cannot be asked: look',
            ),
            (
                silent,
                running,
                True,
                'the destination has the guest and the job completed; the '
                'source cannot be asked any more',
            ),
            (
                absent,
                silent,
                True,
                'the source has handed over the guest and the job completed; '
                'the destination cannot be asked any more',
            ),
        ):
            with self.subTest(here=here, there=there):
                found = settle(here, there, completed).explanation
                self.assertEqual(words, found[: len(words)])

    def test_final_is_true_or_false(self):
        for entry in TABLE:
            self.assertIsInstance(settle(*entry[:3]).final, bool)

    def test_two_running_guests_call_for_haste(self):
        found = settle(Presence.RUNNING, Presence.RUNNING, False)
        self.assertIn('both hosts have the guest', found.explanation)
        self.assertIn('stop one', found.explanation)

    def test_a_guest_paused_by_the_migration_is_to_be_resumed(self):
        found = settle(Presence.SWITCHING, Presence.ABSENT, False)
        self.assertIn('resume', found.explanation)

    @ddt.data(*Presence)
    def test_states_that_libvirt_passes_through_are_not_final(self, other):
        for completed in (False, True):
            for sides in (
                (Presence.SWITCHING, other),
                (other, Presence.SWITCHING),
            ):
                with self.subTest(sides=sides, completed=completed):
                    found = settle(*sides, completed)
                    self.assertFalse(found.final)

    @ddt.data(Presence.RUNNING, Presence.PAUSED)
    def test_one_host_with_the_guest_is_final(self, holds):
        for gone in GONE:
            for completed in (False, True):
                self.assertTrue(settle(holds, gone, completed).final)
                self.assertTrue(settle(gone, holds, completed).final)

    def test_a_host_that_is_silent_may_answer_yet(self):
        for entry in TABLE:
            unknown = entry[3] is Ending.UNKNOWN
            if Presence.UNREACHABLE in entry[:2] and unknown:
                self.assertFalse(settle(*entry[:3]).final, name(entry))


class SideTest(unittest.TestCase):
    def test_words(self):
        self.assertEqual(
            [
                *('running', 'paused', 'paused by the migration', 'shut off'),
                *('shut off after a migration', 'absent', 'unreachable'),
            ],
            [str(outcome.Side(presence)) for presence in Presence],
        )
        self.assertEqual(
            ['moved', 'not-moved', 'unknown'], [e.value for e in Ending]
        )

    def test_who_holds_the_guest(self):
        self.assertEqual(
            [Presence.RUNNING, Presence.PAUSED],
            [p for p in Presence if outcome.Side(p).holds],
        )

    def test_it_tells_libvirts_words(self):
        side = outcome.Side(Presence.OFF, 'crashed')
        self.assertEqual('shut off (crashed)', str(side))
        self.assertEqual('absent', str(outcome.Side(Presence.ABSENT)))
