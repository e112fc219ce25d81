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

"""Run commands inside a host with a kernel of its own: its agent.

Started there once, by its path and with the standard library alone. Each
connection runs one command, in frames: a letter, the length of what
follows as four bytes, and that. `kernel_command` is the other end.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import typing

HEAD = struct.Struct('!cI')
START, INPUT, OUTPUT, ERROR = b's', b'i', b'o', b'e'
SIGNAL, STATUS = b'k', b'x'
#: How long a command may take to end whose caller has gone.
_PATIENCE = 5
_CHUNK = 65536


class Line:
    """One connection, as frames."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile('rb')
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, kind: bytes, data: bytes = b'') -> None:
        """Send one frame."""
        with self._lock:
            self._connection.sendall(HEAD.pack(kind, len(data)) + data)

    def receive(self) -> tuple[bytes, bytes]:
        """Return kind and data of the next frame; no kind at the end."""
        head = self._stream.read(HEAD.size)
        if len(head) < HEAD.size:
            return b'', b''
        kind, length = HEAD.unpack(head)
        return kind, self._stream.read(length)

    def pump(self, source: typing.BinaryIO, kind: bytes) -> None:
        """Send what a descriptor gives, to its end, which is empty."""
        with contextlib.suppress(OSError):
            while data := os.read(source.fileno(), _CHUNK):
                self.send(kind, data)
            self.send(kind)


def serve(port: int) -> None:
    """Serve every connection in a thread of its own."""
    with socket.create_server(('', port), backlog=64) as server:
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(
                target=_serve_one, args=[connection], daemon=True
            ).start()


def _serve_one(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        line = Line(connection)
        kind, data = line.receive()
        if kind == START:
            _run(line, **json.loads(data))


def _run(line: Line, argv: list[str], cwd: str, env: dict[str, str]) -> None:
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as err:
        line.send(ERROR, f'{argv[0]}: {err.strerror}\n'.encode())
        line.send(STATUS, b'127')
        return
    assert process.stdin and process.stdout and process.stderr
    threading.Thread(target=_listen, args=[line, process], daemon=True).start()
    pumps = [
        threading.Thread(target=line.pump, args=pair, daemon=True)
        for pair in ((process.stdout, OUTPUT), (process.stderr, ERROR))
    ]
    for pump in pumps:
        pump.start()
    status = process.wait()
    for pump in pumps:
        pump.join()
    line.send(STATUS, b'%d' % status)


def _listen(line: Line, process: 'subprocess.Popen[bytes]') -> None:
    """Pass on what the caller sends; end the command if it goes."""
    assert process.stdin
    kind = INPUT
    while kind:
        try:
            kind, data = line.receive()
        except OSError:
            kind, data = b'', b''
        if kind == INPUT and data:
            with contextlib.suppress(OSError):
                process.stdin.write(data)
                process.stdin.flush()
        elif kind == INPUT:
            with contextlib.suppress(OSError):
                process.stdin.close()
        elif kind == SIGNAL:
            process.send_signal(int(data))
    with contextlib.suppress(OSError):
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == '__main__':
    serve(int(sys.argv[1]))
