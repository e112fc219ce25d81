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

"""What other projects' tools read, and was never run by them, says so."""

import configparser
import pathlib
import unittest

import ddt
import jinja2
import yaml

from nova_selective_migrate import conf

TOP = pathlib.Path(__file__).parents[2]
DRIVER = 'selective_migrate.SelectiveMigrateDriver'
GROUP = 'selective_migrate'
KOLLA = TOP / 'contrib' / 'kolla'
ANSIBLE = TOP / 'contrib' / 'openstack-ansible'
#: Those that nothing of ours runs.
NOT_RUN = (
    *sorted(KOLLA.iterdir()),
    *sorted(ANSIBLE.iterdir()),
    *sorted((TOP / 'devstack').iterdir()),
    TOP / '.zuul.yaml',
)


@ddt.ddt
class NotRunTest(unittest.TestCase):
    @ddt.data(*(str(path.relative_to(TOP)) for path in NOT_RUN))
    def test_its_first_line_says_so(self, name):
        first = (TOP / name).read_text().splitlines()[0]
        self.assertRegex(first, r'^(# |\{# )Not run: ')

    def test_they_are_those_that_are_known(self):
        self.assertEqual(7, len(NOT_RUN))


class SettingsTest(unittest.TestCase):
    """Options and the driver have the names that nova-compute knows."""

    def assert_known(self, settings):
        self.assertEqual(DRIVER, settings['DEFAULT']['compute_driver'])
        known = {
            option.dest
            for group, options in conf.list_opts()
            for option in options
            if group.name == GROUP
        }
        self.assertLessEqual(set(settings[GROUP]), known)
        self.assertIn('enabled', settings[GROUP])

    def test_kolla(self):
        read = configparser.ConfigParser(default_section='none')
        read.read(KOLLA / 'nova-compute.conf')
        self.assert_known(read)

    def test_kolla_installs_the_release_that_setup_cfg_has(self):
        ours = configparser.ConfigParser()
        ours.read([TOP / 'setup.cfg', KOLLA / 'kolla-build.conf'])
        plugin = ours['nova-compute-plugin-selective-migrate']
        self.assertEqual('local', plugin['type'])
        self.assertIn(
            f'nova_selective_migrate-{ours["metadata"]["version"]}.tar.gz',
            plugin['location'],
        )

    def test_the_template_is_one(self):
        text = (KOLLA / 'template-override.j2').read_text()
        parsed = jinja2.Environment(autoescape=True).parse(text)
        names = {b.name for b in parsed.find_all(jinja2.nodes.Block)}
        self.assertEqual({'nova_compute_footer'}, names)

    def test_openstack_ansible(self):
        text = (ANSIBLE / 'nova_compute.yml').read_text()
        self.assert_known(yaml.safe_load(text)['nova_nova_conf_overrides'])

    def test_devstack(self):
        text = (TOP / 'devstack' / 'plugin.sh').read_text()
        words = text.replace('\\\n', ' ').split()
        self.assertIn(DRIVER, words)

    def test_zuul_has_a_child_of_each_of_novas_jobs(self):
        loaded = yaml.safe_load((TOP / '.zuul.yaml').read_text())
        parents = {each['job']['parent'] for each in loaded if 'job' in each}
        self.assertEqual(
            {'nova-live-migration', 'nova-graceful-shutdown'}, parents
        )


if __name__ == '__main__':
    unittest.main()
