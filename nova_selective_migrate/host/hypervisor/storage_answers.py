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

"""Check that storage answers, before a look at it could hang.

A look at a path hangs in the kernel when the server of its mount is gone, and
neither a signal nor a time limit in Python ends that (nfs(5), hard). So this
process looks at no path of a guest before a separate program has got an
answer, and waits for no daemon longer. All code that touches such a path calls
this first.
"""

import collections.abc
import subprocess
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import timed_question

#: Seconds, enough for slow storage; a plan has 20 in all.
SECONDS = 5.0
# statfs(2), which asks the server of NFS and its like each time; a client can
# answer stat(2) from its cache.
_ASK = ('stat', '-L', '-f', '-c', '', '--')
_REMEDY = 'see that the server of the storage answers, then try again'
#: Paths in a message.
_NAMED = 2
_Result = typing.TypeVar('_Result')


def require(*paths: str) -> None:
    """Wait until the storage of paths of this host answers.

    Any answer will do: a missing path is no error. If the program cannot be
    started, nothing is known and the look goes on.

    :raises StorageSilent: when it does not in time
    """
    try:
        # A late one is not waited for: it ends when the kernel lets it.
        asked = subprocess.Popen(
            [*_ASK, *paths],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, ValueError):
        return
    try:
        asked.wait(SECONDS)
    except subprocess.TimeoutExpired:
        asked.kill()
        raise exceptions.StorageSilent(
            f'{" or ".join(paths[:_NAMED])} cannot be looked at: its storage '
            f'does not answer within {SECONDS:g} s; {_REMEDY}'
        ) from None


def of_daemon(
    name: str,
    path: str,
    call: collections.abc.Callable[[], _Result],
    seconds: float | None = None,
) -> _Result:
    """Have a daemon look at a path of its host, and wait for that so long.

    :param name: of the daemon, for messages
    :param call: one call of libvirt's; left to itself once it is late
    :param seconds: how long storage that is only slow may take for it; None
        for SECONDS
    :raises StorageSilent: when it does not return in time
    """
    seconds = SECONDS if seconds is None else seconds
    question = timed_question.Question(call)
    if not question.wait(seconds):
        raise exceptions.StorageSilent(
            f'{name}: {path} cannot be looked at: the daemon does not come '
            f'back from its storage within {seconds:g} s; {_REMEDY}'
        )
    return question.answer(0)
