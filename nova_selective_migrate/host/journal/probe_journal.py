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

"""The journal of probes: pools and markers made to look at a host."""

import collections.abc
import contextlib
import dataclasses
import datetime
import os
import re
import threading
import time
import typing
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import file_locks
from nova_selective_migrate.host.journal import journal_entries

#: Prefix of the names of the pools and markers that we make.
PREFIX = 'nova-selective-migrate-'

# Seconds. No probe lasts so long: the process of an older pool has ended.
_STALE_SECONDS = 120.0
_NAME = re.compile(rf'{PREFIX}([0-9a-f-]{{36}})-([0-9]+)-[0-9a-f]{{8}}')


@dataclasses.dataclass(frozen=True)
class ProbePlace:
    """A directory of a host that a probe looks into.

    :ivar host: UUID as libvirt gives it
    :ivar uri: libvirt's, without user and password
    """

    host: str
    uri: str
    directory: str


@dataclasses.dataclass(frozen=True)
class Probe:
    """Where one process has put, or was about to put, pools and markers.

    :ivar look_id: is in the names of all of them
    :ivar began: UTC, ISO 8601
    """

    look_id: str
    began: str
    places: tuple[ProbePlace, ...] = ()

    @classmethod
    def loads(cls, tree: typing.Any) -> 'Probe':
        """Read a probe from JSON's types; raises what a wrong one does."""
        places = tuple(ProbePlace(**place) for place in tree['places'])
        uuid.UUID(tree['look_id'])
        return cls(tree['look_id'], str(tree['began']), places)

    def names(self, name: str) -> bool:
        """Tell whether the name of a pool or a marker is one of these."""
        return name.lstrip('.').startswith(f'{PREFIX}{self.look_id}')


class ProbeJournal:
    """The probes of this process, and those of earlier ones.

    Safe to use from several threads.
    """

    def __init__(self, directory: str) -> None:
        self._entries = journal_entries.JournalEntries(
            os.path.join(directory, 'looks')
        )
        self._lock = threading.Lock()
        self._look: Probe | None = None
        self._alive: file_locks.FileLock | None = None
        self._open = 0
        self._closed = False
        self._kept = False

    @contextlib.contextmanager
    def into(
        self, host: str, uri: str, directory: str
    ) -> collections.abc.Iterator[str]:
        """Enter a probe of a directory, before anything is made there.

        :param host: its UUID
        :param uri: libvirt's, without user and password
        :returns: an id for the names of what is put there
        :raises JournalFailed: when the entry cannot be written
        :raises Interrupted: when nothing is to be begun any more
        """
        with self._lock:
            look_id = self._note(ProbePlace(host, uri, directory))
            self._open += 1
        put_away = False
        try:
            yield look_id
            put_away = True
        except Exception as err:
            # libvirt may have failed to put it away, or make it when nobody
            # waits for it any more: cleanup shall look.
            put_away = not isinstance(
                err, (exceptions.HypervisorError, exceptions.StorageSilent)
            )
            raise
        finally:
            with self._lock:
                self._open -= 1
                self._kept = self._kept or not put_away

    def close(self) -> None:
        """Let no probe begin any more."""
        with self._lock:
            self._closed = True

    @property
    def open(self) -> bool:
        """Tell whether something is on a host now."""
        return self._open > 0

    def end(self) -> None:
        """Remove our entry, once all is removed from hosts; never raises."""
        with self._lock:
            look, self._look = self._look, None
            if look is not None and not self._kept and not self._open:
                with contextlib.suppress(exceptions.JournalFailed):
                    self._entries.drop(look.look_id)
            if self._alive is not None:
                self._alive.release()

    def dead(self) -> list[Probe]:
        """Read the probes of processes that were killed, the oldest first.

        :raises JournalFailed: when one cannot be read
        """
        found = [
            self._entries.read_as(name, Probe.loads, 'note of a look')
            for name in self._entries.names()
            if self._entries.lock(name).holder() is None
        ]
        return sorted(
            (look for look in found if look is not None),
            key=lambda look: look.began,
        )

    def forget(self, look: Probe) -> None:
        """Remove the entry of a probe of which nothing is left.

        :raises JournalFailed: when its note cannot be removed
        """
        with (
            contextlib.suppress(file_locks.Held),
            self._entries.lock(look.look_id),
        ):
            self._entries.drop(look.look_id)

    def is_dead(self, look_id: str) -> bool:
        """Tell whether the process of a probe has certainly ended."""
        try:
            known = self._entries.read(look_id) is not None
            return known and self._entries.lock(look_id).holder() is None
        except exceptions.JournalFailed:
            return False

    def _note(self, place: ProbePlace) -> str:
        if self._closed:
            raise exceptions.Interrupted('interrupted')
        look = self._look
        if look is None:
            now = datetime.datetime.now(datetime.timezone.utc)
            look = Probe(str(uuid.uuid4()), now.isoformat(timespec='seconds'))
            self._alive = self._entries.lock(look.look_id).take()
            self._look = look
        if place not in look.places:
            look = dataclasses.replace(look, places=(*look.places, place))
            self._entries.write(look.look_id, dataclasses.asdict(look))
            self._look = look
        return look.look_id


def new_name(look_id: str) -> str:
    """Return a name, used once, for a pool or a marker of a probe."""
    return f'{PREFIX}{look_id}-{int(time.time())}-{uuid.uuid4().hex[:8]}'


def is_stale(name: str, probes: ProbeJournal | None) -> bool:
    """Tell whether nobody uses a pool of such a name any more.

    A probe of another host's is not in this journal: its age decides.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return False  # of a release that made other names
    if probes is not None and probes.is_dead(found[1]):
        return True
    return abs(time.time() - int(found[2])) > _STALE_SECONDS
