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

"""What a case does not say of storage is not known."""

import unittest

from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.case import storage_fields
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts


def read(**fields):
    return storage_fields.read(json_fields.Fields.of(fields, 'storage'))


class StorageFieldsTest(unittest.TestCase):
    def test_nothing_is_known_of_an_empty_object(self):
        self.assertEqual({}, read(destination={'/a': {}}).destination)

    def test_a_pool_without_a_type(self):
        self.assertEqual(
            {'p': pool_facts.StoragePool('unknown')},
            read(pools={'p': {}}).pools,
        )

    def test_facts_that_are_absent_are_not_known(self):
        for facts, known in (
            ({'exists': True}, storage_facts.StorageFacts(exists=True)),
            ({'fstype': 'nfs'}, storage_facts.StorageFacts(fstype='nfs')),
        ):
            self.assertEqual({'/a': known}, read(source={'/a': facts}).source)
