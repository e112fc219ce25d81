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

"""Which directories of both hosts are one, as marker files show."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools

Sight = collections.abc.Callable[[str], bool | None]


def same_directory(
    seen: pool_directory.PoolDirectory, sight: Sight, folder: str = ''
) -> bool | None:
    """Make a marker at the destination and look for it at the source.

    nova finds shared instance directories in the same way
    (_create_shared_storage_test_file).

    :param folder: of the source, where it is another path there
    """
    with seen.marker() as name:
        path = f'{(folder or seen.path).rstrip("/")}/{name}'
        return sight(path) if name else None


def sight(source: connection.Connection) -> Sight:
    """Return how to look whether a host, the source, has a file."""
    return source_storage.of(source).sees


def between(before: int | None, there: int | None, after: int | None) -> bool:
    """Tell whether both files have the same time of change.

    Two files never do, to the nanosecond: it can be one file, which the
    destination reaches by a link or a mount.
    """
    if before is None or there is None or after is None:
        return False
    return before <= there <= after


class Directories:
    """Compares directories with markers, each of them once."""

    def __init__(
        self, peer: connection.Connection, source: source_storage.SourceStorage
    ) -> None:
        self._peer = peer
        self._source = source
        self._same: dict[tuple[str, str], bool | None] = {}
        self._suspects: set[str] = set()

    def compare(
        self, seen: pool_directory.PoolDirectory, folder: str = ''
    ) -> bool | None:
        """Look for a marker of each host at the other.

        One that is seen proves one directory, whichever host made it. That
        the source's is not seen proves nothing: a client may list what it
        has cached.

        :param folder: of the source, where it is another path there
        """
        folder = folder or seen.path
        known = (seen.path, folder)
        if known not in self._same:
            same = same_directory(seen, self._source.sees, folder)
            if not same:
                with self._source.marker(folder) as name:
                    if name and seen.refresh() and seen.facts(name).exists:
                        same = True
            self._same[known] = same
        return self._same[known]

    def suspect(self, path: str) -> None:
        """Note a file there that may be the source's own."""
        self._suspects.add(path)

    def identified(
        self,
        path: str,
        known: storage_facts.StorageFacts,
        here: storage_facts.StorageFacts,
    ) -> storage_facts.StorageFacts:
        """Give a file of the destination an identity, as the markers show.

        A marker shows the directory that was named. Behind a link either
        host may have another, so that each link's own directory counts, as
        does that of what it leads to. For a file that is mounted over its
        name the directory proves nothing.
        """
        if not here.identity or here.mount_point == here.resolved:
            return known
        hops = self._source.hops(storage_facts.tidy(path))
        told = {self._directory(os.path.dirname(hop)) for hop in hops}
        if told == {True}:
            return dataclasses.replace(known, identity=here.identity)
        if told == {False} and path not in self._suspects:
            return dataclasses.replace(known, identity=f'not {here.identity}')
        return known

    def _directory(self, folder: str) -> bool | None:
        known = (folder, folder)
        if known not in self._same:
            if storage_pools.may_look(folder):
                with storage_pools.directory(self._peer, folder) as seen:
                    if isinstance(seen, pool_directory.PoolDirectory):
                        return self.compare(seen)
                    self._same[known] = seen if seen is False else None
            else:
                self._same[known] = None
        return self._same[known]
