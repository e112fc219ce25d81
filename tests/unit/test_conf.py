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

"""The options: help that teaches, and a configuration of one's own."""

import io
import pathlib
import tempfile
import unittest

import ddt
from oslo_config import cfg
from oslo_config import generator

from nova_selective_migrate import conf

TOP = pathlib.Path(__file__).resolve().parents[2]
GENERATOR_CONF = TOP / 'etc/nova-selective-migrate/config-generator.conf'
# Names that hold an amount: their help must say of what.
AMOUNTS = (cfg.IntOpt, cfg.FloatOpt)
UNITS = ('MiB', 'bytes', 'seconds', 'percent', 'number of disks')


def sample() -> str:
    config = cfg.ConfigOpts()
    generator.register_cli_opts(config)
    config(['--config-file', str(GENERATOR_CONF)])
    out = io.StringIO()
    generator.generate(config, out)
    return out.getvalue()


@ddt.ddt
class OptionsTest(unittest.TestCase):
    @ddt.data(*conf.OPTIONS)
    def test_help_says_values_and_what_else_to_look_at(self, option):
        self.assertIn('Possible values:', option.help)
        self.assertIn('Related options:', option.help)
        for line in option.help.splitlines():
            self.assertLessEqual(len(line), 79)

    @ddt.data(*conf.OPTIONS)
    def test_related_options_exist(self, option):
        related = option.help.partition('Related options:')[2]
        names = set(related.split('``')[1::2])
        self.assertTrue(names)
        # Those of nova are named with their group.
        own = {name for name in names if '[' not in name}
        self.assertLessEqual(own, {o.name for o in conf.OPTIONS})
        self.assertNotIn(option.name, names)

    @ddt.data(*conf.OPTIONS)
    def test_an_amount_has_a_unit(self, option):
        if isinstance(option, AMOUNTS):
            self.assertTrue(any(unit in option.help for unit in UNITS))

    def test_the_generator_writes_every_option_with_its_help(self):
        text = sample()
        self.assertIn('[selective_migrate]', text)
        for option in conf.OPTIONS:
            self.assertIn(f'#{option.name} =', text)
        self.assertIn('# Related options:', text)

    def test_the_sample_can_be_read_back(self):
        lines = [
            line for line in sample().splitlines() if line.startswith('[')
        ]
        self.assertIn('[selective_migrate]', lines)

    def test_every_option_is_listed_once(self):
        ((group, options),) = conf.list_opts()
        self.assertIs(conf.GROUP, group)
        self.assertEqual(conf.OPTIONS, options)
        self.assertIsNot(conf.OPTIONS, options)

    def test_each_configuration_reads_its_own_files(self):
        found = []
        for path in ('/a', '/b'):
            with tempfile.NamedTemporaryFile('w+') as file:
                file.write(f'[selective_migrate]\nshared_paths = {path}\n')
                file.flush()
                config = cfg.ConfigOpts()
                conf.register_opts(config)
                conf.register_opts(config)
                config([], default_config_files=[file.name])
                found.append(config.selective_migrate.shared_paths)
        self.assertEqual([['/a'], ['/b']], found)
        self.assertNotIn('selective_migrate', cfg.CONF)

    def test_nothing_is_declared_by_default(self):
        config = cfg.ConfigOpts()
        conf.register_opts(config)
        config([], default_config_files=[])
        self.assertEqual([], config.selective_migrate.shared_paths)
        self.assertEqual([], config.selective_migrate.local_paths)
