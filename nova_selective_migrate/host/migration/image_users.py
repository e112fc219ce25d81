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

"""Who else on a host uses an image: domains, and images above it."""

import os
import posixpath

from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.hypervisor import storage_pools


class ImageUsers:
    """What the domains of a host use, as of when this is made."""

    def __init__(self, host: connection.Connection) -> None:
        """Ask for all domains, running and defined.

        :raises SelectiveMigrateError: when not all can be asked
        """
        self._host = host
        self._used = path_users.paths_in_use(host, '')
        self._above: dict[str, str] | None = None

    def of_volume(self, path: str) -> str | None:
        """Say who uses a logical volume; None for nobody.

        :raises SelectiveMigrateError: when that cannot be told
        """
        names = {path, *logical_volumes.aliases(path)}
        for name in names & self._used.keys():
            return f'the domain {self._used[name]} uses it'
        above = self._backing(path)
        for name in names & above.keys():
            return f'the image {above[name]} is based on it'
        return None

    def of_file(self, path: str) -> str | None:
        """Say who uses a file of this host; None for nobody.

        By whatever name: a link to it counts, as does an image that has it
        as its backing file, whether or not a domain uses that.

        :raises SelectiveMigrateError: when that cannot be told
        """
        ours = _node(path)
        for name, domain in self._used.items():
            if name == path or (ours and _node(name) == ours):
                return f'the domain {domain} uses it'
        for backing, image in self._backing(path).items():
            if backing == path or (ours and _node(backing) == ours):
                return f'the image {image} is based on it'
        return None

    def _backing(self, path: str) -> dict[str, str]:
        """Return backing file -> image of all directories that matter.

        They are those of the file itself, of all that domains use, of
        libvirt's pools, and of the backing files found there.
        """
        if self._above is not None:
            return self._above
        images = path_users.image_paths(self._host)
        wanted = [posixpath.dirname(name) for name in (path, *images)]
        wanted += storage_pools.directories(self._host)
        found: dict[str, str] = {}
        looked: set[str] = set()
        while wanted:
            folder = storage_facts.tidy(wanted.pop())
            if folder in looked or not storage_pools.may_look(folder):
                continue
            looked.add(folder)
            with storage_pools.directory(self._host, folder) as seen:
                if not isinstance(seen, pool_directory.PoolDirectory):
                    continue
                for name, below in seen.backing().items():
                    found[below] = f'{folder}/{name}'
                    wanted.append(posixpath.dirname(below))
        self._above = found
        return found


def _node(path: str) -> tuple[int, int] | None:
    """Return device and inode of what is at a path, behind links."""
    if not path.startswith('/'):
        return None
    storage_answers.require(path)
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
