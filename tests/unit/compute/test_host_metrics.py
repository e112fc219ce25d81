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

"""Metrics are written and served while nova-compute runs, and then not."""

import http.client
import pathlib
import socket
import tempfile
import threading
import unittest
from unittest import mock

from nova_selective_migrate.compute.common import metrics_settings
from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.common import whole_files
from nova_selective_migrate.compute.metrics import host_metrics
from nova_selective_migrate.compute.metrics import host_state
from nova_selective_migrate.compute.metrics import metrics_endpoint
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.model import listen_address

LOOPBACK = listen_address.ListenAddress('127.0.0.1', 0)
SECONDS = 30


class HostMetricsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder, 'x.prom')
        self.activity = migration_activity.MigrationActivity()
        incoming = mock.Mock()
        incoming.waiting.return_value = []
        incoming.promised_bytes.return_value = 0
        audit = mock.Mock()
        audit.results.return_value = None
        self.sources = host_state.HostSources(
            self.activity, incoming, list, lambda: 0, audit
        )
        self.enterContext(
            mock.patch.object(host_metrics, '_LEAST_SECONDS', 0.01)
        )

    def start(self, file=None, bind=None):
        made = host_metrics.HostMetrics(
            metrics_settings.MetricsSettings(file and str(file), bind),
            self.sources,
        )
        made.start()
        self.addCleanup(made.stop)
        return made

    def written(self):
        """Count files that are written; wait for the next with acquire()."""
        rounds = threading.Semaphore(0)
        real = whole_files.write

        def write(*arguments):
            real(*arguments)
            rounds.release()

        self.enterContext(
            mock.patch.object(whole_files, 'write', side_effect=write)
        )
        return rounds

    def test_nothing_is_asked_before_its_time(self):
        with mock.patch.object(self.sources, 'read') as read:
            host_metrics.HostMetrics(
                metrics_settings.MetricsSettings('/x.prom'), self.sources
            )
            read.assert_not_called()

    def test_the_file_follows_a_migration(self):
        rounds = self.written()
        made = self.start(file=self.path)
        self.assertTrue(rounds.acquire(timeout=SECONDS))
        self.assertNotIn('instance-1', self.path.read_text())
        self.activity.begin('uuid', 'instance-1')
        while 'instance-1' not in self.path.read_text():
            self.assertTrue(rounds.acquire(timeout=SECONDS))
        self.activity.end('uuid', guest_location.Ending.MOVED, 'completed')
        while 'instance-1' in self.path.read_text():
            self.assertTrue(rounds.acquire(timeout=SECONDS))
        self.assertIn(
            'selective_migrate_migrations_total'
            '{outcome="moved",status="completed"} 1.0',
            self.path.read_text(),
        )
        made.stop()
        self.assertFalse(self.path.exists())

    def test_a_file_that_cannot_be_written_is_told_once(self):
        tried = threading.Semaphore(0)

        def fail(*_):
            tried.release()
            raise OSError('read-only')

        self.enterContext(
            mock.patch.object(whole_files, 'write', side_effect=fail)
        )
        with self.assertLogs(host_metrics.LOG.logger, 'WARNING') as logged:
            self.start(file=self.path)
            for _ in range(3):
                self.assertTrue(tried.acquire(timeout=SECONDS))
                self.activity.refuse(['snapshots'])
        self.assertEqual(1, len(logged.output), logged.output)
        self.assertIn('read-only', logged.output[0])

    def test_any_error_leaves_the_thread_alive(self):
        tried = threading.Semaphore(0)

        def fail():
            tried.release()
            raise KeyError('a bug of ours')

        with (
            mock.patch.object(self.sources, 'read', side_effect=fail),
            self.assertLogs(host_metrics.LOG.logger, 'WARNING'),
        ):
            self.start(file=self.path)
            for _ in range(3):
                self.assertTrue(tried.acquire(timeout=SECONDS))
                self.activity.refuse(['snapshots'])

    def test_a_port_that_another_has(self):
        """nova-compute starts all the same."""
        taken = self.enterContext(socket.create_server(('127.0.0.1', 0)))
        port = taken.getsockname()[1]
        with self.assertLogs(host_metrics.LOG.logger, 'ERROR') as logged:
            self.start(bind=listen_address.ListenAddress('127.0.0.1', port))
        self.assertIn(f'127.0.0.1:{port}', logged.output[0])

    def test_an_address_that_is_not_of_this_host(self):
        with self.assertLogs(host_metrics.LOG.logger, 'ERROR'):
            self.start(bind=listen_address.ListenAddress('192.0.2.1', 9179))

    def test_what_is_served(self):
        made = self.start(bind=LOOPBACK)
        answer = ask(made._endpoint.port)
        self.assertIn(b'selective_migrate_migrations_total{', answer)


def ask(port, path='/metrics', method='GET'):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=SECONDS)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            return answer.status
        return answer.read()
    finally:
        connection.close()


class EndpointTest(unittest.TestCase):
    def serve(self, render=lambda accept: (b'a 1\n', 'text/plain')):
        made = metrics_endpoint.MetricsEndpoint(LOOPBACK, render)
        made.start()
        self.addCleanup(made.stop)
        return made.port

    def test_paths(self):
        port = self.serve()
        for path in ('/metrics', '/', '/metrics?x=1'):
            self.assertEqual(b'a 1\n', ask(port, path))
        for path in ('/metrics/', '/etc/passwd', '/../'):
            self.assertEqual(404, ask(port, path))

    def test_it_takes_nothing(self):
        port = self.serve()
        for method in ('POST', 'PUT', 'DELETE'):
            self.assertEqual(501, ask(port, method=method))

    def test_a_failure_of_ours_is_the_client_s_alone(self):
        answers = [KeyError('a bug'), (b'a 2\n', 'text/plain')]
        port = self.serve(mock.Mock(side_effect=answers))
        with self.assertLogs(metrics_endpoint.LOG.logger, 'WARNING'):
            self.assertEqual(500, ask(port))
        self.assertEqual(b'a 2\n', ask(port))

    def test_a_client_that_says_nothing_holds_up_nobody(self):
        port = self.serve()
        with socket.create_connection(('127.0.0.1', port)):
            self.assertEqual(b'a 1\n', ask(port))

    def test_no_http(self):
        port = self.serve()
        with socket.create_connection(('127.0.0.1', port)) as client:
            client.sendall(b'\x00\xff\r\n\r\n')
            client.recv(1000)
        self.assertEqual(b'a 1\n', ask(port))

    def test_it_ends(self):
        made = metrics_endpoint.MetricsEndpoint(
            LOOPBACK, lambda accept: (b'', '')
        )
        made.start()
        made.stop()
        with self.assertRaises(OSError):
            ask(made.port)

    def test_of_ipv6(self):
        try:
            made = metrics_endpoint.MetricsEndpoint(
                listen_address.ListenAddress('::1', 0),
                lambda accept: (b'', ''),
            )
        except OSError as err:
            self.skipTest(f'this machine has no IPv6: {err}')
        self.addCleanup(made.stop)
        self.assertTrue(made.port)


if __name__ == '__main__':
    unittest.main()
