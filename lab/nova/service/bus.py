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

"""A message bus of one UNIX socket for each host.

It stands in for an oslo.messaging driver: what nova hands it is serialised
already, and errors come back as they would from RabbitMQ.
"""

from collections.abc import Callable
import json
from pathlib import Path
import socket
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

from oslo_messaging import MessagingTimeout  # type: ignore[import-not-found,import-untyped,unused-ignore]
from oslo_messaging._drivers import common  # type: ignore[import-not-found,import-untyped,unused-ignore]
from oslo_serialization import jsonutils

from lab.nova.nova_settings import CONDUCTOR
from lab.nova.service.gates import Gates

#: Less than rpc_response_timeout, for who waits in vain; a nova-compute takes
#: some seconds to start.
_PATIENCE_SECONDS = 15.0


class Bus:
    """Stand in for a driver of oslo.messaging: it sends."""

    def __init__(self, directory: Path, gates: Gates, modules: list[str]):
        self._directory = directory
        self._gates = gates
        self._modules = modules

    def send(
        self,
        target: Any,
        context: dict[str, Any],
        message: dict[str, Any],
        wait_for_reply: bool | None = None,
        **_: object,
    ) -> object:
        """Let another host call a method; wait for it unless it is a cast."""
        method = message['method']
        # Only the conductor is asked without a name: to make an object older.
        server = target.server or (self._directory / CONDUCTOR).read_text()
        self._gates.wait_at(f'before {method}')
        request = {
            'context': context,
            'message': message,
            'topic': target.topic,
            'wait': bool(wait_for_reply),
        }
        try:
            reply = self._ask(server, request)
        except (ConnectionError, FileNotFoundError, EOFError) as err:
            if not wait_for_reply:
                # Nobody is there to hear it; RabbitMQ would keep it a while.
                return None
            raise MessagingTimeout(f'{server}: {method}') from err
        self._gates.wait_at(f'after {method}')
        if 'failure' in reply:
            raise common.deserialize_remote_exception(
                reply['failure'], self._modules
            )
        return reply['result']

    def _ask(self, server: str, request: dict[str, Any]) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            self._connect(connection, server, request)
            connection.sendall(jsonutils.dump_as_bytes(request) + b'\n')
            with connection.makefile() as stream:
                line = stream.readline()
        if not line:
            raise EOFError
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _connect(
        self, connection: socket.socket, server: str, request: dict[str, Any]
    ) -> None:
        """Find the other host, also one that is just being restarted.

        RabbitMQ keeps a call for it until the caller gives up.
        """
        until = time.monotonic() + (
            _PATIENCE_SECONDS if request['wait'] else 0
        )
        while True:
            try:
                connection.connect(f'{self._directory}/{server}.sock')
            except (ConnectionError, FileNotFoundError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def cleanup(self) -> None:
        """Have nothing to clean up."""


def receive(
    dispatch: Callable[[Any], object], request: dict[str, Any]
) -> dict[str, Any]:
    """Carry out what `Bus.send` asked for; return the reply."""
    incoming = SimpleNamespace(
        ctxt=request['context'],
        message=request['message'],
        client_timeout=0,
    )
    if not request['wait']:
        threading.Thread(target=dispatch, args=(incoming,)).start()
        return {'result': None}
    try:
        return {'result': dispatch(incoming)}
    # As a bus does: whatever it is, it belongs to the caller.
    except Exception:
        kind, error, trace = sys.exc_info()
        # What a method is expected to raise is wrapped.
        wrapped = getattr(error, 'exc_info', None)
        failure = common.serialize_remote_exception(
            wrapped or (kind, error, trace)
        )
        return {'failure': failure}
