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

"""Audit this host's guests now and then, a little at a time.

One thread. It asks libvirt as nova does, holds none of nova's locks, and
rests after each guest so that it takes a small share of the time.
"""

import collections.abc
import json
import os
import threading
import time

from oslo_log import log as logging

from nova_selective_migrate.compute.common import whole_files
from nova_selective_migrate.core.plan import host_audit

LOG = logging.getLogger(__name__)

#: Of the thread's time, what it works at most.
SHARE = 0.05
#: nova-compute has other work when it starts.
_FIRST_SECONDS = 60.0

Audits = collections.abc.Callable[
    [], collections.abc.Iterator[host_audit.GuestAudit]
]


class PeriodicAudit:
    """Writes the audit of this host, again and again until it is stopped.

    :param interval: seconds from the end of one to the begin of the next
    :param path: of the file with the JSON of an audit
    :param host: by which the audit names this host
    :param audits: plans the guests one by one, each when it is asked for it
    :param nova: this host as nova has it
    """

    def __init__(
        self,
        interval: float,
        path: str,
        host: str,
        audits: Audits,
        clock: collections.abc.Callable[[], float] = time.monotonic,
        nova: host_audit.NovaHost | None = None,
    ) -> None:
        self._interval = interval
        self._path = path
        self._host = host
        self._audits = audits
        self._nova = nova
        self._clock = clock
        self._ended = threading.Event()
        self._failed = False

    def start(self) -> None:
        """Begin; the first audit is made soon."""
        threading.Thread(
            target=self._run, name='selective-migrate-audit', daemon=True
        ).start()

    def stop(self) -> None:
        """Make no more; an audit that is under way is given up."""
        self._ended.set()

    def _run(self) -> None:
        pause = min(self._interval, _FIRST_SECONDS)
        while not self._ended.wait(pause):
            self.audit()
            pause = self._interval

    def audit(self) -> None:
        """Make one audit and write it; never raises."""
        try:
            guests = self._guests()
            if guests is None:
                return
            found = host_audit.HostAudit(
                self._host, None, None, guests, self._nova
            )
            text = f'{json.dumps(found.tree(), indent=2)}\n'
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            whole_files.write(self._path, text.encode(), 0o640)
        except Exception as err:
            # The thread's boundary: the next round tries again.
            if not self._failed:
                LOG.warning('This host is not audited: %r', err)
            self._failed = True
        else:
            self._failed = False

    def _guests(self) -> tuple[host_audit.GuestAudit, ...] | None:
        """Plan all guests; None where it is to end before that."""
        found = []
        guests = self._audits()
        while True:
            began = self._clock()
            guest = next(guests, None)
            worked = max(self._clock() - began, 0.0)
            if guest is not None:
                found.append(guest)
            if self._ended.wait(worked * (1 / SHARE - 1)):
                return None
            if guest is None:
                # As nova-selective-migrate lists them.
                return tuple(sorted(found, key=lambda one: one.name))
