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

"""A real Prometheus scrapes nova-compute while it migrates."""

import json
import shutil
import signal
import subprocess
import sys
import typing
import urllib.parse

from lab import lab_homes
from lab.guests import written_records
from lab.nova import nova_settings
from lab.processes import waiting
from tests.e2e import nova_base

PROMETHEUS = shutil.which('prometheus')
FILE = f'{nova_settings.STATE}/selective-migrate.prom'
PORT = 9179
OPTIONS = {
    'selective_migrate': {
        'enabled': 'true',
        'metrics_file': FILE,
        'metrics_bind': f':{PORT}',
    },
    'libvirt': {'live_migration_bandwidth': 4},
}
MUCH = {'root_mib': 56, 'workload': written_records.Workload(cold_mib=40)}
SCRAPES = f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: nova-compute
    static_configs: [{{targets: ["127.0.0.1:{PORT}"]}}]
"""
FETCH = (
    'import sys, urllib.request as r; '
    'sys.stdout.write(r.urlopen(sys.argv[1], timeout=30).read().decode())'
)
DASHBOARD = lab_homes.REPOSITORY / 'contrib/grafana/selective-migrate.json'
COPIED = 'selective_migrate_disk_copied_bytes_total'


class MetricsTestCase(nova_base.NovaTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.plugin(**OPTIONS)

    def fetch(self, url: str) -> str:
        """Ask something that listens on host a's loopback."""
        return self.a.run([sys.executable, '-c', FETCH, url]).stdout

    def query(self, expression: str) -> list[dict[str, typing.Any]]:
        """Ask Prometheus."""
        words = urllib.parse.urlencode({'query': expression})
        told = self.fetch(f'http://127.0.0.1:9090/api/v1/query?{words}')
        return list(json.loads(told)['data']['result'])

    def panels_without_data(self) -> list[str]:
        """Ask what each panel of the dashboard asks; return the empty ones."""
        return [
            panel['title']
            for panel in json.loads(DASHBOARD.read_text())['panels']
            for target in panel.get('targets', ())
            if not self.query(
                target['expr']
                .replace('$instance', '.*')
                .replace('$__rate_interval', '1m')
            )
        ]

    def start_prometheus(self) -> None:
        """Run one on host a that scrapes its nova-compute each second."""
        assert PROMETHEUS is not None
        home = self.a.path('/var/lib/prometheus-of-a-test')
        home.mkdir(parents=True, exist_ok=True)
        (home / 'prometheus.yml').write_text(SCRAPES)
        inside = '/var/lib/prometheus-of-a-test'
        started = self.a.popen(
            [
                PROMETHEUS,
                f'--config.file={inside}/prometheus.yml',
                f'--storage.tsdb.path={inside}/data',
                '--web.listen-address=127.0.0.1:9090',
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def stop() -> None:
            started.send_signal(signal.SIGTERM)
            started.wait(60)
            shutil.rmtree(home)

        self.addCleanup(stop)
        waiting.until(self.is_up, 'a scrape of nova-compute')

    def is_up(self) -> bool:
        """Tell whether Prometheus has scraped nova-compute."""
        try:
            (found,) = self.query('up')
        except Exception:
            return False  # it starts
        return bool(found['value'][1] == '1')

    def test_file_and_endpoint(self) -> None:
        """Both tell of each disk while it is copied, and then no more."""
        server = self.server(**MUCH)
        file = self.a.path(FILE)
        url = f'http://127.0.0.1:{PORT}/metrics'
        wanted = f'{COPIED}{{domain="{server.name}",instance_id="{server.id}"'
        with self.moving(server) as moved:
            waiting.until(lambda: wanted in file.read_text(), 'the file')
            self.assertIn(wanted, self.fetch(url))
        self.assertEqual('completed', moved[0].status)
        text = self.fetch(url)
        self.assertNotIn(server.id, text)
        self.assertRegex(
            text, r'migrations_total{outcome="moved",[^}]*} [1-9]'
        )
        waiting.until(lambda: server.id not in file.read_text(), 'the end')
        self.assertEqual(0o644, file.stat().st_mode & 0o777)

    def test_prometheus(self) -> None:
        """It sees the copied bytes grow, the phases, and the series end."""
        if PROMETHEUS is None:
            self.skipTest(
                'no Prometheus, it is NOT TESTED that it scrapes what we '
                'serve: apt-get install prometheus'
            )
        self.start_prometheus()
        server = self.server(**MUCH)
        with self.moving(server) as moved:
            waiting.until(
                lambda: self.query(f'{COPIED}{{target_device="vda"}} > 0'),
                'the copy of vda',
            )
            self.assertEqual(
                '1',
                self.value('selective_migrate_migrations_in_running_phase'),
            )
            # No plan was refused, no host audited, and memory may come last.
            self.assertLessEqual(
                {*self.panels_without_data()},
                {
                    'Guests that cannot move',
                    'Refused plans by reason code',
                    'Guests by the result of the last audit',
                    'Guests that a reason code refuses, by the last audit',
                    'Memory still to send',
                },
            )
        self.assertEqual('completed', moved[0].status)
        waiting.until(lambda: not self.query(COPIED), 'the end of its series')
        of = f'{{instance_id="{server.id}",target_device="vda"}}'
        steps = self.query(f'changes({COPIED}{of}[10m])')
        self.assertGreater(int(steps[0]['value'][1]), 1)
        phases = {
            found['metric']['phase']
            for found in self.query(
                'last_over_time(selective_migrate_migration_phase_start_time_'
                f'seconds{{instance_id="{server.id}"}}[10m])'
            )
        }
        self.assertLessEqual({'preparing', 'disks'}, phases)
        self.assertEqual(
            '1',
            self.value(
                'increase(selective_migrate_migrations_total'
                '{outcome="moved",status="completed"}[10m]) > bool 0'
            ),
        )

    def value(self, expression: str) -> str:
        """Return the only value of an expression."""
        (found,) = self.query(expression)
        return str(found['value'][1])
