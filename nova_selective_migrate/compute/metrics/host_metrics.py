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
"""The metrics of this host, from the start of nova-compute to its end."""

import collections.abc
import threading

from oslo_log import log as logging
import prometheus_client
from prometheus_client import core
from prometheus_client import exposition

from nova_selective_migrate.compute.common import metrics_settings
from nova_selective_migrate.compute.common import whole_files
from nova_selective_migrate.compute.metrics import host_state
from nova_selective_migrate.compute.metrics import metric_families
from nova_selective_migrate.compute.metrics import metrics_endpoint

LOG = logging.getLogger(__name__)

#: Seconds between two files at most: what nobody announces, such as an audit,
#: is in the next one, and who reads can tell that somebody writes.
_MOST_SECONDS = 60.0
#: And at least, where many migrations announce something.
_LEAST_SECONDS = 1.0


class HostMetrics:
    """Writes and serves the metrics; an error of theirs is logged.

    They are made of the state as it is when they are asked for: what has
    ended is not in them any more.
    """

    def __init__(
        self,
        settings: metrics_settings.MetricsSettings,
        sources: host_state.HostSources,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._registry = prometheus_client.CollectorRegistry(
            auto_describe=False
        )
        self._registry.register(self)  # type: ignore[arg-type,unused-ignore]
        self._ended = threading.Event()
        self._endpoint: metrics_endpoint.MetricsEndpoint | None = None
        self._failed = False

    def collect(self) -> collections.abc.Iterator[core.Metric]:
        """Yield the metrics; the registry asks for them."""
        return metric_families.families(self._sources.read())

    def describe(self) -> list[core.Metric]:
        """Name none: the registry is to ask for nothing before its time."""
        return []

    def render(self, accept: str = '') -> tuple[bytes, str]:
        """Return the metrics and their type, as an Accept header has it."""
        encode, kind = exposition.choose_encoder(accept)
        return encode(self._registry), kind

    def start(self) -> None:
        """Begin to serve and to write, where that is wanted; never raises."""
        if self._settings.bind:
            try:
                self._endpoint = metrics_endpoint.MetricsEndpoint(
                    self._settings.bind, self.render
                )
                self._endpoint.start()
            except OSError as err:
                # A boundary: nova-compute goes on without.
                LOG.error(
                    'No metrics on [selective_migrate]metrics_bind = %s: %s',
                    self._settings.bind,
                    err,
                )
        if self._settings.file:
            threading.Thread(
                target=self._keep_file,
                args=(self._settings.file,),
                name='selective-migrate-metrics-file',
                daemon=True,
            ).start()

    def stop(self) -> None:
        """Serve and write no more; the file goes. Never raises."""
        self._ended.set()
        self._sources.activity.changed.set()
        if self._endpoint is not None:
            self._endpoint.stop()
        if self._settings.file:
            self._remove(self._settings.file)

    def _keep_file(self, path: str) -> None:
        changed = self._sources.activity.changed
        while not self._ended.is_set():
            changed.clear()
            self._write(path)
            if not self._ended.wait(_LEAST_SECONDS):
                changed.wait(_MOST_SECONDS - _LEAST_SECONDS)
        self._remove(path)

    def _write(self, path: str) -> None:
        try:
            whole_files.write(path, self.render()[0])
        except Exception as err:
            # The thread's boundary: the next round writes again.
            if not self._failed:
                LOG.warning(
                    '[selective_migrate]metrics_file = %s is not written: %r',
                    path,
                    err,
                )
            self._failed = True
        else:
            self._failed = False

    def _remove(self, path: str) -> None:
        try:
            whole_files.remove(path)
        except OSError as err:
            # nova-compute ends all the same.
            LOG.warning('%s stays with old metrics: %s', path, err)
