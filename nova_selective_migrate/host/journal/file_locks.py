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

"""Locks that end with the process that holds them: flock(2).

An entry of the journal outlives a crash; the lock beside it does not. A lock
that is held shows that the process which wrote the entry is at work.
"""

import contextlib
import fcntl
import os
import time
import types

from nova_selective_migrate import exceptions

_SUFFIX = '.lock'
# A process that asks who holds the lock has it for a moment.
_MOMENT_SECONDS = 0.2
_POLL_SECONDS = 0.02


class Held(exceptions.SelectiveMigrateError):
    """Another process has the lock.

    :ivar process: its number, as it wrote it down; None where it did not
    """

    def __init__(self, message: str, process: int | None) -> None:
        super().__init__(message)
        self.process = process


class FileLock:
    """The lock of one name in a directory; a context manager.

    Releasing the lock removes its file. A process that had opened it before
    sees that the file has no name any more, and opens the new one.
    """

    def __init__(self, directory: str, name: str) -> None:
        self._directory = directory
        self._path = os.path.join(directory, f'{name}{_SUFFIX}')
        self._descriptor: int | None = None

    def take(self) -> 'FileLock':
        """Take the lock; wait for no process that works under it.

        :raises Held: when another process has it
        :raises JournalFailed: when its file cannot be made
        """
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            deadline = time.monotonic() + _MOMENT_SECONDS
            while self._descriptor is None:
                self._descriptor = self._try(deadline)
        except OSError as err:
            raise exceptions.JournalFailed(
                f'journal {self._path}: {err}'
            ) from err
        return self

    def release(self) -> None:
        """Release the lock, where this process has it; never raises."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            os.close(descriptor)

    def holder(self) -> int | None:
        """Return the process that has the lock; 0 where it is not known.

        :returns: None where nobody has it
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _process(descriptor) or 0
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return None

    def __enter__(self) -> 'FileLock':
        return self.take()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.release()

    def _try(self, deadline: float) -> int | None:
        """Lock the file; None where that is to be tried again."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_named(descriptor, self._path):
                os.close(descriptor)
                return None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f'{os.getpid()}\n'.encode())
        except BlockingIOError as err:
            process = _process(descriptor)
            os.close(descriptor)
            if time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                return None
            raise Held(f'{self._path} is locked', process) from err
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def _is_named(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _process(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode(errors='replace').strip()
    return int(text) if text.isdecimal() else None
