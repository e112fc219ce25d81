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

"""Keep one guest from running on both hosts after a lost answer.

libvirt's source runs its guest again where the destination's answer to Finish
is lost (qemuMigrationSrcPerformPeer2Peer3), and the destination may run it
too. Both write to the disks that they share then. Suspending is what can be
taken back: the destination's guest where it is seen to run, else the source's
for as long as the destination cannot be asked.
"""

import collections.abc
import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import location_advice
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import timed_question

LOG = plan_log.logger(__name__)

Connect = collections.abc.Callable[[], connection.Connection]
#: How long a destination may take to answer while both may write.
_HASTE_SECONDS = 2.0


def is_to_be_ended(
    found: guest_location.Settlement, call: guest_location.CallResult
) -> bool:
    """Tell whether our migration has left the guest running on both hosts."""
    return (
        found.doubt is guest_location.Doubt.BOTH_RUN
        and call is not guest_location.CallResult.NOT_MADE
    )


def suspend_destination(ask: collections.abc.Callable[[], None]) -> str | None:
    """Suspend a guest; return why that failed, None where it did not.

    :param ask: suspends it; may raise HypervisorError, and may never return
    """
    try:
        timed_question.Question(ask).answer(timed_question.QUESTION_SECONDS)
    except exceptions.HypervisorError as err:
        return str(err)
    return None


class SourceSuspension:
    """Suspends the source's guest while the destination may run it unseen.

    :param connect: returns a connection to the source; may raise
        HypervisorError
    :param shared: targets that the guest writes to and that are not copied
    :param resumed: whether it bore the mark of an earlier migration that had
        paused it: nothing tells then whether this one has
    """

    def __init__(
        self,
        connect: Connect,
        uuid: str,
        shared: collections.abc.Collection[str],
        *,
        resumed: bool = False,
    ) -> None:
        self._connect = connect
        self._uuid = uuid
        self._shared = () if resumed else shared
        self._tried = False
        self._suspended = False

    @classmethod
    def before_call(
        cls,
        connect: Connect,
        uuid: str,
        copied: collections.abc.Collection[str],
    ) -> 'SourceSuspension':
        """Look at the guest before libvirt is called.

        :param copied: the targets that are copied
        """
        try:
            host = connect()
            guest = host.guest(uuid)
            disks = domain_xml.parse(guest.xml()).disks
            side = host.look(uuid)
        except exceptions.SelectiveMigrateError as err:
            # The call fails in the same way and reports it.
            LOG.debug('Cannot look at %s before the call: %s', uuid, err)
            return cls(connect, uuid, ())
        shared = [d.target for d in disks if d.writable and d.source]
        shared = [target for target in shared if target not in copied]
        return cls(connect, uuid, shared, resumed=side.resumed)

    @property
    def suspended(self) -> bool:
        """Tell whether the guest is suspended by this."""
        return self._suspended

    def ask(
        self,
        look_at_destination: timed_question.TimedQuestion,
        here: guest_presence.GuestSide,
        call: guest_location.CallResult,
    ) -> guest_presence.GuestSide:
        """Return what the destination has of the guest.

        Where it may run there and does not answer soon, the source's guest
        is suspended before more is waited for.
        """
        in_danger = guest_location.may_run_on_both(here, call)
        if self._tried or not self._shared or not in_danger:
            return look_at_destination()
        there = look_at_destination(_HASTE_SECONDS)
        if there.presence is not guest_presence.Presence.UNREACHABLE:
            return there
        self._suspend()
        return look_at_destination()

    def _suspend(self) -> None:
        self._tried = True
        LOG.warning(
            'The source suspends guest %s: the destination may run it and '
            'cannot be asked, and both would write to %s',
            self._uuid,
            ', '.join(self._shared),
        )
        try:
            self._connect().guest(self._uuid).suspend()
        except exceptions.HypervisorError as err:
            LOG.warning('The source cannot suspend %s: %s', self._uuid, err)
        else:
            self._suspended = True

    def conclude(
        self, found: guest_location.Settlement
    ) -> guest_location.Settlement:
        """Resume a guest that has not moved; else say what it waits for."""
        if not self._suspended:
            return found
        if found.ending is not guest_location.Ending.NOT_MOVED:
            silent = location_advice.SOURCE_HAS_IT_DESTINATION_SILENT
            if found.explanation != silent:
                return found
            return dataclasses.replace(
                found, explanation=location_advice.SOURCE_SUSPENDED
            )
        try:
            self._connect().guest(self._uuid).resume()
        except exceptions.HypervisorError:
            # The guest is not as before, so that "not moved" would be untrue.
            return guest_location.Settlement(
                guest_location.Ending.UNKNOWN,
                location_advice.SOURCE_STAYS_SUSPENDED,
                doubt=guest_location.Doubt.LOCATION,
            )
        self._suspended = False
        return found
