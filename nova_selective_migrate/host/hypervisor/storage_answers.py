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
import contextlib
import subprocess
import time
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import timed_question

#: Seconds, enough for slow storage; a plan has 20 in all.
SECONDS = 5.0
# statfs(2), which asks the server of NFS and its like each time; a client can
# answer stat(2) from its cache.
_ASK = ('stat', '-L', '-f', '-c', '', '--')
_REMEDY = 'see that the server of the storage answers, then try again'
# To find out which of several paths it is.
_AGAIN_SECONDS = 1.0
#: Paths in a message.
_NAMED = 2
_Result = typing.TypeVar('_Result')


def require(*paths: str) -> None:
    """Wait until the storage of paths of this host answers.

    Any answer will do: a missing path is no error. If the program cannot be
    started, nothing is known and the look goes on.

    :raises StorageSilent: when it does not in time
    """
    if not _silent([paths], SECONDS):
        return
    named = ' or '.join(paths[:_NAMED])
    if len(paths) > 1:
        # It looks at one path after the other: by itself each shows whether
        # it is the one that hangs.
        late = _silent([(path,) for path in paths], _AGAIN_SECONDS)
        named = ' and '.join(path for (path,) in late[:_NAMED]) or named
    raise exceptions.StorageSilent(
        f'{named} cannot be looked at: its storage does not answer within '
        f'{SECONDS:g} s; {_REMEDY}'
    )


def _silent(
    questions: collections.abc.Iterable[tuple[str, ...]], seconds: float
) -> list[tuple[str, ...]]:
    """Ask for groups of paths at once; return those without an answer.

    One that cannot be asked for is none of them.

    :param seconds: how long to wait, for all of them
    """
    asked = {}
    for paths in questions:
        with contextlib.suppress(OSError, ValueError):
            asked[paths] = subprocess.Popen(
                [*_ASK, *paths],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    deadline = time.monotonic() + seconds
    late = []
    for paths, program in asked.items():
        try:
            program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            # Not waited for any more: it ends when the kernel lets it.
            program.kill()
            late.append(paths)
    return late


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
