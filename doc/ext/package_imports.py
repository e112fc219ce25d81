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

"""Which of our packages imports which; the files are parsed, not imported."""

import ast
import collections.abc
import pathlib

NAME = 'nova_selective_migrate'
ROOT = pathlib.Path(__file__).parents[2] / NAME

Edges = dict[str, set[str]]  # a package and the packages that it imports


def imports() -> Edges:
    """Tell which of our packages each of them imports."""
    paths = modules()
    edges: Edges = {}
    for name, path in paths.items():
        package = package_of(name)
        found = edges.setdefault(package, set())
        for imported in _imported(path):
            if imported in paths:
                found.add(package_of(imported))
        found.discard(package)
    return edges


def in_order(edges: Edges) -> list[str]:
    """Sort packages so that each stands after those that it imports."""
    depth = {package: len(_below(package, edges)) for package in edges}
    deepest: dict[str, int] = {}
    for package, number in depth.items():
        top = top_of(package)
        deepest[top] = max(number, deepest.get(top, 0))
    return sorted(
        edges,
        key=lambda each: (
            deepest[top_of(each)],
            top_of(each),
            depth[each],
            each,
        ),
    )


def reduced(all_edges: Edges, *, without: str) -> Edges:
    """Leave out what follows: A imports C where A imports B and B imports C.

    Packages that import each other keep their arrows, so that they show.
    """
    edges = {
        package: found - {without}
        for package, found in all_edges.items()
        if package != without
    }
    below = {package: _below(package, edges) for package in edges}
    return {
        package: {
            other
            for other in direct
            if not any(
                other in below[between]
                and between not in below[other]
                and package not in below[between]
                for between in direct
            )
        }
        for package, direct in edges.items()
    }


def _below(package: str, edges: Edges) -> set[str]:
    """Collect what a package imports, and what that imports."""
    found: set[str] = set()
    new = {package}
    while new:
        new = set().union(*(edges[name] for name in new)) - found
        found |= new
    return found


def modules() -> dict[str, pathlib.Path]:
    """Find our modules by their names, as in core.plan.planner."""
    return {
        '.'.join(path.relative_to(ROOT).with_suffix('').parts): path
        for path in ROOT.rglob('*.py')
        if path.name != '__init__.py'
    }


def top_of(package: str) -> str:
    return package.partition('.')[0]


def package_of(name: str) -> str:
    """Name what the picture shows of a module: its package, or itself."""
    folder = name.rpartition('.')[0]
    # What stands in compute itself is no package below the others.
    return name if folder in ('', 'compute') else folder


def _imported(path: pathlib.Path) -> collections.abc.Iterator[str]:
    """Yield the names of our modules that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                _, _, name = f'{node.module}.{alias.name}'.partition(
                    f'{NAME}.'
                )
                yield name
