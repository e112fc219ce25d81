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
"""Metrics over HTTP, for Prometheus to scrape."""

import collections.abc
import http
import http.server
import socket
import threading
import typing

from oslo_log import log as logging

from nova_selective_migrate.core.model import listen_address

LOG = logging.getLogger(__name__)

#: Seconds that a client may take for its request.
_REQUEST_SECONDS = 10
_PATHS = ('/', '/metrics')

#: Makes the metrics for an Accept header; returns them and their type.
Render = collections.abc.Callable[[str], tuple[bytes, str]]


class MetricsEndpoint:
    """Serves metrics until it is stopped.

    It neither uses select nor poll, which nova's eventlet does not replace
    in what was imported before: it would hold up all of nova-compute.
    """

    def __init__(
        self, bind: listen_address.ListenAddress, render: Render
    ) -> None:
        """Listen; nothing is answered yet.

        :raises OSError: when it cannot listen there
        """
        family, *_, address = socket.getaddrinfo(
            bind.host,
            bind.port,
            0,
            socket.SOCK_STREAM,  # eventlet 0.33 calls `type` otherwise
        )[0]

        class Server(_Server):
            address_family = family

        self._server = Server((str(address[0]), bind.port), _handler(render))
        self.port = int(self._server.server_address[1])
        self._ended = threading.Event()

    def start(self) -> None:
        """Answer requests from now on, in threads."""
        threading.Thread(
            target=self._serve, name='selective-migrate-metrics', daemon=True
        ).start()

    def stop(self) -> None:
        """Answer no more, and listen no more."""
        self._ended.set()
        try:
            # Wakes the thread that waits in accept().
            self._server.socket.shutdown(socket.SHUT_RDWR)
        except OSError as err:
            LOG.debug('The endpoint of metrics had ended: %s', err)
        self._server.server_close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                request, address = self._server.get_request()
                self._server.process_request(request, address)
            except Exception as err:
                # The thread's boundary: nova-compute goes on without.
                if self._ended.is_set():
                    return
                LOG.warning('A request for metrics is not answered: %r', err)
                self._ended.wait(1)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Nothing waits for a client that does not go.
    block_on_close = False

    def server_bind(self) -> None:
        # Not http.server's, which asks for the name of this host.
        super(http.server.HTTPServer, self).server_bind()

    def handle_error(
        self, request: typing.Any, client_address: typing.Any
    ) -> None:
        """Take no notice: a client has gone, or what it said was no HTTP."""
        LOG.debug('A request for metrics has no end')


def _handler(render: Render) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _REQUEST_SECONDS
        server_version = 'nova-selective-migrate'
        sys_version = ''

        def do_GET(self) -> None:
            if self.path.partition('?')[0] not in _PATHS:
                self.send_error(http.HTTPStatus.NOT_FOUND)
                return
            try:
                content, kind = render(self.headers.get('Accept') or '')
            except Exception as err:
                # The thread's boundary: who asks is told, and asks again.
                LOG.warning('The metrics cannot be made: %r', err)
                self.send_error(http.HTTPStatus.INTERNAL_SERVER_ERROR)
                return
            self.send_response(http.HTTPStatus.OK)
            self.send_header('Content-Type', kind)
            self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: typing.Any) -> None:
            """Log no request."""

    return Handler
