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

"""Tell what this user may do."""

import getpass
import os
from pathlib import Path
import shutil

from lab.errors import NotPrepared


def is_root() -> bool:
    """Whether the laboratory runs as the machine's root.

    Root of a user namespace is not: the kernel asks the machine's own
    root for FUSE, loop devices and trusted.* attributes.
    """
    if os.geteuid() != 0:
        return False
    whole = ['0', '0', str(2**32 - 1)]
    return Path('/proc/self/uid_map').read_text().split() == whole


def check_subordinate_ids() -> None:
    """Make sure that an ordinary user can have a user namespace.

    :raises NotPrepared: with the command that gives the user a range.
    """
    user = getpass.getuser()
    names = {user, str(os.getuid())}
    for path in (Path('/etc/subuid'), Path('/etc/subgid')):
        lines = path.read_text().splitlines() if path.exists() else []
        if not names & {line.split(':')[0] for line in lines}:
            raise NotPrepared(
                f'{user} has no range in {path}; let root run: usermod '
                f'--add-subuids 100000-165535 --add-subgids 100000-165535 '
                f'{user}'
            )
    if not shutil.which('newuidmap'):
        raise NotPrepared('newuidmap is missing: install uidmap')
