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

"""The rule that tells where the guest of a migration is.

The command line, the driver and a driver that starts again after a crash use
it; each leaves out what it does not know.

The rule builds on what libvirt does (qemuMigrationSrcPerformPeer2Peer3,
qemuMigrationDstFinish, qemuMigrationSrcConfirmPhase):

- The destination runs the guest only after the source has paused it and has
  sent all of it, and only when it is told to by Finish.
- Where the answer to Finish is lost the source resumes the guest, and the
  destination may run it.
- The source undefines the guest, or marks it as migrated, only after the
  destination has confirmed that it runs there.
"""

import dataclasses
import enum

from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import location_advice


class CallResult(enum.Enum):
    """What is known of the call that was to migrate the guest.

    ABORTED and FAILED end the source's own part of the migration: libvirt
    tells the destination that it is cancelled. LOST is a broken connection:
    the destination may have done the rest. NOT_KNOWN is any other error, or a
    call of an earlier process.
    """

    NOT_MADE = 'not made'
    SUCCEEDED = 'succeeded'
    ABORTED = 'aborted'
    FAILED = 'failed'
    LOST = 'lost'
    NOT_KNOWN = 'untold'


#: The destination was never told to run the guest.
_NOT_HANDED_OVER = (
    CallResult.NOT_MADE,
    CallResult.ABORTED,
    CallResult.FAILED,
)


class Ending(enum.Enum):
    """Where the guest is after a migration."""

    MOVED = 'moved'
    NOT_MOVED = 'not-moved'
    UNKNOWN = 'unknown'


class Doubt(enum.Enum):
    """Why it is unknown where the guest is."""

    BOTH_RUN = 'runs-on-both-hosts'
    BOTH_HAVE = 'on-both-hosts'
    POSTCOPY_FAILED = 'post-copy-failed'
    MIGRATES = 'still-migrating'
    LOCATION = 'location-unknown'


@dataclasses.dataclass(frozen=True)
class Settlement:
    """An ending and what it follows from.

    :ivar final: False while waiting can still change it
    :ivar doubt: of an ending that is unknown
    """

    ending: Ending
    explanation: str
    final: bool = True
    doubt: Doubt | None = None


_STOPPED = Settlement(Ending.NOT_MOVED, location_advice.STOPPED_ON_SOURCE)


def locate(
    source: guest_presence.GuestSide,
    destination: guest_presence.GuestSide,
    call: CallResult = CallResult.NOT_KNOWN,
    *,
    job_over: bool = True,
    was_there: bool = False,
) -> Settlement:
    """Judge where the guest is.

    "Not moved" requires that the source has the guest as before and that the
    destination cannot have run it, as the caller then removes what was made
    there.

    :param destination: NOT_ASKED where nobody has looked
    :param job_over: False while a migration runs on the source, or may
    :param was_there: whether it was found at the destination before
    """
    here, there = source.presence, destination.presence
    succeeded = call is CallResult.SUCCEEDED
    if guest_presence.Presence.POSTCOPY_FAILED in (here, there):
        return _postcopy_failed(here, there)
    if not job_over and not (succeeded or call is CallResult.NOT_MADE):
        return _migrating(here, there)
    if here in guest_presence.HOLDS and there in guest_presence.HOLDS:
        return _both(here, there)
    if here in guest_presence.HOLDS:
        return _on_source(source, there, call, was_there=was_there)
    if here in guest_presence.GONE:
        return _gone(here, there, call, was_there=was_there)
    untouched = call is CallResult.NOT_MADE and there in guest_presence.GONE
    if here is guest_presence.Presence.UNREACHABLE and untouched:
        return Settlement(
            Ending.NOT_MOVED, location_advice.NOT_ASKED_TO_MIGRATE
        )
    if here is guest_presence.Presence.UNREACHABLE:
        if there in guest_presence.HOLDS and (succeeded or was_there):
            return Settlement(
                Ending.MOVED, location_advice.MOVED_SOURCE_SILENT
            )
        if there in guest_presence.HOLDS and destination.arrived:
            # A daemon that ends after Finish comes back with it paused.
            return _unknown(location_advice.ARRIVED_SOURCE_SILENT)
        return _silent(here, there)
    return _held(here, there, succeeded=succeeded)


def _migrating(
    here: guest_presence.Presence, there: guest_presence.Presence
) -> Settlement:
    """Judge while the migration runs, or may."""
    if here is guest_presence.Presence.POSTCOPY:
        return _in_postcopy(there, Doubt.MIGRATES)
    return _unknown(location_advice.STILL_MIGRATES, Doubt.MIGRATES)


def _in_postcopy(
    there: guest_presence.Presence, doubt: Doubt = Doubt.LOCATION
) -> Settlement:
    """Judge where the source sends memory to a guest that runs already.

    A destination that has lost that guest gets it back from no source. libvirt
    can keep such a job for minutes, or for ever.
    """
    if there in guest_presence.GONE:
        return _unknown(
            location_advice.postcopy_lost_destination(there.value),
            Doubt.POSTCOPY_FAILED,
            final=True,
        )
    return _unknown(location_advice.IN_POSTCOPY, doubt)


def _on_source(
    source: guest_presence.GuestSide,
    there: guest_presence.Presence,
    call: CallResult,
    *,
    was_there: bool,
) -> Settlement:
    """Judge where the source has the guest, and the destination does not."""
    if call is CallResult.SUCCEEDED or was_there:
        return _unknown(
            location_advice.succeeded_and_source_has_it(there.value)
        )
    never_paused = (
        source.presence is guest_presence.Presence.RUNNING
        and not source.resumed
    )
    kept = never_paused or call in _NOT_HANDED_OVER
    # MIGRATED there is of an earlier migration, away from that host.
    absent = (
        there is guest_presence.Presence.ABSENT
        or there is guest_presence.Presence.MIGRATED
    )
    if absent or (kept and there is guest_presence.Presence.OFF):
        return Settlement(Ending.NOT_MOVED, location_advice.AS_BEFORE)
    if there is guest_presence.Presence.SWITCHING:
        return Settlement(
            Ending.NOT_MOVED, location_advice.DESTINATION_WAITS, final=False
        )
    if kept and there is guest_presence.Presence.UNREACHABLE:
        return Settlement(Ending.NOT_MOVED, location_advice.NEVER_HANDED_OVER)
    if there is guest_presence.Presence.UNREACHABLE:
        return _unknown(location_advice.SOURCE_HAS_IT_DESTINATION_SILENT)
    return _unknown(
        location_advice.source_has_it_other_may_have_run(there.value)
    )


def _gone(
    here: guest_presence.Presence,
    there: guest_presence.Presence,
    call: CallResult,
    *,
    was_there: bool,
) -> Settlement:
    """Judge where the source has the guest no more, or has it off."""
    if call is CallResult.NOT_MADE:
        if here is guest_presence.Presence.OFF:
            return _STOPPED
        return _unknown(location_advice.GONE_BEFORE_THE_CALL)
    if there in guest_presence.HOLDS:
        return Settlement(Ending.MOVED, 'the destination has the guest')
    if was_there:
        return Settlement(
            Ending.MOVED, 'the destination was seen to have the guest'
        )
    if there is guest_presence.Presence.UNREACHABLE:
        # Where the connection broke, nobody else can have undefined it.
        if (
            call is CallResult.SUCCEEDED
            or here is guest_presence.Presence.MIGRATED
            or (
                here is guest_presence.Presence.ABSENT
                and call is CallResult.LOST
            )
        ):
            return Settlement(
                Ending.MOVED, location_advice.HANDED_OVER_DESTINATION_SILENT
            )
        if here is guest_presence.Presence.OFF and call in _NOT_HANDED_OVER:
            return _STOPPED
        return _silent(here, there)
    if (
        here is guest_presence.Presence.OFF
        and call is not CallResult.SUCCEEDED
        and there in guest_presence.GONE
        and (
            there is guest_presence.Presence.ABSENT or call in _NOT_HANDED_OVER
        )
    ):
        return _STOPPED
    return _unknown(location_advice.NOWHERE)


def _held(
    here: guest_presence.Presence,
    there: guest_presence.Presence,
    *,
    succeeded: bool,
) -> Settlement:
    """Judge where the source has the guest paused by the migration."""
    if here is guest_presence.Presence.POSTCOPY:
        return _in_postcopy(there)
    if there is guest_presence.Presence.UNREACHABLE:
        return _silent(here, there)
    if there in guest_presence.HOLDS:
        return _unknown(location_advice.PAUSED_ON_SOURCE, Doubt.BOTH_HAVE)
    if there is guest_presence.Presence.ABSENT and not succeeded:
        return Settlement(
            Ending.NOT_MOVED, location_advice.RESUME_ON_SOURCE, final=False
        )
    return _unknown(location_advice.NOWHERE)


def may_run_on_both(
    source: guest_presence.GuestSide, call: CallResult
) -> bool:
    """Tell whether the source runs a guest that it may have handed over."""
    runs = (
        source.presence is guest_presence.Presence.RUNNING and source.resumed
    )
    return runs and call not in _NOT_HANDED_OVER


def both_ran(failure: str | None) -> Settlement:
    """Judge where both ran the guest, after what was done about it.

    :param failure: why it could not be suspended
    """
    if failure is not None:
        return _unknown(
            location_advice.both_run_not_suspended(failure),
            Doubt.BOTH_RUN,
            final=True,
        )
    return _unknown(location_advice.BOTH_RAN, Doubt.BOTH_RUN, final=True)


def _both(
    here: guest_presence.Presence, there: guest_presence.Presence
) -> Settlement:
    """Judge where both hosts have the guest, running or paused."""
    running = guest_presence.Presence.RUNNING
    if here is running and there is running:
        return _unknown(location_advice.BOTH_RUN, Doubt.BOTH_RUN, final=True)
    if here is running:
        return _unknown(
            location_advice.SOURCE_RUNS_OTHER_PAUSED,
            Doubt.BOTH_HAVE,
            final=True,
        )
    if there is running:
        return _unknown(
            location_advice.DESTINATION_RUNS_OTHER_PAUSED,
            Doubt.BOTH_HAVE,
            final=True,
        )
    # During the switch-over a paused guest is paused on both hosts.
    return _unknown(location_advice.BOTH_PAUSED, Doubt.BOTH_HAVE)


def _postcopy_failed(
    here: guest_presence.Presence, there: guest_presence.Presence
) -> Settlement:
    """Judge a post-copy of which a part never came."""
    if here in guest_presence.GONE:
        words = location_advice.postcopy_lost_memory(here.value)
    elif there in guest_presence.GONE:
        words = location_advice.postcopy_lost_guest(there.value)
    else:
        words = location_advice.POSTCOPY_BROKEN
    return _unknown(words, Doubt.POSTCOPY_FAILED, final=True)


def _silent(
    here: guest_presence.Presence, there: guest_presence.Presence
) -> Settlement:
    """Judge with one host, or both, not answering."""
    silent = ' and the '.join(
        name
        for name, presence in (('source', here), ('destination', there))
        if presence is guest_presence.Presence.UNREACHABLE
    )
    return _unknown(location_advice.host_silent(silent))


def _unknown(
    words: str, doubt: Doubt = Doubt.LOCATION, *, final: bool = False
) -> Settlement:
    return Settlement(Ending.UNKNOWN, words, final, doubt)
