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

"""A laboratory of its own for each program that makes and ends guests.

What `python -m lab up` brings up is its user's: nobody else resets it.
"""

import atexit
from collections.abc import Iterator
import contextlib
import fcntl
import functools
import itertools
import shutil
import typing

from lab.home import Home

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
