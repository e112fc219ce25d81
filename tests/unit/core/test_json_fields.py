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

"""Reading typed fields, and what is said of one that has another type."""

import dataclasses
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.model import domains

TREE = {
    'object': {'x': 1},
    'text': 'a',
    'texts': ['a', 'b'],
    'integer': 0,
    'boolean': False,
    'member': 'local',
    'null': None,
}
NOTHING = {'text': None, 'texts': (), 'integer': None, 'boolean': None}


@ddt.ddt
class FieldsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.fields = json_fields.Fields.of(TREE, 'case')

    def test_values(self):
        self.assertEqual('a', self.fields.text('text'))
        self.assertEqual(('a', 'b'), self.fields.texts('texts'))
        self.assertEqual(0, self.fields.integer('integer'))
        self.assertIs(False, self.fields.boolean('boolean'))
        self.assertEqual(
            json_fields.Fields({'x': 1}, 'case.object'),
            self.fields.object('object'),
        )
        self.assertIs(
            domains.Locality.LOCAL,
            self.fields.member('member', domains.Locality),
        )

    @ddt.data(*NOTHING)
    def test_absent_and_null_are_nothing(self, kind):
        for name in ('null', 'absent'):
            with self.subTest(name=name):
                self.assertEqual(
                    NOTHING[kind], getattr(self.fields, kind)(name)
                )

    def test_no_object_is_an_empty_one(self):
        self.assertEqual(
            json_fields.Fields({}, 'case.null'), self.fields.object('null')
        )

    def test_no_member(self):
        self.assertIsNone(self.fields.member('null', domains.Locality))

    @ddt.data(
        ('text', 'integer', 'a text'),
        ('texts', 'text', 'a list of texts'),
        ('integer', 'text', 'a whole number, zero or more'),
        ('integer', 'boolean', 'a whole number, zero or more'),
        ('boolean', 'integer', 'true or false'),
    )
    @ddt.unpack
    def test_another_type(self, kind, name, wanted):
        with self.assertRaises(exceptions.InvalidCase) as caught:
            getattr(self.fields, kind)(name)
        self.assertEqual(f'case.{name} is not {wanted}', str(caught.exception))

    def test_another_word(self):
        with self.assertRaises(exceptions.InvalidCase) as caught:
            self.fields.member('text', domains.Locality)
        self.assertEqual(
            'case.text is not one of local, shared, unknown',
            str(caught.exception),
        )

    def test_no_object(self):
        with self.assertRaises(exceptions.InvalidCase) as caught:
            self.fields.object('text')
        self.assertEqual('case.text is not an object', str(caught.exception))

    def test_objects(self):
        fields = json_fields.Fields({'a': {}, 'b': {'x': 1}}, 'case')
        self.assertEqual(
            [
                ('a', json_fields.Fields({}, 'case.a')),
                ('b', json_fields.Fields({'x': 1}, 'case.b')),
            ],
            list(fields.objects()),
        )


class PlainTest(unittest.TestCase):
    def test_dataclasses_and_enumerations(self):
        @dataclasses.dataclass(frozen=True)
        class Inner:
            word: domains.Locality
            nothing: str | None = None

        self.assertEqual(
            {'a': [{'word': 'local'}, 1], 'b': ['local', None]},
            json_fields.plain(
                {
                    'a': (Inner(domains.Locality.LOCAL), 1),
                    'b': [domains.Locality.LOCAL, None],
                }
            ),
        )
