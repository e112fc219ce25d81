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

"""Digests that show whether two hosts have images with equal bytes."""

import collections.abc
import dataclasses
import errno
import hashlib
import itertools
import os
import threading
import time
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import storage_answers

#: Seconds; a step of nova's that has 60 in all can wait no longer.
DIGEST_SECONDS = 15.0

_WORKERS = 2
_CHUNK = 2**20


@dataclasses.dataclass(frozen=True)
class Deadline:
    """The time until which files are read for a caller that waits.

    :ivar at: on time.monotonic's clock
    """

    at: float

    @classmethod
    def after(cls, seconds: float) -> 'Deadline':
        """Return the one that ends in so many seconds."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Return the seconds that are left, at most DIGEST_SECONDS."""
        return min(max(self.at - time.monotonic(), 0.0), DIGEST_SECONDS)

    def check(self, name: object) -> None:
        """Assert that there is time left to read a file.

        :raises PreparationFailed: naming the file
        """
        if not self.left:
            raise exceptions.PreparationFailed(
                f'{name} takes too long to read while nova waits; migrate '
                'again when its storage is less busy'
            )


@dataclasses.dataclass
class _Task:
    """A digest that is being computed, or waits for its turn."""

    path: str
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    digest: str = ''
    error: OSError | None = None


class DigestCache:
    """Digests of images that nobody writes, each computed once.

    A file counts as the same while inode and size are equal: nova replaces a
    base image by renaming and never writes to one, but touches it at every
    use, so that its times say nothing. Safe to use from several threads. Few
    files are read at once, however many callers ask, to leave the storage to
    the guests.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}
        self._tasks: dict[str, _Task] = {}
        self._waiting: collections.deque[_Task] = collections.deque()
        self._workers = 0

    def of(self, path: str) -> str:
        """Return a file's digest without a time limit.

        :raises PreparationFailed: when it cannot be read
        """
        try:
            if (known := self._cached(path)) is not None:
                return known
            task = self._begin(path)
            task.done.wait()
            if task.error is not None:
                raise task.error
        except OSError as err:
            raise exceptions.PreparationFailed(
                f'cannot read {path}: {err.strerror}'
            ) from err
        return task.digest

    def within(self, path: str, seconds: float) -> str | None:
        """Return a file's digest if it is there in time.

        A longer computation goes on, and the next caller gets its result.

        :returns: None where it takes longer, or the file cannot be read
        """
        try:
            if (known := self._cached(path)) is not None:
                return known
            task = self._begin(path)
            if not task.done.wait(seconds) or task.error is not None:
                return None
            return self._cached(path)
        except OSError:
            return None

    def _cached(self, path: str) -> str | None:
        version = _version(path)
        with self._lock:
            known, digest = self._known.get(path, ((), ''))
        return digest if known == version else None

    def _begin(self, path: str) -> _Task:
        """Return the task of a file, and start it or queue it."""
        with self._lock:
            task = self._tasks.get(path)
            if task is not None:
                return task
            task = self._tasks[path] = _Task(path)
            self._waiting.append(task)
            if self._workers == _WORKERS:
                return task
            self._workers += 1
        threading.Thread(
            target=self._work, name='selective-migrate-digest', daemon=True
        ).start()
        return task

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                task = self._waiting.popleft()
            self._compute(task)
            with self._lock:
                self._tasks.pop(task.path)
            task.done.set()

    def _compute(self, task: _Task) -> None:
        try:
            # Taken before the file is read: a write meanwhile makes it another
            # one.
            version = _version(task.path)
            task.digest = digest_of(task.path)
        except OSError as err:
            task.error = err
            return
        with self._lock:
            kept = {p: v for p, v in self._known.items() if os.path.exists(p)}
            self._known = {**kept, task.path: (version, task.digest)}


def digest_of(path: str, deadline: Deadline | None = None) -> str:
    """Return a digest of a file's bytes; holes cost no time.

    It is equal for two files exactly when their bytes are, however sparse
    they lie on their file systems.

    :raises OSError: when the file cannot be read
    :raises PreparationFailed: when that takes too long
    """
    storage_answers.require(path)
    with open(path, 'rb', buffering=0) as file:
        total = _Total()
        for offset, chunk in chunks(file, _CHUNK, deadline):
            total.add(offset, chunk)
        return total.ended(os.fstat(file.fileno()).st_size)


def digest_of_parts(parts: collections.abc.Iterable[bytes]) -> str:
    """Return the digest of a file whose bytes come one after the other.

    :param parts: of any length
    """
    total, offset, left = _Total(), 0, bytearray()
    for part in itertools.chain(parts, (b'',)):
        left += part
        while len(left) >= (_CHUNK if part else 1):
            chunk = bytes(left[:_CHUNK])
            del left[:_CHUNK]
            if any(chunk):
                total.add(offset, chunk)
            offset += len(chunk)
    return total.ended(offset)


class _Total:
    """A digest of the chunks of a file that are not zero."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def add(self, offset: int, chunk: bytes) -> None:
        self._sum.update(offset.to_bytes(8, 'big'))
        self._sum.update(hashlib.sha256(chunk).digest())

    def ended(self, size: int) -> str:
        self._sum.update(size.to_bytes(8, 'big'))
        return f'sha256-{self._sum.hexdigest()}'


def chunks(
    file: typing.IO[bytes], size: int, deadline: Deadline | None = None
) -> collections.abc.Iterator[tuple[int, bytes]]:
    """Read what is not zero in a file; holes cost no time.

    :param size: of a chunk in bytes; the last one of the file may be shorter
    :returns: chunks with their offsets, which are multiples of the size
    :raises OSError: when the file cannot be read
    :raises PreparationFailed: when that takes too long
    """
    handle = file.fileno()
    nothing = bytes(size)
    offset = _next_data(handle, 0)
    while offset is not None:
        if deadline is not None:
            deadline.check(file.name)
        offset -= offset % size
        chunk = _read(handle, offset, size)
        if chunk != nothing[: len(chunk)]:
            yield offset, chunk
        # nova-compute may run on green threads: let other threads run.
        time.sleep(0)
        offset = _next_data(handle, offset + size)


def _read(handle: int, offset: int, size: int) -> bytes:
    """Read a chunk, less of it at the end of the file alone."""
    parts: list[bytes] = []
    left = size
    while left and (part := os.pread(handle, left, offset + size - left)):
        parts.append(part)
        left -= len(part)
    return b''.join(parts)


def _next_data(handle: int, offset: int) -> int | None:
    try:
        return os.lseek(handle, offset, os.SEEK_DATA)
    except OSError as err:
        if err.errno == errno.ENXIO:
            return None  # nothing but a hole, or the end
        raise


def _version(path: str) -> tuple[int, ...]:
    storage_answers.require(path)
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size
