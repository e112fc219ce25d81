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

"""The floor: copy so many bytes once, from disk over the wire to disk.

The module is also both ends of that copy, inside the hosts.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

from benchmarks import content
from benchmarks import wire_counter
from lab import lab_homes
from lab import laboratory

_PORT = 10999
_STEP = content.MIB
_SOURCE = '/var/lib/libvirt/images/plain-source'
_TARGET = '/var/lib/libvirt/images/plain-target'


def measure(lab: laboratory.Lab, size: int) -> tuple[float, int]:
    """Return seconds and bytes on the wire of such a copy."""
    here, there = lab.a, lab.b
    source, target = here.path(_SOURCE), there.path(_TARGET)
    mib = min(-(-size // content.MIB), 1024)
    content.Content(size_mib=mib).write(source)
    program = [sys.executable, '-m', 'benchmarks.plain_copy']
    listener = there.popen(
        [*program, 'receive', str(size)],
        stdout=subprocess.PIPE,
        cwd=lab_homes.REPOSITORY,
    )
    try:
        assert listener.stdout is not None
        listener.stdout.readline()
        before = wire_counter.total(lab)
        told = here.run(
            [*program, 'send', there.address, str(size)],
            cwd=lab_homes.REPOSITORY,
        ).stdout
        listener.wait(60)
        return json.loads(told), wire_counter.total(lab) - before
    finally:
        listener.kill()
        listener.wait()
        for file in (source, target):
            file.unlink(missing_ok=True)


def send(address: str, size: str) -> None:
    """Send the bytes, again from the start where the file is too short."""
    left = int(size)
    started = time.perf_counter()
    with (
        socket.create_connection((address, _PORT)) as connection,
        pathlib.Path(_SOURCE).open('rb', buffering=0) as file,
    ):
        while left:
            data = file.read(min(_STEP, left))
            if not data:
                file.seek(0)
                continue
            connection.sendall(data)
            left -= len(data)
        connection.shutdown(socket.SHUT_WR)
        # It is over when it is on the other disk.
        connection.recv(1)
    print(time.perf_counter() - started)


def receive(size: str) -> None:
    """Write so many bytes to a file, and say so when they are durable."""
    with socket.create_server(('', _PORT)) as server:
        print('listening', flush=True)
        connection, _ = server.accept()
        with connection, pathlib.Path(_TARGET).open('wb') as file:
            left = int(size)
            while left:
                data = connection.recv(_STEP)
                if not data:
                    raise EOFError
                file.write(data)
                left -= len(data)
            file.flush()
            os.fdatasync(file.fileno())
            connection.sendall(b'.')


if __name__ == '__main__':
    {'send': send, 'receive': receive}[sys.argv[1]](*sys.argv[2:])
