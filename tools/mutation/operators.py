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

"""What is changed: mutmut's operators, and those that drop a guard."""

import collections.abc

import libcst
from libcst import matchers
from mutmut.mutation import mutators

Replacements = collections.abc.Iterator[libcst.CSTNode]


def replacements(node: libcst.CSTNode) -> Replacements:
    """Yield what a node is replaced with, one at a time."""
    for kind, operator in mutators.mutation_operators:
        if isinstance(node, kind):
            made = list(operator(node))
            if operator is mutators.operator_string:
                # Of XXaXX, a and A one is enough.
                made = made[:1]
            if operator is mutators.operator_arg_removal:
                # None in its place is the harder one to notice.
                made = [m for m in made if len(m.args) == len(node.args)]
            yield from made
    for kind, operator in _OURS:
        if isinstance(node, kind):
            yield from operator(node)


def _fewer(node: libcst.Integer) -> Replacements:
    """Count one less; mutmut counts one more."""
    if node.evaluated_value:
        yield node.with_changes(value=repr(node.evaluated_value - 1))


def _forced(node: libcst.If | libcst.While | libcst.CompIf) -> Replacements:
    """Take one branch always."""
    test = node.test.with_changes(
        lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()]
    )
    for operator, word in ((libcst.And(), 'False'), (libcst.Or(), 'True')):
        yield node.with_changes(
            test=libcst.BooleanOperation(test, operator, libcst.Name(word))
        )


def _one_operand(node: libcst.BooleanOperation) -> Replacements:
    """Ask half of a condition."""
    for half in (node.left, node.right):
        yield half.with_changes(
            lpar=[*node.lpar, *half.lpar], rpar=[*half.rpar, *node.rpar]
        )


def _without(
    node: libcst.Tuple | libcst.List | libcst.Set | libcst.Dict,
) -> Replacements:
    """Drop one element."""
    if len(node.elements) > 1:
        for dropped in node.elements:
            kept = [e for e in node.elements if e is not dropped]
            if isinstance(node, libcst.Tuple) and len(kept) == 1:
                kept = [kept[0].with_changes(comma=libcst.Comma())]
            yield node.with_changes(elements=kept)


def _not_done(node: libcst.Expr) -> Replacements:
    """Leave a statement out, but for docstrings."""
    if not isinstance(node.value, libcst.BaseString):
        yield libcst.Pass()


def _one_word_less(node: libcst.Call) -> Replacements:
    """Drop a word of a list that is written 'a b c'.split()."""
    if not matchers.matches(node.func, _SPLIT):
        return
    text = node.func.value.evaluated_value
    for word in text.split():
        kept = ' '.join(w for w in text.split() if w != word)
        yield node.with_changes(
            func=node.func.with_changes(
                value=libcst.SimpleString(repr(f'{kept} ')),
            )
        )


_SPLIT = matchers.Attribute(
    value=matchers.SimpleString() | matchers.ConcatenatedString(),
    attr=matchers.Name('split'),
)
_OURS = (
    (libcst.Call, _one_word_less),
    (libcst.Integer, _fewer),
    ((libcst.If, libcst.While, libcst.CompIf), _forced),
    (libcst.BooleanOperation, _one_operand),
    ((libcst.Tuple, libcst.List, libcst.Set, libcst.Dict), _without),
    (libcst.Expr, _not_done),
)
