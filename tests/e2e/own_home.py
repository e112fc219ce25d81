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

"""A laboratory of its own for each process that runs tests."""

import atexit
import fcntl
import functools
import itertools
import shutil
import typing

from lab import home


def own_home() -> home.Home:
    """Take the user's laboratory, or one beside it where that is taken.

    It stays taken until this process is over, however it ends.
    """
    return _taken()[0]


@functools.cache
def _taken() -> tuple[home.Home, typing.TextIO]:
    usual = home.Home.of_user()
    usual.root.mkdir(parents=True, exist_ok=True)
    for number in itertools.count():
        mine = usual.beside(str(number)) if number else usual
        lock = (mine.root / 'tests.lock').open('w')
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        if number:
            # Before the hosts come up, so after they are taken down.
            atexit.register(shutil.rmtree, mine.root, ignore_errors=True)
        return mine, lock
    raise AssertionError('there is always another number')
