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


"""What is done with a migration that runs: post-copy begun, a guest held.

virsh does the same in a thread of its own (virshMigrateTimeout and
virshMigratePostCopy in virsh-domain.c).
"""

import collections.abc
import time
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.host.hypervisor import libvirt_guest

LOG = plan_log.logger(__name__)

# What QEMU sends in its first pass is all of memory.
_SECOND_PASS = 2
Notify = collections.abc.Callable[[str], None]


class TimedActions:
    """Takes the actions that the options ask for, each once.

    :param clock: seconds of a clock that nobody sets
    """

    def __init__(
        self,
        guest: libvirt_guest.Guest,
        transport: transport_options.TransportOptions,
        notify: Notify,
        clock: collections.abc.Callable[[], float] = time.monotonic,
    ) -> None:
        self._guest = guest
        self._transport = transport
        self._notify = notify
        self._clock = clock
        self._began = clock()
        self._follows = False
        self._suspended = False

    def look(
        self, job: collections.abc.Mapping[str, typing.Any], *, called: bool
    ) -> None:
        """Look at a migration, several times a second; never raises.

        :param job: its statistics, as libvirt names them
        :param called: whether libvirt has been called
        """
        if not called:
            self._began = self._clock()
            return
        limit = self._transport.timeout
        late = limit > 0 and self._clock() - self._began >= limit
        action = self._transport.timeout_action
        if late and action is transport_options.TimeoutAction.SUSPEND:
            self._suspend()
        after_pass = (
            self._transport.postcopy_after_precopy
            and int(job.get('memory_iteration', 0)) >= _SECOND_PASS
        )
        if after_pass or (
            late and action is transport_options.TimeoutAction.POSTCOPY
        ):
            self._follow()

    def _suspend(self) -> None:
        if self._suspended:
            return
        self._suspended = True
        try:
            self._guest.suspend()
        except exceptions.HypervisorError as err:
            # It has moved, or is about to.
            LOG.info('%s', err)
            return
        self._notify(
            f'after {self._transport.timeout} s the guest is suspended until '
            'it has moved'
        )

    def _follow(self) -> None:
        """Begin post-copy, which libvirt takes once memory is being sent."""
        if not self._follows and self._guest.start_postcopy():
            self._follows = True
            self._notify('post-copy has begun')
