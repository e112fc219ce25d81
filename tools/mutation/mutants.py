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

"""The mutants of one file."""

import collections.abc
import dataclasses
import difflib
import pathlib

import libcst

from tools.mutation import operators

# What decides nothing: types, the shape of classes, and what is said.
_LEFT_OUT = (libcst.Annotation, libcst.Decorator, libcst.Import)
_SAID_BY = ('__str__',)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change to one file.

    :ivar before: the lines that it changes, as they are
    :ivar after: the lines that it makes of them
    """

    path: pathlib.Path
    line: int
    before: str
    after: str
    code: str

    @property
    def module(self) -> str:
        return '.'.join(self.path.with_suffix('').parts)


def of(path: pathlib.Path) -> list[Mutant]:
    """Return each mutant of a file once."""
    text = path.read_text()
    wrapper = libcst.MetadataWrapper(libcst.parse_module(text))
    visitor = _Visitor()
    wrapper.visit(visitor)
    made: dict[str, Mutant] = {}
    for node, other in visitor.changes:
        code = wrapper.module.deep_replace(node, other).code
        if code != text and _compiles(code):
            made.setdefault(code, _mutant(path, text, code))
    return list(made.values())


class _Visitor(libcst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[libcst.CSTNode, libcst.CSTNode]] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, _LEFT_OUT) or _is_said(node):
            return False
        self.changes.extend((node, o) for o in operators.replacements(node))
        return True


def _is_said(node: libcst.CSTNode) -> bool:
    """Tell what is for people alone: a text has a blank, a code has none."""
    if isinstance(node, libcst.FunctionDef):
        return node.name.value in _SAID_BY
    if isinstance(node, libcst.Raise):
        return True
    return isinstance(node, libcst.SimpleString) and ' ' in node.value


def _compiles(code: str) -> bool:
    try:
        compile(code, 'mutant', 'exec', dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _mutant(path: pathlib.Path, text: str, code: str) -> Mutant:
    before, after = text.splitlines(), code.splitlines()
    changes = [
        change
        for change in difflib.SequenceMatcher(
            None, before, after, autojunk=False
        ).get_opcodes()
        if change[0] != 'equal'
    ]
    start, end = changes[0][1], changes[-1][2]
    other, stop = changes[0][3], changes[-1][4]
    return Mutant(
        path,
        start + 1,
        _joined(before[start:end]),
        _joined(after[other:stop]),
        code,
    )


def _joined(lines: collections.abc.Iterable[str]) -> str:
    return ' '.join(line.strip() for line in lines)
