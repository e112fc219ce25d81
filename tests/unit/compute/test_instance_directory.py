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

"""Only what is proven to be ours is removed, and all of it or nothing."""

import dataclasses
import json
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.destination import instance_directory


class OwnershipTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )
        self.home = self.top / 'uuid'
        self.home.mkdir()
        (self.home / 'disk').write_text('old')
        self.proof = instance_directory.prove(str(self.top), str(self.home))
        self.victim = self.top / 'victim'
        self.victim.mkdir()
        (self.victim / 'disk').write_text("another's")

    def known(self, name):
        return name == 'console.log'

    def remove(self):
        return instance_directory.remove(
            str(self.top), str(self.home), self.proof, self.known
        )

    def assert_left(self, *causes):
        before = sorted(self.top.rglob('*'))
        for act in (instance_directory.check, instance_directory.remove):
            with self.assertRaises(exceptions.NotOurs) as raised:
                act(str(self.top), str(self.home), self.proof, self.known)
            for cause in causes:
                self.assertIn(cause, str(raised.exception))
        self.assertEqual(before, sorted(self.top.rglob('*')))

    def test_what_was_made_is_removed(self):
        (self.home / 'disk').write_text('written to since')
        (self.home / 'console.log').touch()
        self.assertEqual(('console.log', 'disk'), self.remove())
        self.assertFalse(self.home.exists())

    def test_a_proof_survives_json(self):
        text = json.dumps(self.proof.to_json())
        found = instance_directory.DirectoryProof.from_json(json.loads(text))
        self.assertEqual(self.proof, found)
        self.assertEqual(3, found.entries['disk'].size)

    def test_a_link_in_the_place_of_the_directory(self):
        self.home.rename(self.top / 'aside')
        self.home.symlink_to(self.victim)
        self.assert_left('uuid')

    def test_a_link_to_the_very_directory(self):
        self.home.rename(self.top / 'aside')
        self.home.symlink_to(self.top / 'aside')
        self.assert_left('uuid')

    def test_a_link_above_it(self):
        (self.top / 'real').mkdir()
        (self.top / 'link').symlink_to('real')
        self.home = self.top / 'link' / 'uuid'
        self.home.mkdir()
        with self.assertRaises(exceptions.NotOurs):
            instance_directory.prove(str(self.top), str(self.home))
        real = str(self.top / 'real' / 'uuid')
        self.proof = instance_directory.prove(str(self.top), real)
        self.assert_left('link')

    def test_the_top_may_be_a_link(self):
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder, 'instances')
            top.symlink_to(self.top)
            instance_directory.remove(
                str(top), str(top / 'uuid'), self.proof, self.known
            )
        self.assertFalse(self.home.exists())

    def test_another_directory_of_that_name(self):
        self.home.rename(self.top / 'aside')
        self.victim.rename(self.home)
        self.assert_left('another directory')

    def test_another_directory_where_no_generation_is_told(self):
        self.proof = dataclasses.replace(self.proof, generation=None)
        self.home.rename(self.top / 'aside')
        self.home.mkdir()
        self.assert_left('another directory')

    def test_a_directory_with_the_number_of_one_that_is_gone(self):
        if self.proof.generation is None:
            self.skipTest('this file system does not tell generations')
        later = self.proof.generation ^ 1
        with mock.patch.object(instance_directory._Place, 'generation', later):
            self.assert_left('another directory')

    def test_an_entry_that_nobody_made(self):
        (self.home / 'notes').touch()
        self.assert_left('notes')

    def test_a_directory_in_it(self):
        (self.home / 'console.log').mkdir()
        self.assert_left('console.log')

    def test_a_link_in_it(self):
        (self.home / 'console.log').symlink_to(self.victim / 'disk')
        self.assert_left('console.log')

    def test_an_entry_that_was_replaced(self):
        (self.home / 'new').touch()
        (self.home / 'new').rename(self.home / 'disk')
        self.assert_left('disk')

    def test_a_proven_name_is_not_known_by_its_name_alone(self):
        (self.home / 'console.log').touch()
        self.proof = instance_directory.prove(str(self.top), str(self.home))
        (self.home / 'new').touch()
        (self.home / 'new').rename(self.home / 'console.log')
        self.assert_left('console.log')

    def test_an_entry_that_is_replaced_after_the_check(self):
        look = instance_directory._Place.look

        def meddle(place, name):
            found = look(place, name)
            (self.home / 'new').touch()
            (self.home / 'new').rename(self.home / 'disk')
            return found

        with (
            mock.patch.object(instance_directory._Place, 'look', meddle),
            self.assertRaisesRegex(exceptions.NotOurs, 'replaced meanwhile'),
        ):
            self.remove()
        self.assertTrue((self.home / 'disk').exists())

    def test_a_directory_that_is_replaced_after_the_check(self):
        unlink = os.unlink

        def meddle(*args, **kwargs):
            unlink(*args, **kwargs)
            self.home.rename(self.top / 'aside')
            self.home.mkdir()

        with (
            mock.patch.object(instance_directory.os, 'unlink', meddle),
            self.assertRaisesRegex(exceptions.NotOurs, 'replaced meanwhile'),
        ):
            self.remove()
        self.assertTrue(self.home.exists())

    def test_what_is_not_below_the_top(self):
        for path in (self.top, self.top.parent, self.top / '..' / 'x'):
            with self.assertRaisesRegex(exceptions.NotOurs, 'not below'):
                instance_directory.prove(str(self.top), str(path))

    def test_a_file_in_the_place_of_the_directory(self):
        with self.assertRaises(exceptions.NotOurs):
            instance_directory.prove(str(self.top), str(self.home / 'disk'))

    def test_what_is_not_there(self):
        with self.assertRaises(exceptions.NotOurs):
            instance_directory.prove(str(self.top), str(self.top / 'nothing'))
