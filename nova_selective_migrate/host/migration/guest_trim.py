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

"""Have a guest trim its file systems before its disks are copied."""

import collections.abc
import dataclasses
import os.path
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.decision import guest_trimming
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.hypervisor import timed_question

LOG = plan_log.logger(__name__)

_POLL_SECONDS = 0.2
# libvirt ends its own wait first.
_GRACE_SECONDS = 5.0

Allocated = collections.abc.Callable[[str], int | None]


@dataclasses.dataclass(frozen=True)
class TrimResult:
    """What a trim came to.

    :ivar saved_bytes: by which the images became smaller; None where that
        is not known
    :ivar why_not: why nothing was trimmed, or not all
    """

    seconds: float = 0.0
    saved_bytes: int | None = None
    why_not: str | None = None

    def __str__(self) -> str:
        if self.why_not:
            return f'the guest did not trim: {self.why_not}'
        saved = 'an unknown number of'
        if self.saved_bytes is not None:
            saved = str(self.saved_bytes)
        return f'the guest trimmed {saved} bytes in {self.seconds:.1f} s'


def trim(
    guest: libvirt_guest.Guest,
    wanted: guest_trimming.GuestTrimming,
    allocated: Allocated,
    aborted: collections.abc.Callable[[], bool],
) -> TrimResult | None:
    """Ask the agent, and wait no longer than allowed; never raises.

    :param allocated: returns the bytes that an image takes
    :param aborted: tells whether the migration is to be aborted
    :returns: None where nothing was asked for
    """
    if wanted.why_not:
        return TrimResult(why_not=wanted.why_not)
    if not wanted.images:
        return None
    began = time.monotonic()
    before = _total(wanted, allocated)
    why = _ask(guest, wanted.seconds, aborted)
    after = _total(wanted, allocated)
    saved = None
    if before is not None and after is not None:
        saved = max(before - after, 0)
    found = TrimResult(time.monotonic() - began, saved, why)
    LOG.info('%s: %s', guest.name, found)
    return found


def _ask(
    guest: libvirt_guest.Guest,
    seconds: int,
    aborted: collections.abc.Callable[[], bool],
) -> str | None:
    """Return why the guest has not trimmed; None where it has."""

    def trims() -> bool:
        guest.trim(seconds)
        return True

    question = timed_question.Question(trims)
    deadline = time.monotonic() + seconds + _GRACE_SECONDS
    while not question.wait(_POLL_SECONDS):
        if aborted():
            return 'the migration was aborted'
        if time.monotonic() > deadline:
            return f'its agent gave no answer in {seconds} s'
    try:
        question.answer(0)
    except Exception as err:
        # Whatever it is, the guest moves without.
        return ' '.join(str(err).split())
    return None


def _total(
    wanted: guest_trimming.GuestTrimming, allocated: Allocated
) -> int | None:
    sizes = [allocated(path) for path in wanted.images.values()]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def allocated_here(path: str) -> int | None:
    """Return what an image of this host takes; None where not known."""
    try:
        return local_storage.local_facts(path).allocated_bytes
    except exceptions.SelectiveMigrateError:
        return None


def allocated_at(source: connection.Connection) -> Allocated:
    """Return how to learn what an image of a host takes."""
    if source.is_local:
        return allocated_here

    def allocated(path: str) -> int | None:
        folder, name = os.path.split(storage_facts.tidy(path))
        try:
            with storage_pools.directory(source, folder) as seen:
                if isinstance(seen, pool_directory.PoolDirectory):
                    return seen.facts(name).allocated_bytes
        except exceptions.SelectiveMigrateError:
            pass  # what is not known is not told
        return None

    return allocated
