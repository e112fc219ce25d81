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

"""Everything that we declare to others is there."""

import importlib.metadata
import importlib.util
import io
import pathlib
import pkgutil
import types
import unittest

from oslo_config import cfg
from oslo_config import generator

import nova_selective_migrate
from tools import toml_files

TOP = pathlib.Path(__file__).resolve().parents[2]
EXTRA = importlib.util.find_spec('openstackclient') is not None
GENERATOR_CONF = 'etc/nova-selective-migrate/config-generator.conf'


def project() -> dict:
    return toml_files.read(TOP / 'pyproject.toml')


def declared() -> set[tuple[str, str, str]]:
    """Return group, name and value of every declared entry point."""
    table = project()['project']
    groups = {'console_scripts': table['scripts'], **table['entry-points']}
    return {
        (group, name, value)
        for group, points in groups.items()
        for name, value in points.items()
    }


class EntryPointsTest(unittest.TestCase):
    def test_every_declared_entry_point_resolves(self):
        for group, name, value in sorted(declared()):
            with self.subTest(group=group, name=name):
                if group.startswith('openstack.') and not EXTRA:
                    self.skipTest('the extra [openstack] is not installed')
                loaded = importlib.metadata.EntryPoint(
                    name, value, group
                ).load()
                # python-openstackclient takes a module as its plugin.
                is_module = isinstance(loaded, types.ModuleType)
                self.assertEqual(group == 'openstack.cli.extension', is_module)
                self.assertTrue(is_module or callable(loaded))

    def test_installed_entry_points_are_the_declared_ones(self):
        installed = importlib.metadata.distribution('nova-selective-migrate')
        self.assertEqual(
            declared(),
            {(p.group, p.name, p.value) for p in installed.entry_points},
            'stale installation: run `make install`',
        )

    def test_config_generator_runs_on_our_namespace(self):
        conf = cfg.ConfigOpts()
        generator.register_cli_opts(conf)
        conf(['--config-file', str(TOP / GENERATOR_CONF)])
        sample = io.StringIO()
        generator.generate(conf, sample)
        self.assertIn('[selective_migrate]', sample.getvalue())
        self.assertIn('#shared_paths', sample.getvalue())
        self.assertIn('#local_paths', sample.getvalue())


class PackagesTest(unittest.TestCase):
    def test_every_package_is_listed(self):
        found = pkgutil.walk_packages(
            nova_selective_migrate.__path__, 'nova_selective_migrate.'
        )
        self.assertEqual(
            {'nova_selective_migrate', *(m.name for m in found if m.ispkg)},
            set(project()['tool']['setuptools']['packages']),
        )
