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

"""A name below nova.virt, wherever we are installed."""

import subprocess
import sys
import unittest

# nova is not here: a package of that name, and a driver that stands for ours.
_SETUP = """
import sys, types
for name in ('nova', 'nova.virt'):
    module = types.ModuleType(name)
    module.__path__ = []
    sys.modules[name] = module
driver = types.ModuleType('nova_selective_migrate.compute.driver')
driver.SelectiveMigrateDriver = type('SelectiveMigrateDriver', (), {})
sys.modules[driver.__name__] = driver
"""


def run(code):
    """Run code in a Python of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, '-W', 'error::ImportWarning', '-c', _SETUP + code],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or done.stderr


class AliasTest(unittest.TestCase):
    def test_os_vif_registers_it(self):
        found = run("""
import os_vif
os_vif.initialize()
from nova.virt import selective_migrate
print(selective_migrate.SelectiveMigrateDriver is
      driver.SelectiveMigrateDriver, selective_migrate.__name__)
""")
        self.assertEqual('True nova.virt.selective_migrate', found)

    def test_nothing_is_imported_before_it_is_asked_for(self):
        found = run("""
del sys.modules[driver.__name__]
import os_vif
os_vif.initialize()
print([m for m in sys.modules if m.startswith('nova_selective_migrate')
       and 'driver' in m], 'libvirt' in sys.modules)
""")
        self.assertEqual('[] False', found)

    def test_without_it_there_is_no_such_module(self):
        found = run('import nova.virt.selective_migrate')
        self.assertIn("No module named 'nova.virt.selective_migrate'", found)

    def test_other_modules_of_nova_are_not_ours(self):
        found = run("""
from nova_selective_migrate.compute import alias
alias.register()
import nova.virt.other
""")
        self.assertIn("No module named 'nova.virt.other'", found)

    def test_twice_is_once(self):
        found = run("""
from nova_selective_migrate.compute import alias
before = len(sys.meta_path)
alias.register()
alias.register()
print(len(sys.meta_path) - before)
""")
        self.assertEqual('1', found)

    def test_plugs_nothing(self):
        found = run("""
import os_vif
os_vif.initialize()
print([info.plugin_name for info in os_vif.host_info().plugin_info
       if info.plugin_name == 'selective_migrate' and not info.vif_info])
""")
        self.assertEqual("['selective_migrate']", found)
