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

"""Fork nova-computes from an interpreter that has imported nova.

The imports take longer than all the rest of a start.
"""

from collections.abc import Iterator
import contextlib
import functools
import json
import os
from pathlib import Path
import select
import tempfile

from lab.errors import LabError
from lab.hosts.lab_host import Host
from lab.hosts.namespaces import Namespace
from lab.processes import spawning
from lab.processes.process_identity import Process

#: Seconds that the imports may take on a busy machine.
_PATIENCE = 180


class ForkServer:
    """A process that nova-computes are forked from.

    It ends with the process that has started it; its children go on.
    """

    def __init__(
        self, interpreter: Path, inside: Namespace | None = None
    ) -> None:
        """Start it; it imports while its caller does something else.

        :param interpreter: of a virtual environment with nova.
        :param inside: a host whose libraries it is to load, of another
            release; a child of it cannot enter another host
        """
        self._interpreter = interpreter
        self._inside = inside
        argv = [str(interpreter.absolute()), '-m', 'lab.nova.service']
        # Goes with this object.
        self._log = tempfile.NamedTemporaryFile(  # noqa: SIM115
            prefix='nova-compute-'
        )
        from_us, self._to_server = os.pipe()
        self._from_server, to_us = os.pipe()
        try:
            # From the checkout: `nova` must not be found beside this file.
            pid = spawning.detached(
                inside.enter(argv) if inside else argv,
                Path(self._log.name),
                stdin=from_us,
                stdout=to_us,
                environment=spawning.OWN_ENVIRONMENT,
            )
        finally:
            os.close(from_us)
            os.close(to_us)
        self._process = Process.of(pid)

    @property
    def alive(self) -> bool:
        """Whether it can fork."""
        return self._process is not None and self._process.alive

    def fork(
        self,
        namespace: Namespace,
        configuration: Path,
        directory: Path,
        settle_seconds: float | None = None,
    ) -> Process:
        """Start a nova-compute.

        :param namespace: of its host
        :param directory: what the hosts and the test share
        :param settle_seconds: how long to look for a guest that nobody has
        :raises LabError: the interpreter ended, or does not answer.
        """
        request = {
            'configuration': os.fspath(configuration),
            'directory': os.fspath(directory),
            'log': os.fspath(configuration.with_suffix('.log')),
            'keeper': None if self._inside else namespace.keeper.pid,
            'of_user': namespace.of_user,
            'settle_seconds': settle_seconds,
        }
        try:
            os.write(self._to_server, json.dumps(request).encode() + b'\n')
        except BrokenPipeError:
            raise LabError(self._failure('ended')) from None
        ready, _, _ = select.select([self._from_server], [], [], _PATIENCE)
        if not ready:
            raise LabError(self._failure('does not answer'))
        reply = os.read(self._from_server, 32)
        found = Process.of(int(reply)) if reply else None
        if found is None:
            raise LabError(self._failure('started none'))
        return found

    def close(self) -> None:
        """Let it end; the nova-computes go on."""
        os.close(self._to_server)
        os.close(self._from_server)

    def _failure(self, what: str) -> str:
        log = Path(self._log.name)
        said = log.read_text(errors='replace')[-3000:].strip()
        return f'{self._interpreter}, which imports nova, {what}: {said}'


@functools.cache
def _first_of(interpreter: Path) -> list[ForkServer]:
    return [ForkServer(interpreter)]


@contextlib.contextmanager
def of(interpreter: Path, host: Host) -> Iterator[ForkServer]:
    """Lend one that can start the nova-compute of a host.

    Of the machine's own release it is this process's own for an interpreter,
    started if need be. A host of another release has one for each start: what
    is loaded late must fit the libraries that were loaded first.
    """
    if host.release is None:
        yield _own(interpreter)
        return
    server = ForkServer(interpreter, host.namespace)
    try:
        yield server
    finally:
        server.close()


def _own(interpreter: Path) -> ForkServer:
    only = _first_of(interpreter)
    if not only[0].alive:
        only[0] = ForkServer(interpreter)
    return only[0]
