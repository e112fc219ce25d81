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

"""Whatever is given, a plan comes back or InvalidInput in one line."""

import copy
import json
import unittest

import hypothesis
from hypothesis import strategies as st

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import invariants
from tests.unit.core import scenarios
from tests.unit.core import test_bad_input

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 1 << 70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(['/', '/data/a', 'vda', b.VOLUME, '\n', '{', '\ud800'])
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*test_bad_input.GOOD, '/data/a', 'data', 'x\ny']),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
BASES = [
    test_bad_input.GOOD,
    *(s.case for found in scenarios.SCENARIOS.values() for s in found[::9]),
]
SNIPPETS = (
    *('<', '>', '"', "'", '&', ';', '\0', '\n', '<disk>', '</disk>', '/'),
    *('<source', "file='/x'", '<backingStore>', '</backingStore>', 'type='),
    *("<target dev='vda'/>", '<readonly/>', '<!--', ']]>', '<?x', '&#10;'),
    *('<dataStore>', "<address bus='0xzz'/>", "port='-1'", "name=''"),
)


def places(tree, way=()):
    """Yield the way to every node of a tree."""
    yield way
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, (*way, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from places(value, (*way, index))


@st.composite
def mutated_cases(draw):
    """Change some nodes of a valid case."""
    tree = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from([p for p in places(tree) if p]))
        node = tree
        for step in way[:-1]:
            node = node[step]
        if draw(st.booleans()):
            node[way[-1]] = draw(JSON)
        else:
            del node[way[-1]]
    return json.dumps(tree)


@st.composite
def mutated_domains(draw):
    """Cut and splice the XML of a valid case."""
    tree = dict(draw(st.sampled_from(BASES)))
    text = tree['domain_xml']
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.sampled_from(SNIPPETS) | st.text(max_size=3))
        text = text[:start] + piece + text[end:]
    return json.dumps({**tree, 'domain_xml': text})


class FuzzTest(unittest.TestCase):
    def _survives(self, text):
        try:
            plan = planner.plan(migration_case.loads(text))
        except exceptions.InvalidInput as err:
            self.assertEqual(1, len(str(err).splitlines()), str(err))
            return
        tree = plan_formats.plan_tree(plan)
        self.assertEqual(tree, json.loads(json.dumps(tree)))
        invariants.check(self, tree)

    @hypothesis.given(st.text())
    def test_text(self, text):
        self._survives(text)

    @hypothesis.given(JSON)
    def test_json(self, tree):
        self._survives(json.dumps(tree))

    @hypothesis.given(JSON)
    def test_json_below_a_version(self, tree):
        whole = {'version': 1, 'domain_xml': '<domain/>'}
        self._survives(
            json.dumps({**tree, **whole} if isinstance(tree, dict) else tree)
        )

    @hypothesis.given(JSON)
    def test_block_device_info(self, tree):
        for base in (tree, {'block_device_mapping': tree}):
            self._survives(
                json.dumps(
                    {
                        **b.case(b.disk('vda', b.file('/data/a'))),
                        'block_device_info': base,
                    }
                )
            )

    @hypothesis.settings(
        max_examples=3 * hypothesis.settings.default.max_examples
    )
    @hypothesis.given(mutated_cases())
    def test_mutated_case(self, text):
        self._survives(text)

    @hypothesis.settings(
        max_examples=3 * hypothesis.settings.default.max_examples
    )
    @hypothesis.given(mutated_domains())
    def test_mutated_domain(self, text):
        self._survives(text)

    @hypothesis.given(mutated_domains())
    def test_redacting_a_mutated_domain(self, text):
        try:
            redaction.domain_xml(json.loads(text)['domain_xml'])
        except exceptions.InvalidInput as err:
            self.assertEqual(1, len(str(err).splitlines()), str(err))

    @hypothesis.given(JSON)
    def test_redacting_any_mapping(self, tree):
        for info in (tree, {'block_device_mapping': tree}):
            try:
                redaction.block_device_info(info)
            except exceptions.InvalidInput as err:
                self.assertEqual(1, len(str(err).splitlines()), str(err))
