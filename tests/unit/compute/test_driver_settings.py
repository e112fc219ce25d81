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

"""The options as the driver reads them."""

import sys
import unittest
from unittest import mock

from oslo_config import cfg

from nova_selective_migrate import conf
from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import migration_options

WRITES = driver_settings.SynchronousWrites


def group(**values):
    config = cfg.ConfigOpts()
    conf.register_opts(config)
    config([], default_config_files=[])
    for name, value in values.items():
        config.set_override(name, value, group='selective_migrate')
    return config.selective_migrate


class SettingsTest(unittest.TestCase):
    def test_defaults(self):
        found = driver_settings.DriverSettings.of(group())
        self.assertIs(driver_settings.Mode.ENFORCE, found.mode)
        self.assertEqual(declared_paths.LocalityPolicy(), found.policy)
        self.assertEqual(8 * 2**20, found.media_limit)
        self.assertIs(WRITES.AUTO, found.synchronous_writes)
        self.assertEqual(300, found.limits.progress_seconds)
        self.assertEqual(256 * 2**20, found.limits.reserve_bytes)

    def test_not_enabled_by_default(self):
        self.assertFalse(group().enabled)
        self.assertEqual('fail', group().on_seam_mismatch)

    def test_every_value(self):
        found = driver_settings.DriverSettings.of(
            group(
                mode='audit',
                shared_paths=['/a'],
                local_paths=['/b'],
                media_limit=1,
                thin='on',
                disks_uri='tcp://10.0.0.2',
                parallel_mirrors=2,
                synchronous_writes='on',
                progress_timeout=0,
                free_space_reserve=2,
            )
        )
        self.assertIs(driver_settings.Mode.AUDIT, found.mode)
        self.assertEqual(
            declared_paths.LocalityPolicy(('/a',), ('/b',)), found.policy
        )
        self.assertEqual(2**20, found.media_limit)
        self.assertIs(migration_options.Thin.ON, found.thin)
        self.assertEqual('tcp://10.0.0.2', found.disks_uri)
        self.assertEqual(2, found.parallel_mirrors)
        self.assertIs(WRITES.ON, found.synchronous_writes)
        self.assertEqual(0, found.limits.progress_seconds)
        self.assertEqual(2 * 2**20, found.limits.reserve_bytes)

    def test_no_metrics_by_default(self):
        """And what makes them is not asked for."""
        with mock.patch.dict(sys.modules, {'prometheus_client': None}):
            found = driver_settings.DriverSettings.of(group())
        self.assertFalse(found.metrics.wanted)

    def test_where_metrics_go(self):
        found = driver_settings.DriverSettings.of(
            group(metrics_file='/var/lib/x/y.prom', metrics_bind=':9179')
        ).metrics
        self.assertTrue(found.wanted)
        self.assertEqual('/var/lib/x/y.prom', found.file)
        self.assertEqual('127.0.0.1:9179', str(found.bind))

    def test_metrics_that_go_nowhere(self):
        for option, value, said in (
            ('metrics_file', 'x.prom', 'absolute'),
            ('metrics_file', '/var/lib/x.txt', r'\.prom'),
            ('metrics_file', '/var/lib/', r'\.prom'),
            ('metrics_bind', '127.0.0.1', 'no port'),
            ('metrics_bind', '::1:9179', 'brackets'),
        ):
            with (
                self.subTest(value),
                self.assertRaisesRegex(
                    exceptions.InvalidInput, f'{option}.*{said}'
                ),
            ):
                driver_settings.DriverSettings.of(group(**{option: value}))

    def test_metrics_without_what_makes_them(self):
        for option, value in (
            ('metrics_file', '/x.prom'),
            ('metrics_bind', '9179'),
        ):
            with (
                self.subTest(option),
                mock.patch.dict(sys.modules, {'prometheus_client': None}),
                self.assertRaisesRegex(
                    exceptions.InvalidInput,
                    rf'{option} needs prometheus_client.*\[metrics\]',
                ),
            ):
                driver_settings.DriverSettings.of(group(**{option: value}))

    def test_a_uri_for_disks_that_cannot_be_used(self):
        for uri, said in (
            ('udp://10.0.0.2', 'neither'),
            ('tcp://:49200', 'address'),
            (f'unix:///{"x" * 60}', 'too long'),
        ):
            with (
                self.subTest(uri=uri),
                self.assertRaisesRegex(exceptions.InvalidInput, said),
            ):
                driver_settings.DriverSettings.of(group(disks_uri=uri))

    def test_one_path_in_both(self):
        with self.assertRaises(exceptions.InvalidPolicy):
            driver_settings.DriverSettings.of(
                group(shared_paths=['/a'], local_paths=['/a'])
            )
