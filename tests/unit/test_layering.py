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

"""The walls of the house: who may import what."""

import ast
import collections.abc
import pathlib
import subprocess
import sys
import unittest

import nova_selective_migrate

PACKAGE = pathlib.Path(nova_selective_migrate.__file__).parent
NAME = PACKAGE.name

# core decides: it neither asks a machine nor knows the time.
NOT_IN_CORE = {
    *('argparse', 'asyncio', 'io', 'libvirt', 'logging', 'nova', 'os'),
    *('pathlib', 'random', 'shutil', 'socket', 'subprocess', 'tempfile'),
    *('threading', 'time'),
    *(f'{NAME}.{room}' for room in ('cli', 'cmd', 'compute', 'conf', 'host')),
}

# Packages, and modules that stand beside packages. Each imports from its own
# and from earlier lines alone: so none imports from another of its line, and
# there is no cycle.
ORDER = (
    ('exceptions',),
    ('core.model',),
    ('plan_log',),
    ('core.case', 'core.job'),
    ('core.evidence',),
    ('core.decision',),
    ('core.plan', 'conf'),
    ('host.journal',),
    ('host.hypervisor',),
    ('host.facts',),
    ('host.migration',),
    ('drain',),
    ('cli', 'compute.wire'),
    ('compute.common', 'osc'),
    ('compute.source', 'compute.destination'),
    ('cmd', 'compute.metrics'),
    ('compute.components',),
    ('compute.private_overrides',),
    ('compute.driver',),
    ('compute.alias',),
)

# tests/unit runs all other modules of compute without nova.
IMPORT_NOVA = {
    'compute/common/fault_reports.py',
    'compute/common/nova_images.py',
    'compute/common/nova_volume_groups.py',
    'compute/destination/check_destination.py',
    'compute/destination/free_space_watchdog.py',
    'compute/destination/incoming_images.py',
    'compute/destination/incoming_recovery.py',
    'compute/destination/pre_live_migration.py',
    'compute/destination/remote_filesystem.py',
    'compute/destination/rollback.py',
    'compute/driver.py',
    'compute/private_overrides.py',
    'compute/source/check_source.py',
    'compute/source/completion.py',
    'compute/source/conductor_access.py',
    'compute/source/live_migration.py',
    'compute/source/outgoing_journal.py',
    'compute/source/outgoing_recovery.py',
    'compute/source/running_plans.py',
    'compute/source/server_records.py',
}

IMPORT_CORE_BLOCKED = f"""
import importlib, pkgutil, sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top in ('nova', 'libvirt', 'libvirtmod') or top.startswith('oslo'):
            raise ImportError(f'{{name}} is behind the wall')

sys.meta_path.insert(0, Wall())
import {NAME}.core as core
names = [m.name for m in pkgutil.walk_packages(core.__path__, '{NAME}.core.')]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def imports(path: pathlib.Path) -> collections.abc.Iterator[str]:
    """Yield the dotted name of everything that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def importers(
    where: pathlib.Path, forbidden: set[str], room: str | None = None
) -> list[str]:
    """List the imports of forbidden names below a folder, except in a room."""
    return [
        f'{path.relative_to(PACKAGE)} imports {name}'
        for path in sorted(where.rglob('*.py'))
        if room is None or PACKAGE / room not in path.parents
        for name in imports(path)
        if any(name == f or name.startswith(f'{f}.') for f in forbidden)
    ]


def package(name: str) -> str | None:
    """Return the package of a dotted name, as ORDER names it."""
    known = (one for line in ORDER for one in line)
    found = (
        one
        for one in known
        if name == f'{NAME}.{one}' or name.startswith(f'{NAME}.{one}.')
    )
    return next(found, None)


def dotted(path: pathlib.Path) -> str:
    """Return the name by which a file of the package is imported."""
    parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
    return '.'.join(part for part in parts if part != '__init__')


class PackageOrderTest(unittest.TestCase):
    """Data flows one way: no package imports from one that comes later."""

    def test_every_module_has_its_place(self):
        self.assertEqual(
            [],
            [
                str(path)
                for path in sorted(PACKAGE.rglob('*.py'))
                if path.name != '__init__.py' and package(dotted(path)) is None
            ],
        )

    def test_every_place_is_taken(self):
        taken = {package(dotted(path)) for path in PACKAGE.rglob('*.py')}
        self.assertEqual(
            {one for line in ORDER for one in line} - taken, set()
        )

    def test_nothing_is_imported_from_later_packages(self):
        place = {one: at for at, line in enumerate(ORDER) for one in line}
        backward = []
        for path in sorted(PACKAGE.rglob('*.py')):
            own = package(dotted(path))
            for name in imports(path):
                other = package(name)
                if own is None or other is None or own == other:
                    continue
                if place[other] >= place[own]:
                    backward.append(f'{dotted(path)} imports {name}')
        self.assertEqual([], backward)

    def test_the_command_line_and_the_driver_know_not_each_other(self):
        cli, compute = f'{NAME}.cli', f'{NAME}.compute'
        self.assertEqual([], importers(PACKAGE / 'cli', {compute, 'nova'}))
        self.assertEqual([], importers(PACKAGE / 'compute', {cli, 'argparse'}))


class LayeringTest(unittest.TestCase):
    def test_core_imports_without_nova_libvirt_and_oslo(self):
        done = subprocess.run(
            [sys.executable, '-c', IMPORT_CORE_BLOCKED],
            cwd=PACKAGE.parent,
            capture_output=True,
            text=True,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertGreater(int(done.stdout), 0)

    def test_core_imports_nothing_that_is_not_pure(self):
        self.assertEqual([], importers(PACKAGE / 'core', NOT_IN_CORE))
        self.assertEqual(
            [],
            [
                name
                for path in (PACKAGE / 'core').rglob('*.py')
                for name in imports(path)
                if name.startswith('oslo')
            ],
        )

    def test_host_knows_no_command_line(self):
        self.assertEqual(
            [], importers(PACKAGE / 'host', {'argparse', f'{NAME}.cli'})
        )

    def test_only_the_hypervisor_room_imports_libvirt(self):
        self.assertEqual(
            [],
            importers(PACKAGE, {'libvirt', 'libvirtmod'}, 'host/hypervisor'),
        )

    def test_these_modules_alone_import_nova(self):
        found = importers(PACKAGE, {'nova'})
        self.assertEqual(
            IMPORT_NOVA, {line.partition(' ')[0] for line in found}
        )

    def test_a_drain_runs_where_neither_nova_nor_libvirt_is(self):
        wall = IMPORT_CORE_BLOCKED.replace(
            f'{NAME}.core as core', f'{NAME}.drain as core'
        ).replace(f'{NAME}.core.', f'{NAME}.drain.')
        done = subprocess.run(
            [sys.executable, '-c', wall],
            cwd=PACKAGE.parent,
            capture_output=True,
            text=True,
        )
        self.assertEqual(0, done.returncode, done.stderr)

    def test_only_osc_imports_the_client(self):
        clients = {'openstack', 'osc_lib', 'openstackclient', 'keystoneauth1'}
        self.assertEqual([], importers(PACKAGE, clients, 'osc'))
        self.assertEqual([], importers(PACKAGE / 'osc', {'nova', 'libvirt'}))

    def test_nobody_imports_eventlet(self):
        """nova runs with it or without, and forbids its import without."""
        self.assertEqual([], importers(PACKAGE, {'eventlet'}))
