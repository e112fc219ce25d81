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

import errno
import hashlib
import os
import threading
import time

from nova_selective_migrate import exceptions

_CHUNK = 2**20
_NOTHING = bytes(_CHUNK)


class Contents:
    """Digests of files, kept while a file is not written again.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}

    def of(self, path: str) -> str:
        """Return a file's digest.

        :raises PreparationFailed: when it cannot be read, or is written
            to meanwhile
        """
        try:
            before = _version(path)
            with self._lock:
                version, digest = self._known.get(path, ((), ''))
            if version == before:
                return digest
            digest = digest_of(path)
            if _version(path) != before:
                raise exceptions.PreparationFailed(
                    f'{path} is being written to'
                )
        except OSError as err:
            raise exceptions.PreparationFailed(
                f'cannot read {path}: {err.strerror}'
            ) from err
        with self._lock:
            self._known[path] = (before, digest)
        return digest


def digest_of(path: str) -> str:
    """Return a digest of a file's bytes; holes cost no time.

    It is equal for two files exactly when their bytes are, however sparse
    they lie on their file systems.

    :raises OSError: when the file cannot be read
    """
    total = hashlib.sha256()
    with open(path, 'rb', buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        offset = _next_data(file.fileno(), 0)
        while offset is not None:
            offset -= offset % _CHUNK
            chunk = os.pread(file.fileno(), _CHUNK, offset)
            if chunk != _NOTHING[: len(chunk)]:
                total.update(offset.to_bytes(8, 'big'))
                total.update(hashlib.sha256(chunk).digest())
            # nova-compute may run on green threads: let the others live.
            time.sleep(0)
            offset = _next_data(file.fileno(), offset + _CHUNK)
    total.update(size.to_bytes(8, 'big'))
    return f'sha256-{total.hexdigest()}'


def _next_data(handle: int, offset: int) -> int | None:
    try:
        return os.lseek(handle, offset, os.SEEK_DATA)
    except OSError as err:
        if err.errno == errno.ENXIO:
            return None  # nothing but a hole, or the end
        raise


def _version(path: str) -> tuple[int, ...]:
    status = os.stat(path)
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
