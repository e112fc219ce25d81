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
"""Files that are there whole or not at all, for readers of this host."""

import contextlib
import os

#: Its owner writes it; the group of its directory may read it, and so may
#: others where node_exporter is another user.
_MODE = 0o644


def write(path: str, content: bytes, mode: int = _MODE) -> None:
    """Write a file whole or not at all; who reads sees the old or the new.

    Nothing is lost with it that the next one does not have, so that it does
    not wait for the disk.

    :param mode: of the file, whatever the umask
    :raises OSError: when it cannot be written
    """
    beside = f'{path}.new'  # node_exporter reads *.prom alone
    remove(beside)  # of a process that ended while it wrote
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(beside, flags | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            # nova-compute may have a umask that keeps all others out.
            os.fchmod(file.fileno(), mode)
            file.write(content)
        os.rename(beside, path)
    except OSError:
        remove(beside)
        raise


def remove(path: str) -> None:
    """Remove a file, where there is one.

    :raises OSError: when it cannot be removed
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
