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

"""nova-compute finds our driver wherever it is installed."""

import os
import pathlib
import shutil
import sys
import tempfile

import testtools

from tests import layouts

# nova-compute itself, up to where it would connect to its message queue.
COMPUTE = """
import sys
from nova.cmd import compute
from nova import service
from nova.virt import driver

class Loaded(Exception):
    pass

def create(**_):
    raise Loaded

service.Service.create = create
drivers = sys.argv[2:]
sys.argv = ['nova-compute', '--config-file', sys.argv[1]]
try:
    compute.main()
except Loaded:
    pass
for name in drivers:
    try:
        kinds = type(driver.load_compute_driver(None, name)).__mro__
    except SystemExit as err:
        print(name, err.__context__)
    else:
        print(name, *(k.__module__ + '.' + k.__name__ for k in kinds))
"""
DRIVER = 'selective_migrate.SelectiveMigrateDriver'
OURS = [
    'nova_selective_migrate.compute.driver.SelectiveMigrateDriver',
    'nova.virt.libvirt.driver.LibvirtDriver',
]
STOCK = 'libvirt.LibvirtDriver'
# Who imports eventlet: nova does so itself before 34, we never do.
IMPORTS = """
import importlib, pkgutil, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'eventlet':
            frame = sys._getframe(1)
            while 'importlib' in frame.f_code.co_filename:
                frame = frame.f_back
            if 'nova_selective_migrate' in frame.f_code.co_filename:
                print(frame.f_code.co_filename, 'imports', name)

sys.meta_path.insert(0, Watch())
import nova_selective_migrate as ours
names = [m.name for m in pkgutil.walk_packages(ours.__path__,
                                               ours.__name__ + '.')]
for name in names:
    importlib.import_module(name)
print(len(names) > 50)
"""


class LoadingTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {
            'PYTHONWARNINGS': 'ignore',
            'PYTHONDONTWRITEBYTECODE': '1',
        }

    def load(self, python, *drivers):
        """Load drivers as nova-compute does.

        :returns: of each name the words that say what was loaded, its
            classes, or why nothing was
        """
        conf = self.folder / 'nova.conf'
        conf.write_text(
            f'[DEFAULT]\ncompute_driver = {drivers[0]}\n'
            f'state_path = {self.folder}\n'
            f'[oslo_concurrency]\nlock_path = {self.folder}\n'
        )
        told = layouts.run(
            *(python, '-c', COMPUTE, conf, *drivers),
            folder=layouts.NOWHERE,
            **self.environment,
        )
        lines = [line.split() for line in told.splitlines()]
        kinds = {line[0]: line[1:] for line in lines if line[:1] != []}
        return {name: kinds[name] for name in drivers}

    def assert_loads(self, python):
        found = self.load(python, DRIVER)
        self.assertEqual(OURS, found[DRIVER][:3:2])

    def test_it_loads_from_an_editable_install(self):
        self.assert_loads(sys.executable)

    def test_it_loads_from_a_wheel_beside_nova_and_apart(self):
        wheel = layouts.build_wheel(self.folder)
        before = sorted(os.listdir(layouts.SITE / 'nova' / 'virt'))
        for make in (layouts.beside_nova, layouts.apart_from_nova):
            made = make(self.folder / make.__name__, wheel)
            self.assert_loads(made.python)
            made.uninstall()
            self.assert_gone(made)
        self.assertEqual(
            before, sorted(os.listdir(layouts.SITE / 'nova' / 'virt'))
        )

    def test_it_loads_from_a_directory_of_its_own(self):
        """As beside nova of a distribution, whose pip changes nothing."""
        wheel = layouts.build_wheel(self.folder)
        made = layouts.Environment(self.folder / 'distribution')
        layouts.link_installed(made.site)
        self.assert_gone(made)
        ours = self.folder / 'ours'
        layouts.install_apart(wheel, ours)
        self.environment['PYTHONPATH'] = str(ours)
        self.assert_loads(made.python)

    def test_it_never_imports_eventlet(self):
        self.assertEqual(
            'True',
            layouts.run(
                *(sys.executable, '-c', IMPORTS),
                folder=layouts.NOWHERE,
                **self.environment,
            ).strip(),
        )

    def assert_gone(self, made):
        """nova's own driver loads as ever; ours does not."""
        found = self.load(made.python, DRIVER, STOCK)
        self.assertEqual(OURS[1], found[STOCK][0])
        self.assertIn(
            "No module named 'nova.virt.selective", ' '.join(found[DRIVER])
        )
