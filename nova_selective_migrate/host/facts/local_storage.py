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

"""What this host knows of a path: mount, kind, sizes, transport."""

import dataclasses
import errno
import functools
import os
import pathlib
import stat

from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import block_devices
from nova_selective_migrate.host.facts import mountinfo
from nova_selective_migrate.host.hypervisor import storage_answers

_KINDS = (
    (stat.S_ISREG, storage_facts.PathKind.FILE),
    (stat.S_ISBLK, storage_facts.PathKind.BLOCK),
    (stat.S_ISDIR, storage_facts.PathKind.DIRECTORY),
)
# Of a file system that has no statfs(2).
_NO_ANSWER = (errno.ENOSYS, errno.EOPNOTSUPP)
# st_blocks counts in this unit, whatever the block size is (stat(2)).
_STAT_BLOCK_BYTES = 512


def free_bytes(path: str) -> int:
    """Return the bytes of a file system that are free for any user.

    :raises OSError: when there is no such path
    """
    room = os.statvfs(path)
    return room.f_bavail * room.f_frsize


def local_facts(path: str) -> storage_facts.StorageFacts:
    """Collect what this host knows; what it has no permission for is unknown.

    :raises StorageSilent: when the storage does not answer
    """
    storage_answers.require(path)
    try:
        resolved = os.path.realpath(path, strict=True)
        status = os.stat(resolved)
        _ask_server(resolved)
        mount = mountinfo.mount_of(resolved)
        if not os.path.samestat(status, os.stat(path)):
            # The path leads to another file by now: the facts would be of two.
            return storage_facts.StorageFacts()
    except (FileNotFoundError, NotADirectoryError):
        return storage_facts.StorageFacts(exists=False)
    except OSError as err:
        # EIO or ESTALE, say: what is there is not known.
        return storage_facts.StorageFacts(error=err.strerror)
    except ValueError:
        return storage_facts.StorageFacts()
    kind = next(
        (kind for test, kind in _KINDS if test(status.st_mode)),
        storage_facts.PathKind.OTHER,
    )
    found = storage_facts.StorageFacts(
        exists=True,
        kind=kind,
        resolved=resolved,
        fstype=mount.fstype if mount else None,
        # Some FUSE file systems have a password in it.
        mount_source=redaction.anywhere(mount.source) if mount else None,
        mount_point=mount.mount_point if mount else None,
        identity=_identity(status),
    )
    if kind is storage_facts.PathKind.BLOCK:
        device = os.major(status.st_rdev), os.minor(status.st_rdev)
        attached = block_devices.transport_of(*device)
        found = dataclasses.replace(
            found, transport=attached.transport, slaves=attached.slaves
        )
        volume = block_devices.volume_of(*device)
        if volume is None:
            return found
        return dataclasses.replace(
            found,
            logical_volume=volume.path,
            group_uuid=volume.group_uuid,
            volume_uuid=volume.uuid,
            thin=block_devices.is_thin(*device),
        )
    if kind is storage_facts.PathKind.FILE:
        allocated = status.st_blocks * _STAT_BLOCK_BYTES
        return dataclasses.replace(found, allocated_bytes=allocated)
    return found


def _ask_server(path: str) -> None:
    """Assert that the path exists on its file server as well.

    An NFS client can answer stat(2) from its cache for a minute after the file
    has gone; statfs(2) always asks the server.

    :raises OSError: ESTALE, say
    """
    try:
        os.statvfs(path)
    except OSError as err:
        if err.errno not in _NO_ANSWER:
            raise


def _identity(status: os.stat_result) -> str:
    """Name a file so that another kernel never gives the same name.

    Two hosts on one kernel do, when the file is the same.
    """
    if stat.S_ISBLK(status.st_mode):
        return f'{_boot_id()}:block:{status.st_rdev}'
    return f'{_boot_id()}:{status.st_dev}:{status.st_ino}'


@functools.cache
def _boot_id() -> str:
    path = pathlib.Path('/proc/sys/kernel/random/boot_id')
    return path.read_text().strip()
