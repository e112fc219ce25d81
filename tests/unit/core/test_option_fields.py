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

"""What a case does not say of the preparation is as nova does it."""

import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.case import option_fields
from nova_selective_migrate.core.model import migration_options


def prepared(**fields):
    tree = {'prepared': fields}
    return option_fields.read(json_fields.Fields.of(tree, 'options')).prepared


@ddt.ddt
class PreparationTest(unittest.TestCase):
    def test_the_least(self):
        found = prepared(directory='/d')
        self.assertEqual(migration_options.Preparation('/d'), found)
        # What nova does where nobody says otherwise.
        self.assertIs(True, found.makes_images)
        self.assertIs(True, found.same_images_type)
        self.assertEqual('qcow2', found.images_type)
        self.assertIsNone(found.block_migration)
        self.assertIs(False, found.shared_directory)
        self.assertEqual(0, found.fetched_bytes)

    def test_no_word_on_what_is_not_carried(self):
        found = prepared(directory='/d', not_carried={'hda': None})
        self.assertEqual({'hda': ''}, found.not_carried)

    @ddt.data(
        {},
        {'directory': 1},
        {'directory': '/d', 'carried': 'hda'},
        {'directory': '/d', 'not_carried': ['hda']},
        {'directory': '/d', 'not_carried': {'hda': 1}},
        {'directory': '/d', 'makes_images': 'no'},
        {'directory': '/d', 'fetched_bytes': -1},
    )
    def test_one_that_is_none(self, fields):
        with self.assertRaises(exceptions.InvalidCase):
            prepared(**fields)
