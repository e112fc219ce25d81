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

"""Where the guest is, for every state of both hosts and end of the call.

The tables are written by hand from these rules. One host alone holds the
guest, or the answer is unknown. "Not moved" takes that the source has it as
before, or has it off, and that the destination cannot have run it: nothing
of it is there, or it waits, or the source never paused the guest, or libvirt
says that the source's own part has failed. "Moved" takes that the
destination holds it, or that the source has confirmed it, while the
destination is not seen to have nothing.

Rows are the source, columns the destination: running, resumed after a
migration had paused it (z), paused, switching, in post-copy (c), failed in
post-copy (f), off, marked as migrated, absent, silent.
"""

import itertools
import unittest

import ddt

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job.guest_location import CallResult
from nova_selective_migrate.core.job.guest_location import Doubt
from nova_selective_migrate.core.job.guest_location import Ending
from nova_selective_migrate.core.job.guest_presence import GuestSide
from nova_selective_migrate.core.job.guest_presence import Presence

LETTERS = {
    letter: GuestSide(presence)
    for letter, presence in zip('rpscfoma?', Presence, strict=True)
}
LETTERS['z'] = GuestSide(Presence.RUNNING, resumed=True)
THERE = 'rpscfoma?'
ENDINGS = {
    'M': Ending.MOVED,
    'N': Ending.NOT_MOVED,
    '.': Ending.UNKNOWN,
}
#: The source's own part has failed, or was aborted.
FAILED = """
     r p s c f o m a ?
  r  . . N . . N N N N
  z  . . N . . N N N N
  p  . . N . . N N N N
  s  . . . . . . . N .
  c  . . . . . . . . .
  f  . . . . . . . . .
  o  M M . . . N N N N
  m  M M . . . . . . M
  a  M M . . . . . . .
  ?  . . . . . . . . .
"""
#: Nothing is known of the call.
NOT_KNOWN = """
     r p s c f o m a ?
  r  . . N . . N N N N
  z  . . N . . . N N .
  p  . . N . . . N N .
  s  . . . . . . . N .
  c  . . . . . . . . .
  f  . . . . . . . . .
  o  M M . . . . . N .
  m  M M . . . . . . M
  a  M M . . . . . . .
  ?  . . . . . . . . .
"""
#: The connection broke: what the source no longer has was handed over.
LOST = NOT_KNOWN.replace('a  M M . . . . . . .', 'a  M M . . . . . . M')
SUCCEEDED = """
     r p s c f o m a ?
  r  . . . . . . . . .
  z  . . . . . . . . .
  p  . . . . . . . . .
  s  . . . . . . . . .
  c  . . . . . . . . .
  f  . . . . . . . . .
  o  M M . . . . . . M
  m  M M . . . . . . M
  a  M M . . . . . . M
  ?  M M . . . . . . .
"""
#: Whatever is at the destination came otherwise.
NOT_MADE = """
     r p s c f o m a ?
  r  . . N . . N N N N
  z  . . N . . N N N N
  p  . . N . . N N N N
  s  . . . . . . . N .
  c  . . . . . . . . .
  f  . . . . . . . . .
  o  N N N N . N N N N
  m  . . . . . . . . .
  a  . . . . . . . . .
  ?  . . . . . N N N .
"""
TABLES = {
    CallResult.FAILED: FAILED,
    CallResult.ABORTED: FAILED,
    CallResult.NOT_KNOWN: NOT_KNOWN,
    CallResult.LOST: LOST,
    CallResult.SUCCEEDED: SUCCEEDED,
    CallResult.NOT_MADE: NOT_MADE,
}
GONE = {Presence.OFF, Presence.MIGRATED, Presence.ABSENT}
HOLD = {Presence.RUNNING, Presence.PAUSED}


def entries():
    """Yield source, destination, call and the wanted ending."""
    for call, table in TABLES.items():
        head, *rows = [line.split() for line in table.strip().splitlines()]
        for row in rows:
            for letter, want in zip(head, row[1:], strict=True):
                yield LETTERS[row[0]], LETTERS[letter], call, ENDINGS[want]


TABLE = [*entries()]


def name(entry) -> str:
    here, there, call, _ = entry
    resumed = ' resumed' if here.resumed else ''
    return f'{here}{resumed}, {there}, {call.value}'


@ddt.ddt
class LocateTest(unittest.TestCase):
    def each(self):
        """Yield every entry with what is found; a failure names it."""
        for entry in TABLE:
            self.entry = name(entry)
            yield *entry, guest_location.locate(*entry[:3])

    entry = ''

    def _formatMessage(self, msg, standardMsg):
        return f'{self.entry}: {super()._formatMessage(msg, standardMsg)}'

    def test_the_table_is_complete(self):
        there = [LETTERS[letter] for letter in THERE]
        every = itertools.product(LETTERS.values(), there, CallResult)
        self.assertEqual({*every}, {entry[:3] for entry in TABLE})

    def test_every_state_has_the_ending_of_the_table(self):
        for _, _, _, want, found in self.each():
            self.assertIs(want, found.ending)

    def test_what_may_have_run_there_is_never_said_not_to_have(self):
        """What was made there is removed after that."""
        for here, there, call, _, found in self.each():
            if found.ending is not Ending.NOT_MOVED:
                continue
            if call is CallResult.NOT_MADE:
                continue
            self.assertNotIn(there.presence, HOLD)
            self.assertNotIn(Presence.POSTCOPY_FAILED, {here.presence})
            self.assertNotIn(Presence.POSTCOPY_FAILED, {there.presence})

    def test_a_postcopy_that_failed_is_a_state_of_its_own(self):
        for here, there, _, _, found in self.each():
            if Presence.POSTCOPY_FAILED in (here.presence, there.presence):
                self.assertIs(Doubt.POSTCOPY_FAILED, found.doubt)
                self.assertTrue(found.final)
                self.assertIn('post-copy has failed', found.explanation)

    def test_a_torn_guest_has_its_newest_disks_at_the_destination(self):
        """Nobody is to start it from what the source has."""
        lost = {Presence.ABSENT, Presence.OFF}
        for here, there, _, _, found in self.each():
            failed = Presence.POSTCOPY_FAILED in (
                here.presence,
                there.presence,
            )
            never_told = here.presence is Presence.POSTCOPY
            if failed or (never_told and there.presence in lost):
                self.assertRegex(
                    found.explanation,
                    'newest (memory and )?disks .*(destination|are there)',
                )

    def test_its_halves_are_to_be_joined_where_both_are_there(self):
        half = GuestSide(Presence.POSTCOPY_FAILED)
        found = guest_location.locate(half, half)
        for words in ('destroy neither', '--postcopy-resume', '8.5'):
            self.assertIn(words, found.explanation)
        found = guest_location.locate(half, GuestSide(Presence.ABSENT))
        self.assertNotIn('resume', found.explanation)

    def test_an_unknown_ending_says_what_to_look_at_and_why(self):
        for _, _, _, want, found in self.each():
            unknown = want is Ending.UNKNOWN
            self.assertEqual(unknown, found.doubt is not None)
            if unknown:
                self.assertIn('look', found.explanation.lower())

    def test_a_host_that_cannot_be_asked_is_named(self):
        silent = Presence.UNREACHABLE
        aside = (Presence.POSTCOPY, Presence.POSTCOPY_FAILED)
        for here, there, call, _, found in self.each():
            sides = (here.presence, there.presence)
            if silent not in sides or {*sides} & {*aside}:
                continue
            if call is CallResult.NOT_MADE or found.ending is Ending.NOT_MOVED:
                continue
            if call is CallResult.SUCCEEDED and here.holds:
                continue
            for presence, word in zip(
                sides, ('source', 'destination'), strict=True
            ):
                if presence is silent:
                    self.assertIn(word, found.explanation)
            self.assertIn('cannot be asked', found.explanation)

    def test_the_only_host_that_has_the_guest_is_never_destroyed(self):
        for here, there, _, _, found in self.each():
            if here.presence in GONE or there.presence in GONE:
                self.assertNotIn('destroy ', found.explanation)

    def test_a_host_is_said_to_have_the_guest_only_if_it_has(self):
        for here, there, _, _, found in self.each():
            if here.presence in GONE:
                self.assertNotIn('source has the guest as', found.explanation)
            if there.presence in GONE:
                self.assertNotIn(
                    'destination has the guest,', found.explanation
                )

    @ddt.data(*CallResult)
    def test_two_running_guests_call_for_haste(self, call):
        running = GuestSide(Presence.RUNNING)
        found = guest_location.locate(running, running, call)
        self.assertIs(Doubt.BOTH_RUN, found.doubt)
        self.assertTrue(found.final)
        for words in ('both hosts run', 'suspend', 'destroy that of the'):
            self.assertIn(words, found.explanation)

    def test_it_is_in_doubt_whether_both_run_only_if_they_do(self):
        for here, there, _, _, found in self.each():
            both = {here.presence, there.presence} == {Presence.RUNNING}
            self.assertEqual(both, found.doubt is Doubt.BOTH_RUN)

    def test_two_guests_are_final_unless_both_are_paused(self):
        running, paused = (
            GuestSide(Presence.RUNNING),
            GuestSide(Presence.PAUSED),
        )
        for here, there, final in (
            (running, paused, True),
            (paused, running, True),
            (paused, paused, False),
        ):
            with self.subTest(here=here, there=there):
                found = guest_location.locate(here, there)
                self.assertIs(final, found.final)

    def test_a_guest_paused_by_the_migration_is_to_be_resumed(self):
        found = guest_location.locate(
            GuestSide(Presence.SWITCHING), GuestSide(Presence.ABSENT)
        )
        self.assertIn('resume', found.explanation)

    @ddt.data(*Presence)
    def test_states_that_libvirt_passes_through_are_not_final(self, other):
        switching, beside = GuestSide(Presence.SWITCHING), GuestSide(other)
        if other is Presence.POSTCOPY_FAILED:
            return
        for call in CallResult:
            if call is CallResult.NOT_MADE:
                continue
            for sides in ((switching, beside), (beside, switching)):
                with self.subTest(sides=sides, call=call):
                    found = guest_location.locate(*sides, call)
                    self.assertFalse(found.final)

    @ddt.data(Presence.RUNNING, Presence.PAUSED)
    def test_one_host_with_the_guest_is_final(self, holds):
        for gone in GONE:
            found = guest_location.locate(
                GuestSide(holds), GuestSide(gone), CallResult.FAILED
            )
            self.assertTrue(found.final)
            self.assertTrue(
                guest_location.locate(GuestSide(gone), GuestSide(holds)).final
            )

    def test_a_host_that_is_silent_may_answer_yet(self):
        silent = Presence.UNREACHABLE
        for here, there, _, want, found in self.each():
            sides = (here.presence, there.presence)
            if Presence.POSTCOPY_FAILED in sides or silent not in sides:
                continue
            if want is Ending.UNKNOWN:
                self.assertFalse(found.final)

    def test_a_migration_that_goes_on_is_nowhere_yet(self):
        """Not even where it cannot be told to have ended (h5)."""
        for here, there, call, _, _ in self.each():
            if call in (CallResult.SUCCEEDED, CallResult.NOT_MADE):
                continue
            if Presence.POSTCOPY_FAILED in (here.presence, there.presence):
                continue
            found = guest_location.locate(here, there, call, job_over=False)
            self.assertIs(Ending.UNKNOWN, found.ending)
            # No host can give it back its newest memory.
            lost = (
                here.presence is Presence.POSTCOPY and there.presence in GONE
            )
            self.assertEqual(lost, found.final)
            self.assertIs(
                Doubt.POSTCOPY_FAILED if lost else Doubt.MIGRATES, found.doubt
            )

    @ddt.data(True, False)
    def test_post_copy_has_advice_of_its_own(self, job_over):
        """A daemon that was killed in it keeps the job for ever."""
        for there in (*GONE, Presence.UNREACHABLE, Presence.RUNNING):
            found = guest_location.locate(
                GuestSide(Presence.POSTCOPY),
                GuestSide(there),
                CallResult.LOST,
                job_over=job_over,
            )
            self.assertIs(Ending.UNKNOWN, found.ending)
            newest = 'newest disks are at the destination'
            self.assertEqual(there in GONE, newest in found.explanation)
            self.assertEqual(
                there not in GONE, 'destroy neither' in found.explanation
            )

    def test_somebody_elses_job_is_not_ours(self):
        found = guest_location.locate(
            GuestSide(Presence.RUNNING),
            GuestSide(Presence.ABSENT),
            CallResult.NOT_MADE,
            job_over=False,
        )
        self.assertIs(Ending.NOT_MOVED, found.ending)

    @ddt.data(*GONE)
    def test_what_had_been_found_there_has_moved(self, here):
        for there in Presence:
            if there is Presence.POSTCOPY_FAILED:
                continue
            with self.subTest(there):
                found = guest_location.locate(
                    GuestSide(here), GuestSide(there), was_there=True
                )
                self.assertIs(Ending.MOVED, found.ending)

    def test_and_is_not_the_source_s_again(self):
        for here, there in itertools.product(HOLD, Presence):
            found = guest_location.locate(
                GuestSide(here), GuestSide(there), was_there=True
            )
            self.assertIs(Ending.UNKNOWN, found.ending)

    @ddt.data(Presence.RUNNING, Presence.PAUSED)
    def test_the_destination_alone_does_not_prove_a_move(self, there):
        """A source whose daemon has ended may have the guest paused."""
        silent = GuestSide(Presence.UNREACHABLE)
        arrived = GuestSide(there, arrived=True)
        found = guest_location.locate(silent, arrived, CallResult.LOST)
        self.assertIs(Ending.UNKNOWN, found.ending)
        self.assertFalse(found.final)
        self.assertIn('job that brought it', found.explanation)
        self.assertIn('destroy that of the source', found.explanation)
        other = guest_location.locate(silent, GuestSide(there))
        self.assertIs(Ending.UNKNOWN, other.ending)
        self.assertNotIn('destroy', other.explanation)
        found = guest_location.locate(silent, arrived, CallResult.SUCCEEDED)
        self.assertIs(Ending.MOVED, found.ending)

    def test_who_has_not_asked_knows_no_more_than_who_got_no_answer(self):
        silent = GuestSide(Presence.UNREACHABLE)
        for here, call in itertools.product(LETTERS.values(), CallResult):
            with self.subTest(here=here, call=call):
                self.assertIs(
                    guest_location.locate(here, silent, call).ending,
                    guest_location.locate(
                        here, guest_presence.NOT_ASKED, call
                    ).ending,
                )


class BothRanTest(unittest.TestCase):
    def test_it_says_which_to_destroy_after_a_look(self):
        found = guest_location.both_ran(None)
        self.assertIs(Ending.UNKNOWN, found.ending)
        self.assertIs(Doubt.BOTH_RUN, found.doubt)
        self.assertTrue(found.final)
        for words in (
            *('suspended at once', 'virsh resume', 'look at both'),
            'destroy that of the destination',
        ):
            self.assertIn(words, found.explanation)

    def test_the_advice_is_in_what_nova_keeps_of_a_fault(self):
        """255 characters, of which the start names the migration."""
        said = guest_location.both_ran(None).explanation
        self.assertLess(said.index('destroy that of the destination'), 170)

    def test_it_says_why_it_was_not_suspended(self):
        found = guest_location.both_ran('no monitor')
        self.assertIn('no monitor', found.explanation)
        self.assertIn('virsh suspend', found.explanation)
        self.assertTrue(found.final)


class SideTest(unittest.TestCase):
    def test_words(self):
        self.assertEqual(
            [
                *('running', 'paused', 'paused by the migration'),
                *('paused in post-copy', 'in a post-copy that failed'),
                *('shut off', 'shut off after a migration', 'absent'),
                'unreachable',
            ],
            [str(GuestSide(presence)) for presence in Presence],
        )
        self.assertEqual(
            ['moved', 'not-moved', 'unknown'], [e.value for e in Ending]
        )

    def test_who_holds_the_guest(self):
        self.assertEqual(
            [Presence.RUNNING, Presence.PAUSED],
            [p for p in Presence if GuestSide(p).holds],
        )

    def test_what_may_be_the_newest(self):
        self.assertEqual(
            [Presence.SWITCHING, Presence.ABSENT],
            [p for p in Presence if not GuestSide(p).may_have_run],
        )

    def test_it_tells_libvirts_words(self):
        side = GuestSide(Presence.OFF, 'crashed')
        self.assertEqual('shut off (crashed)', str(side))
        self.assertEqual('absent', str(GuestSide(Presence.ABSENT)))
