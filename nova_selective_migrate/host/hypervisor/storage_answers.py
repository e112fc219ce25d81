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

"""Whether storage answers, before anybody waits for it for good.

A mount whose server is gone holds up whoever looks at a path on it: in the
kernel, where neither a signal nor a time limit of Python's ends the wait
(nfs(5), hard). So no path of a guest is looked at in this process before a
program of its own has been answered, and no daemon is waited for longer.
That is the one place for it; what touches a path comes here first.
"""

import collections.abc
import subprocess
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import timed_question

#: Storage that is only slow answers sooner; a plan has 20 seconds in all.
SECONDS = 5.0
# statfs(2): of NFS and its like the server is asked each time, while stat(2)
# may be answered from what the client remembers.
_ASK = ('stat', '-L', '-f', '-c', '', '--')
_REMEDY = 'see that the server of the storage answers, then try again'
#: Paths in a message.
_NAMED = 2
_Result = typing.TypeVar('_Result')


def require(*paths: str) -> None:
    """Wait until the storage of paths of this host answers.

    What it answers does not matter, so that a path that is missing is no
    error. Where the question cannot be put nothing is shown either way.

    :raises StorageSilent: when it does not in time
    """
    try:
        # Not waited for once it is late: it ends when the kernel lets it.
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
