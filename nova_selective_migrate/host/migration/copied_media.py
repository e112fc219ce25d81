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

"""Bring read-only media over, and prove that they have arrived."""

import collections.abc
import contextlib
import dataclasses
import hashlib
import os
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.journal import migration_record

_PART = 256 * 1024
_MIB = 2**20

Note = collections.abc.Callable[[migration_record.CreatedImage], None]
Aborted = collections.abc.Callable[[], bool]
Parts = collections.abc.Iterator[bytes]


class _Stopped(Exception):
    """Somebody wants the migration aborted."""


@dataclasses.dataclass(frozen=True)
class _Medium:
    """A file of the source that is being read.

    :ivar state: of its inode and times, as it is now; it is read to the
        end only while that stays
    """

    path: str
    size: int
    parts: Parts
    state: collections.abc.Callable[[], object]


def copy_media(
    source: connection.Connection,
    destination: connection.Connection,
    media: collections.abc.Iterable[media_choices.MediumChoice],
    note: Note,
    *,
    aborted: Aborted,
    limit: int = 0,
) -> None:
    """Copy each file to its place at the destination, and read it back.

    What is there is never overwritten. Where the migration is aborted the
    rest is left out, and what has been noted has to be removed.

    :param media: what is copied, as planned
    :param note: is called with each as soon as it is made, and when it is
        whole
    :param limit: MiB/s; 0 for none
    :raises PreparationFailed: when one cannot be read, made or read back as
        it was sent
    """
    path = ''
    try:
        for choice in media:
            path, planned = choice.path, choice.size_bytes
            with _opened(source, path) as medium:
                # QEMU counts whole sectors of 512 bytes.
                if not planned - 512 < medium.size <= planned:
                    raise exceptions.PreparationFailed(
                        f'{path} has {medium.size} bytes, and had {planned} '
                        'when the migration was planned'
                    )
                _copy(destination, medium, choice, note, aborted, limit)
    except _Stopped:
        return
    except (
        exceptions.HypervisorError,
        exceptions.JournalFailed,
        exceptions.StorageSilent,
        OSError,
    ) as err:
        raise exceptions.PreparationFailed(f'cannot copy {path}: {err}') from (
            err
        )


def _copy(
    destination: connection.Connection,
    medium: _Medium,
    choice: media_choices.MediumChoice,
    note: Note,
    aborted: Aborted,
    limit: int,
) -> None:
    folder, name = os.path.split(storage_facts.tidy(choice.there))
    with storage_pools.directory(destination, folder) as seen:
        if not isinstance(seen, pool_directory.PoolDirectory):
            raise exceptions.PreparationFailed(
                f'cannot create {choice.there}: the destination does not see '
                f'{folder}'
            )
        seen.create(
            destination_images.DestinationImage(
                '', choice.there, 'raw', medium.size
            )
        )
        made = dataclasses.replace(
            migration_record.CreatedImage.planned_medium(choice),
            virtual_bytes=medium.size,
        )

        def made_now(content: str) -> migration_record.CreatedImage:
            stamp = seen.stamp(name) or storage_facts.FileStamp('', '')
            return dataclasses.replace(made, stamp=stamp, content=content)

        note(made_now(''))
        before = medium.state()
        sent = hashlib.sha256()
        parts = _sent(medium.parts, sent.update, aborted, limit)
        seen.upload(name, parts)
        if medium.state() != before:
            raise exceptions.PreparationFailed(
                f'{medium.path} was written to while it was copied'
            )
        note(made_now(f'sha256-{sent.hexdigest()}'))
        arrived = hashlib.sha256()
        for part in seen.parts(name):
            arrived.update(part)
            if aborted():
                raise _Stopped
        if arrived.digest() != sent.digest():
            raise exceptions.PreparationFailed(
                f'{medium.path} did not arrive as it was sent'
            )


def _sent(
    parts: collections.abc.Iterable[bytes],
    counted: collections.abc.Callable[[bytes], None],
    aborted: Aborted,
    limit: int,
) -> Parts:
    """Hand on the parts of a file, no faster than a limit allows."""
    began, total = time.monotonic(), 0
    for part in parts:
        if aborted():
            raise _Stopped
        counted(part)
        total += len(part)
        yield part
        if limit:
            early = began + total / (limit * _MIB) - time.monotonic()
            time.sleep(max(early, 0))


@contextlib.contextmanager
def _opened(
    source: connection.Connection, path: str
) -> collections.abc.Iterator[_Medium]:
    """Read a file of the source: here, or through its daemon.

    :raises OSError: when it cannot be read
    """
    if source.is_local:
        storage_answers.require(path)
    # What this user may not read the daemon can.
    if source.is_local and os.access(path, os.R_OK):
        with open(path, 'rb', buffering=0) as file:
            yield _here(path, file.fileno())
        return
    folder, name = os.path.split(storage_facts.tidy(path))
    with storage_pools.directory(source, folder) as seen:
        if not isinstance(seen, pool_directory.PoolDirectory):
            raise exceptions.PreparationFailed(
                f'the source does not see {path}'
            )
        size = seen.facts(name).virtual_bytes or 0
        yield _Medium(path, size, seen.parts(name), lambda: seen.stamp(name))


def _here(path: str, handle: int) -> _Medium:
    def state() -> tuple[int, ...]:
        found = os.fstat(handle)
        return found.st_size, found.st_mtime_ns, found.st_ino

    def parts() -> Parts:
        while part := os.read(handle, _PART):
            yield part

    return _Medium(path, os.fstat(handle).st_size, parts(), state)


def is_beginning(
    source: connection.Connection, path: str, there: Parts
) -> bool:
    """Tell whether a file is one that was being filled with a medium.

    It then has the medium's first bytes, fewer than all, and zeroes.

    :param path: of the medium at the source
    :param there: what the file has, of the medium's size
    """
    try:
        with _opened(source, path) as medium:
            return _begins(medium.parts, there)
    except OSError:
        return False


def _begins(whole: Parts, there: Parts) -> bool:
    left = bytearray()
    differs = False
    for part in whole:
        while len(left) < len(part):
            more = next(there, b'')
            if not more:
                return False
            left += more
        found = bytes(left[: len(part)])
        del left[: len(part)]
        if not differs and found == part:
            continue
        same = len(os.path.commonprefix([found, part]))
        if any(found[0 if differs else same :]):
            return False
        differs = True
    return differs and not left and not next(there, b'')
