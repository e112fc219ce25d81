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

"""End on SIGTERM as nova-compute does.

The order of it is nova's own (nova.service.Service.stop, which differs from
release to release), and so is the time that it takes; what a process launcher
of oslo.service does around it is done here.
"""

from collections.abc import Iterator
import contextlib
import os
import signal
import threading
from types import SimpleNamespace
from typing import Any

from nova import service
import nova.conf

CONF = nova.conf.CONF
#: oslo.service's, where nova has none of its own.
_SECONDS = 60


class Topic:
    """Stand in for an oslo.messaging server of one topic."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._serving = 0

    @contextlib.contextmanager
    def serving(self) -> Iterator[bool]:
        """Serve a request; say whether that is done any more."""
        with self._changed:
            served = not self._closed
            self._serving += served
        try:
            yield served
        finally:
            with self._changed:
                self._serving -= served
                self._changed.notify_all()

    def stop(self) -> None:
        """Take no request any more."""
        with self._changed:
            self._closed = True

    def wait(self) -> None:
        """Wait for those that were taken."""
        with self._changed:
            self._changed.wait_for(lambda: not self._serving)


class Shutdown:
    """What becomes of the process when it is told to end."""

    def __init__(self, manager: Any) -> None:
        self.topics = {'compute': Topic(), 'compute-alt': Topic()}
        # Its constructor would make a manager, and a database of its own.
        found = service.Service.__new__(service.Service)
        found.binary, found.host, found.manager = 'nova-compute', '', manager
        found.topic, found.topic_alt = self.topics
        found.rpcserver, found.rpcserver_alt = self.topics.values()
        found.tg = SimpleNamespace(stop=lambda *_: None)
        self._service = found

    def topic(self, name: str) -> Topic:
        """Return the server of a topic."""
        return self.topics.get(name, self.topics['compute'])

    def await_signal(self) -> None:
        """Wait for SIGTERM and end; by the main thread."""
        told = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: told.set())
        signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
        # A signal is seen between two waits.
        while not told.wait(0.1):
            pass
        signal.alarm(getattr(CONF, 'graceful_shutdown_timeout', _SECONDS))
        self._service.stop()
        os._exit(0)
