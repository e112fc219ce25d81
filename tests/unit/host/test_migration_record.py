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

"""What the journal keeps of one migration."""

import functools
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.journal import migration_record
from tests.unit.host import test_migration_journal

PLANNED = test_migration_journal.PLANNED


def begun(**fields) -> migration_record.MigrationRecord:
    return migration_record.MigrationRecord.begun(
        **{**test_migration_journal.FIELDS, 'images': (PLANNED,), **fields}
    )


class RecordTest(unittest.TestCase):
    def test_releases_before_find_no_field_that_they_do_not_know(self):
        tree = begun().dumps()
        for name in (
            'destination_name',
            'removals',
            'postcopy',
            'existing_sources',
        ):
            self.assertNotIn(name, tree)
        (image,) = tree['images']
        for name in ('pool', 'key', 'content', 'source_path'):
            self.assertNotIn(name, image)

    def test_a_post_copy_that_is_permitted_is_noted(self):
        tree = begun(postcopy=True).dumps()
        record = migration_record.MigrationRecord.loads(tree)
        self.assertIs(True, record.postcopy)
        with self.assertRaisesRegex(exceptions.InvalidInput, 'postcopy'):
            migration_record.MigrationRecord.loads({**tree, 'postcopy': 1})

    def test_which_of_the_source_s_images_were_copied(self):
        """One that is elsewhere at the destination has its path here."""
        stamp = storage_facts.FileStamp('1', '2')
        made = {'virtual_bytes': 512, 'stamp': stamp}
        image = functools.partial(migration_record.CreatedImage, format='raw')
        tree = begun(
            images=(
                image('/srv/a', **made),
                image('/dev/vg/b', source_path='/srv/b', **made),
                image('/srv/seed.iso', content='0f', **made),
                image('/srv/never-made', virtual_bytes=512),
            ),
            existing_sources=('/srv/e',),
        ).dumps()
        record = migration_record.MigrationRecord.loads(tree)
        self.assertEqual(('/srv/a', '/srv/b', '/srv/e'), record.copied)
        with self.assertRaisesRegex(exceptions.InvalidInput, 'texts'):
            migration_record.MigrationRecord.loads(
                {**tree, 'existing_sources': [1]}
            )

    def test_some_of_the_images_are_kept(self):
        other = migration_record.CreatedImage('/srv/b', 'raw', 512)
        record = begun(images=(PLANNED, other))
        self.assertEqual((other,), record.only(['/srv/b']).images)
