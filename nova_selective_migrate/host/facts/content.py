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

"""Tell by a digest whether two hosts have images with the same bytes."""

import collections.abc
import errno
import hashlib
import itertools
import os
import threading
import time
import typing

from nova_selective_migrate import exceptions

#: As long as a step of nova's that has 60 seconds for all of it may wait.
PATIENCE_SECONDS = 15.0

_CHUNK = 2**20


class Contents:
    """Digests of images that nobody writes, each computed once.

    A file counts as the same while inode and size are: nova replaces a base
    image by renaming and never writes to one, but touches it at every use,
    so that its times say nothing. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}
        self._running: dict[str, threading.Thread] = {}

    def of(self, path: str) -> str:
        """Return a file's digest, however long that takes.

        :raises PreparationFailed: when it cannot be read
        """
        try:
            version = _version(path)
            with self._lock:
                known, digest = self._known.get(path, ((), ''))
            if known == version:
                return digest
            digest = digest_of(path)
        except OSError as err:
            raise exceptions.PreparationFailed(
                f'cannot read {path}: {err.strerror}'
            ) from err
        with self._lock:
            kept = {p: v for p, v in self._known.items() if os.path.exists(p)}
            self._known = {**kept, path: (version, digest)}
        return digest

    def within(self, path: str, seconds: float) -> str | None:
        """Return a file's digest if it is there in time.

        What takes longer goes on in a thread of its own, for the next who
        asks.

        :returns: None where it takes longer, or the file cannot be read
        """
        with self._lock:
            thread = self._running.get(path)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(
                    target=self._compute,
                    args=(path,),
                    name='selective-migrate-digest',
                    daemon=True,
                )
                self._running[path] = thread
                thread.start()
        thread.join(seconds)
        if thread.is_alive():
            return None
        with self._lock:
            self._running.pop(path, None)
            version, digest = self._known.get(path, ((), ''))
        try:
            return digest if version == _version(path) else None
        except OSError:
            return None

    def _compute(self, path: str) -> None:
        try:
            self.of(path)
        except exceptions.PreparationFailed:
            return  # who asks finds no digest


def digest_of(path: str) -> str:
    """Return a digest of a file's bytes; holes cost no time.

    It is equal for two files exactly when their bytes are, however sparse
    they lie on their file systems.

    :raises OSError: when the file cannot be read
    """
    with open(path, 'rb', buffering=0) as file:
        total = _Total()
        for offset, chunk in chunks(file, _CHUNK):
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
    file: typing.IO[bytes], size: int
) -> collections.abc.Iterator[tuple[int, bytes]]:
    """Read what is not zero in a file; holes cost no time.

    :param size: of a chunk in bytes; the last one of the file may be shorter
    :returns: chunks with their offsets, which are multiples of the size
    :raises OSError: when the file cannot be read
    """
    handle = file.fileno()
    nothing = bytes(size)
    offset = _next_data(handle, 0)
    while offset is not None:
        offset -= offset % size
        chunk = _read(handle, offset, size)
        if chunk != nothing[: len(chunk)]:
            yield offset, chunk
        # nova-compute may run on green threads: let the others live.
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
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size
