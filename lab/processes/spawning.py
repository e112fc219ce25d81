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

"""Start processes that outlive the one that starts them."""

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
from pathlib import Path
import shutil

from lab.lab_homes import REPOSITORY

#: What daemons get to see: nothing of the caller's environment.
ENVIRONMENT = {
    'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME': '/',
    'LC_ALL': 'C.UTF-8',
}
#: What programs of the laboratory's own get to see.
OWN_ENVIRONMENT = {**ENVIRONMENT, 'PYTHONPATH': os.fspath(REPOSITORY)}


def detached(
    argv: Sequence[str],
    log: Path,
    *,
    stdin: int | None = None,
    stdout: int | None = None,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> int:
    """Start a program in a session of its own and return its number.

    Unlike `subprocess.Popen` there is no object left that complains
    about a process that goes on; `process_identity.stop` reaps it.

    :param log: receives its standard error, and its standard output
        unless a descriptor is given for that.
    """
    program = shutil.which(argv[0], path=environment['PATH'])
    if program is None:
        raise FileNotFoundError(f'{argv[0]} is not installed')
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 2, os.fspath(log), append, 0o644),
        (os.POSIX_SPAWN_DUP2, 2 if stdout is None else stdout, 1),
    ]
    if stdin is None:
        actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
    else:
        actions.append((os.POSIX_SPAWN_DUP2, stdin, 0))
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in _inherited()]
    return os.posix_spawn(
        program, list(argv), environment, file_actions=actions, setsid=True
    )


def _inherited() -> list[int]:
    """Return what our own caller left open for those that we start.

    It is none of a daemon's: the lock of flock(1) would be held for as long
    as that lives.
    """
    found = []
    for name in os.listdir('/proc/self/fd'):
        number = int(name)
        with contextlib.suppress(OSError):  # the one of the listing
            if number > 2 and os.get_inheritable(number):
                found.append(number)
    return found
