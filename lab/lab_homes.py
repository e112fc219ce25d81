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

"""Directories of laboratories: the user's, and one for each program."""

import atexit
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import fcntl
import functools
import hashlib
import itertools
import os
from pathlib import Path
import shutil
import typing

#: First part of the source of the mount that marks our namespaces.
MARK = 'nsm-lab'


@dataclass(frozen=True)
class Home:
    """Name the places below one laboratory's directory."""

    root: Path

    @classmethod
    def of_user(cls) -> 'Home':
        """Take $LAB_HOME, or a directory of this user's own."""
        default = f'/var/tmp/nova-selective-migrate-lab-{os.getuid()}'
        return cls(Path(os.environ.get('LAB_HOME') or default).resolve())

    @property
    def cache(self) -> Path:
        """Return what survives `down`: kernels, releases."""
        return self.root / 'cache'

    @property
    def run(self) -> Path:
        """Return what `down` removes."""
        return self.root / 'run'

    @property
    def journal(self) -> Path:
        """Return the record of everything that was started."""
        # Beside run/, so that it outlives a clean-up that is cut short.
        return self.root / 'journal.jsonl'

    @property
    def lock(self) -> Path:
        """Return the file whose lock `up` and `down` hold."""
        return self.root / 'lock'

    @property
    def mark(self) -> str:
        """Return what tells the namespaces of this laboratory from others.

        The mount source, not a namespace's inode number: those are used
        again, and a process must not be ended because of an accident.
        """
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()
        return f'{MARK}:{digest[:12]}'

    def beside(self, name: str) -> 'Home':
        """Make another one, that takes what this one has in its cache."""
        other = Home(self.root.with_name(f'{self.root.name}-{name}'))
        other.root.mkdir(parents=True, exist_ok=True)
        if not other.cache.is_symlink():
            self.cache.mkdir(parents=True, exist_ok=True)
            other.cache.symlink_to(self.cache)
        return other

    def of_host(self, name: str) -> Path:
        """Return the directory with the files of one host."""
        return self.run / name

    def release(self, name: str) -> Path:
        """Return the tree of another Debian release."""
        return self.cache / 'releases' / name


#: The directory with this package, for running it as a program.
REPOSITORY = Path(__file__).resolve().parent.parent


#: Held by the one whose laboratory it is; told apart from Home.lock, which
#: is held for a moment.
_OWNER = 'owner.lock'


@functools.cache
def own_home(purpose: str) -> Home:
    """Return a home beside the user's that is nobody else's.

    It stays taken, whatever becomes of the process, until that is over.

    :param purpose: a word for its name, such as 'demo'
    """
    for number in itertools.count():
        name = f'{purpose}-{number}' if number else purpose
        mine = Home.of_user().beside(name)
        owner = _taken(mine)
        if owner is None:
            continue
        # Before the hosts come up, so after they are taken down.
        atexit.register(_remove, mine, owner)
        return mine
    raise AssertionError('there is always another number')


@contextlib.contextmanager
def abandoned() -> Iterator[list[Home]]:
    """Take the homes whose owners have ended; remove them at the end."""
    usual = Home.of_user().root
    with contextlib.ExitStack() as stack:
        found = []
        for root in sorted(usual.parent.glob(f'{usual.name}-*')):
            home = Home(root)
            if owner := _taken(home):
                stack.callback(_remove, home, owner)
                found.append(home)
        yield found


def _taken(home: Home) -> typing.TextIO | None:
    """Take a home, unless it is somebody else's."""
    lock = (home.root / _OWNER).open('w')
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _remove(home: Home, owner: typing.TextIO) -> None:
    shutil.rmtree(home.root, ignore_errors=True)
    owner.close()
