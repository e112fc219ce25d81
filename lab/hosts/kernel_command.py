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

"""Be a command that runs inside a host with a kernel of its own.

Run by its path, with the standard library alone, so that it starts quickly:
ADDRESS PORT DIRECTORY COMMAND... Standard input, output and error, signals
and the exit status are that command's.
"""

import json
import os
from pathlib import Path
import signal
import socket
import sys
import threading
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.hosts import kernel_agent as agent

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def main() -> int:
    """Run the command; return the status to exit with."""
    address, port, cwd, *argv = sys.argv[1:]
    with socket.create_connection((address, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = agent.Line(connection)
        words = {'argv': argv, 'cwd': cwd, 'env': dict(os.environ)}
        line.send(agent.START, json.dumps(words).encode())

        def pass_on(number: int, frame: FrameType | None) -> None:
            line.send(agent.SIGNAL, b'%d' % number)

        for number in _PASSED_ON:
            signal.signal(number, pass_on)
        threading.Thread(
            target=line.pump, args=[sys.stdin.buffer, agent.INPUT], daemon=True
        ).start()
        return _relay(line)


def _relay(line: agent.Line) -> int:
    while True:
        kind, data = line.receive()
        if kind == agent.OUTPUT:
            _write(1, data)
        elif kind == agent.ERROR:
            _write(2, data)
        elif kind == agent.STATUS:
            status = int(data)
            return 128 - status if status < 0 else status
        elif not kind:
            _write(2, b'the host has gone\n')
            return 255


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == '__main__':
    # Not sys.exit: a thread that waits for standard input is no reason to.
    status = main()
    sys.stdout.flush()
    os._exit(status)
