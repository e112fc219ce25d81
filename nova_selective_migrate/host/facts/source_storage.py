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

"""What the source itself sees of its files, for a comparison."""

import abc
import collections.abc
import contextlib
import errno
import os
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.journal import probe_journal

# As many links as the kernel follows (path_resolution(7)).
_MOST_LINKS = 40


class SourceStorage(abc.ABC):
    """A source that can be looked at."""

    @abc.abstractmethod
    def sees(self, path: str) -> bool | None:
        """Tell whether there is such a file; None where it is not known."""

    @abc.abstractmethod
    def marker(
        self, folder: str
    ) -> contextlib.AbstractContextManager[str | None]:
        """Put an empty file into a directory for a moment.

        :returns: its name; None where none can be made
        """

    @abc.abstractmethod
    def hops(self, path: str) -> tuple[str, ...]:
        """List a path and what it links to, up to the first that is no link.

        :returns: nothing where it is not known
        """

    @abc.abstractmethod
    def changed_ns(self, path: str) -> int | None:
        """Return when a file was last changed; None where not known."""


def of(source: connection.Connection) -> SourceStorage:
    """Return the view of a source, here or elsewhere."""
    return ThisHost(source) if source.is_local else _Remote(source)


def sees(peer: connection.Connection, path: str) -> bool | None:
    """Tell, through libvirt, whether a host has a file; None: not known."""
    with storage_pools.directory(peer, os.path.dirname(path)) as seen:
        if isinstance(seen, pool_directory.PoolDirectory):
            return seen.facts(os.path.basename(path)).exists
        return None if seen is None else False


class ThisHost(SourceStorage):
    """The host that this process is on."""

    def __init__(self, source: connection.Connection | None = None) -> None:
        """Take the connection whose journal markers are entered in."""
        self._source = source

    def sees(self, path: str) -> bool | None:
        """Look for an entry of a directory, a link too.

        An error such as EIO or ESTALE says nothing of what is there.
        """
        storage_answers.require(path)
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except (OSError, ValueError):
            return None
        return True

    @contextlib.contextmanager
    def marker(self, folder: str) -> collections.abc.Iterator[str | None]:
        """Put an empty file into a directory for a moment."""
        if self._source is None:
            noted: contextlib.AbstractContextManager[str] = (
                contextlib.nullcontext(str(uuid.uuid4()))
            )
        else:
            noted = self._source.look_into(folder)
        with noted as look_id, self._marker(folder, look_id) as name:
            yield name

    @contextlib.contextmanager
    def _marker(
        self, folder: str, look_id: str
    ) -> collections.abc.Iterator[str | None]:
        name = f'.{probe_journal.new_name(look_id)}'
        path = os.path.join(folder, name)
        storage_answers.require(folder)
        try:
            os.close(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            )
        except OSError:
            yield None
            return
        try:
            yield name
        finally:
            try:
                os.unlink(path)
            except OSError as err:
                raise exceptions.HypervisorError(
                    f'cannot remove {path}: {err.strerror}'
                ) from err

    def hops(self, path: str) -> tuple[str, ...]:
        """List a path and what it links to, one after the other."""
        found: list[str] = []
        while len(found) < _MOST_LINKS:
            found.append(path)
            storage_answers.require(path)
            try:
                target = os.readlink(path)
            except OSError as err:
                return tuple(found) if err.errno == errno.EINVAL else ()
            path = os.path.join(os.path.dirname(path), target)
        return ()

    def changed_ns(self, path: str) -> int | None:
        """Return when a file was last changed."""
        storage_answers.require(path)
        try:
            return os.stat(path).st_ctime_ns
        except OSError:
            return None


class _Remote(SourceStorage):
    """A host that is reached through libvirt alone."""

    def __init__(self, source: connection.Connection) -> None:
        self._source = source

    def sees(self, path: str) -> bool | None:
        return sees(self._source, path)

    def marker(
        self, folder: str
    ) -> contextlib.AbstractContextManager[str | None]:
        return contextlib.nullcontext()

    def hops(self, path: str) -> tuple[str, ...]:
        # libvirt follows links and reports none.
        return ()

    def changed_ns(self, path: str) -> int | None:
        return None
