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

"""Sphinx directives that draw and list our packages, from their source.

``.. package-picture::`` draws which package imports which, with graphviz, and
lists it as text where ``dot`` is not installed. ``.. package-modules::`` has a
section for each package, with the first line of the docstring of each of its
modules. Nothing is imported: the files are parsed, so that neither can tell
of a package what it was before.
"""

import ast
import pathlib
import shutil
import typing

from docutils import nodes
from docutils.parsers import rst
import package_imports
from sphinx import application
from sphinx.ext import graphviz

# Everything may import it: its arrows would only cover the picture.
_OMITTED = 'exceptions'


class PackagePicture(rst.Directive):
    """Which package imports which, without what follows from the rest."""

    def run(self) -> list[nodes.Node]:
        edges = package_imports.reduced(
            package_imports.imports(), without=_OMITTED
        )
        if shutil.which('dot') is None:
            return [
                nodes.paragraph(
                    text='Graphviz was not installed when this page was '
                    'built. The picture, as text: each package with those '
                    'that it imports.'
                ),
                _as_list(edges),
            ]
        picture = graphviz.graphviz()
        picture['code'] = _as_dot(edges)
        picture['options'] = {}
        picture['alt'] = 'The packages, from the model to the programs'
        return [picture]


class PackageModules(rst.Directive):
    """A section for each package, in the order in which they build on."""

    def run(self) -> list[nodes.Node]:
        names: dict[str, list[str]] = {}
        for name in sorted(package_imports.modules()):
            names.setdefault(package_imports.package_of(name), []).append(name)
        return [
            _section(each, names[each])
            for each in package_imports.in_order(package_imports.imports())
        ]


def _says(path: pathlib.Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text()))
    return text.partition('\n\n')[0].replace('\n', ' ') if text else ''


def _as_dot(edges: package_imports.Edges) -> str:
    """Draw from the left to the right, the imported before the importers."""
    text = (
        'digraph packages {\n'
        '  rankdir=LR; nodesep=0.15; ranksep=0.35;\n'
        '  node [shape=box, style="rounded,filled", fillcolor=white,\n'
        '        fontname="sans-serif", fontsize=11, height=0.3];\n'
        '  edge [arrowsize=0.6, color="#666666"];\n'
    )
    for top in sorted(set(map(package_imports.top_of, edges))):
        inside = [name for name in edges if name.startswith(f'{top}.')]
        if inside:
            text += f'  subgraph "cluster_{top}" {{\n'
            text += f'    label="{top}"; fontname="sans-serif"; fontsize=12;\n'
            text += '    style="rounded,filled"; color="#eef2f5";\n'
            text += ''.join(
                f'    "{name}" [label="{name.partition(".")[2]}"];\n'
                for name in sorted(inside)
            )
            text += '  }\n'
        else:
            text += f'  "{top}";\n'
    for package in sorted(edges):
        for other in sorted(edges[package]):
            text += f'  "{other}" -> "{package}";\n'
    return text + '}\n'


def _as_list(edges: package_imports.Edges) -> nodes.Node:
    found = nodes.bullet_list()
    for package in package_imports.in_order(edges):
        imported = ', '.join(sorted(edges[package])) or 'none of ours'
        text = nodes.paragraph()
        text += nodes.literal(text=package)
        text += nodes.Text(f': {imported}')
        found += nodes.list_item('', text)
    return found


def _section(package: str, names: list[str]) -> nodes.Node:
    """Make the section of a package, or of a module by itself."""
    title = package.replace('.', '/')
    section = nodes.section(ids=[f'package-{package.replace(".", "-")}'])
    section['names'] = [title]
    section += nodes.title('', title)
    if names == [package]:
        section += nodes.paragraph(
            '', '', *_text(_says(package_imports.modules()[package]))
        )
        return section
    about = package_imports.ROOT.joinpath(*package.split('.'), '__init__.py')
    section += nodes.paragraph('', '', *_text(_says(about)))
    group = nodes.tgroup(cols=2)
    group += [nodes.colspec(colwidth=30), nodes.colspec(colwidth=70)]
    body = nodes.tbody()
    for name in names:
        path = package_imports.modules()[name]
        body += nodes.row(
            '',
            _cell(nodes.literal(text=path.stem)),
            _cell(*_text(_says(path))),
        )
    group += body
    section += nodes.table('', group, classes=['colwidths-given'])
    return section


def _cell(*content: nodes.Node) -> nodes.Node:
    return nodes.entry('', nodes.paragraph('', '', *content))


def _text(says: str) -> list[nodes.Node]:
    """Read a line of a docstring: every second part is a literal."""
    return [
        nodes.literal(text=part) if number % 2 else nodes.Text(part)
        for number, part in enumerate(says.split('``'))
        if part
    ]


def setup(app: application.Sphinx) -> dict[str, typing.Any]:
    app.add_directive('package-picture', PackagePicture)
    app.add_directive('package-modules', PackageModules)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
