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

"""The programs of tools/, which is no package, and the names of tests."""

import ast
import importlib.util
import pathlib
import sys
import types

TOP = pathlib.Path(__file__).parents[3]


def load(name: str) -> types.ModuleType:
    """Load a program as a module."""
    path = TOP / 'tools' / f'{name}.py'
    spec = importlib.util.spec_from_file_location(f'tools_{name}', path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def tests_of(folder: str) -> list[str]:
    """Name the tests of a folder, without ddt's ends.

    Read, not loaded: those of nova need nova.
    """
    return [
        f'tests.{folder}.{path.stem}.{each.name}.{test.name}'
        for path in sorted((TOP / 'tests' / folder).glob('test_*.py'))
        for each in ast.parse(path.read_text()).body
        if isinstance(each, ast.ClassDef)
        for test in each.body
        if isinstance(test, ast.FunctionDef) and test.name.startswith('test')
    ]
