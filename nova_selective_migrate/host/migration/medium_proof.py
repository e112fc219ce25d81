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

"""Whether a file at the destination is a medium that was brought there."""

import collections.abc
import os.path

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.journal import migration_record

Beginning = collections.abc.Callable[
    [str, collections.abc.Iterator[bytes]], bool
]


def foreign(
    seen: pool_directory.PoolDirectory,
    medium: migration_record.CreatedImage,
    held: bool,
    is_beginning: Beginning | None,
) -> str | None:
    """Return why a file may not be the medium that was brought there.

    libvirt changes the owner, and with it the time of the last change, of a
    medium that a guest comes with; nobody writes to it.

    :param seen: its directory
    :param held: whether this process has made it
    :param is_beginning: tells whether bytes are the first of a medium of
        the source; None where the source cannot be asked
    :returns: None where it is the one, '' where there is no file
    """
    name = os.path.basename(storage_facts.tidy(medium.path))
    found = seen.facts(name)
    if found.exists is False:
        return ''
    if found.virtual_bytes != medium.virtual_bytes:
        return 'it has another size than the one that was made'
    if medium.stamp is None:
        return None if held else 'it is not known whether it was made here'
    now = seen.stamp(name)
    if now and now.inode and medium.stamp.inode:
        same = now.inode == medium.stamp.inode
        return None if same else 'it is another file of that name'
    if held or (now and now.modified == medium.stamp.modified):
        return None
    if medium.content:
        return 'it was written to since it was brought there'
    if is_beginning and is_beginning(
        medium.source_path or medium.path, seen.parts(name)
    ):
        return None
    return (
        'it is not the beginning of the medium: delete it on the '
        'destination after looking'
    )
