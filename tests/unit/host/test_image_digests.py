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

"""Digests are equal exactly when the bytes are."""

import os
import pathlib
import tempfile
import threading
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.facts import image_digests

MIB = 2**20


class ContentTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)

    def file(self, name, *parts, size=None):
        """Write a file; a number among the parts is a hole."""
        path = self.folder / name
        with path.open('wb') as stream:
            for part in parts:
                if isinstance(part, int):
                    stream.seek(part, 1)
                else:
                    stream.write(part)
            if size is not None:
                stream.truncate(size)
        return str(path)


class DigestTest(ContentTestCase):
    def digests(self, *files):
        return [image_digests.digest_of(path) for path in files]

    def test_holes_and_zeroes_are_alike(self):
        sparse = self.file('a', 5 * MIB, b'x' * 7, size=9 * MIB)
        plain = self.file('b', bytes(5 * MIB), b'x' * 7, size=9 * MIB)
        self.assertEqual(*self.digests(sparse, plain))

    def test_one_byte_differs(self):
        data = bytearray(b'y' * (3 * MIB + 5))
        one = self.file('a', bytes(data))
        for place in (0, MIB - 1, MIB, 3 * MIB + 4):
            data[place] ^= 1
            other = self.file('b', bytes(data))
            data[place] ^= 1
            self.assertNotEqual(*self.digests(one, other), place)

    def test_parts_that_come_one_after_the_other(self):
        data = bytes(MIB) + b'x' * (MIB + 7) + bytes(MIB)
        (whole,) = self.digests(self.file('a', data))
        for size in (1000, MIB, 3 * MIB, len(data)):
            parts = [data[n : n + size] for n in range(0, len(data), size)]
            self.assertEqual(whole, image_digests.digest_of_parts(parts), size)
        (empty,) = self.digests(self.file('b'))
        self.assertEqual(empty, image_digests.digest_of_parts([]))

    def test_data_at_another_place(self):
        one = self.file('a', b'x', size=4 * MIB)
        other = self.file('b', 2 * MIB, b'x', size=4 * MIB)
        self.assertNotEqual(*self.digests(one, other))

    def test_a_hole_more_at_the_end(self):
        one = self.file('a', b'x', size=MIB)
        other = self.file('b', b'x', size=MIB + 1)
        self.assertNotEqual(*self.digests(one, other))

    def test_short_reads(self):
        data = os.urandom(2 * MIB + 5)
        path = self.file('a', data)
        whole = image_digests.digest_of(path)
        real = os.pread
        with mock.patch.object(
            image_digests.os,
            'pread',
            lambda h, n, o: real(h, min(n, 70_000), o),
        ):
            self.assertEqual(whole, image_digests.digest_of(path))

    def test_empty(self):
        one, other = self.file('a'), self.file('b', size=1)
        self.assertNotEqual(*self.digests(one, other))


class ContentsTest(ContentTestCase):
    def setUp(self):
        super().setUp()
        self.contents = image_digests.DigestCache()

    def test_reads_a_file_once(self):
        path = self.file('a', b'x')
        first = self.contents.of(path)
        with mock.patch.object(image_digests, 'digest_of') as read:
            self.assertEqual(first, self.contents.of(path))
        read.assert_not_called()

    def test_reads_again_what_was_written(self):
        path = self.file('a', b'x')
        first = self.contents.of(path)
        self.file('a', b'yy')
        self.assertNotEqual(first, self.contents.of(path))

    def test_reads_again_what_was_replaced(self):
        path = self.file('a', b'x')
        first = self.contents.of(path)
        pathlib.Path(self.file('b', b'y')).rename(path)
        self.assertNotEqual(first, self.contents.of(path))

    def test_a_touch_is_no_change(self):
        path = self.file('a', b'x')
        first = self.contents.of(path)
        os.utime(path, (1, 1))
        with mock.patch.object(image_digests, 'digest_of') as read:
            self.assertEqual(first, self.contents.of(path))
        read.assert_not_called()

    def test_what_is_gone_is_forgotten(self):
        gone = self.file('a', b'x')
        self.contents.of(gone)
        os.unlink(gone)
        self.contents.of(self.file('b', b'y'))
        self.assertNotIn(gone, self.contents._known)

    def test_is_there_in_time(self):
        path = self.file('a', b'x')
        self.assertEqual(
            image_digests.digest_of(path), self.contents.within(path, 30)
        )

    def test_goes_on_for_the_next_who_asks(self):
        path = self.file('a', b'x')
        proceed = threading.Event()

        def slow(_):
            proceed.wait(30)
            return 'digest'

        with mock.patch.object(image_digests, 'digest_of', slow):
            self.assertIsNone(self.contents.within(path, 0))
            self.assertIsNone(self.contents.within(path, 0))
            proceed.set()
            self.assertEqual('digest', self.contents.within(path, 30))

    def test_few_are_read_at_once(self):
        proceed = threading.Event()
        reading = threading.Semaphore(0)
        paths = [self.file(str(n), b'x') for n in range(20)]

        def slow(path):
            reading.release()
            proceed.wait(30)
            return path

        with mock.patch.object(image_digests, 'digest_of', slow):
            for path in (*paths, *paths):
                self.assertIsNone(self.contents.within(path, 0))
            for _ in range(2):
                self.assertTrue(reading.acquire(timeout=30))
            self.assertFalse(reading.acquire(timeout=0.1))
            threads = [
                thread
                for thread in threading.enumerate()
                if thread.name == 'selective-migrate-digest'
            ]
            self.assertEqual(2, len(threads))
            proceed.set()
            for path in paths:
                self.assertEqual(path, self.contents.within(path, 30))
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive())

    def test_who_waits_and_who_does_not_have_it_read_once(self):
        path = self.file('a', b'x')
        proceed = threading.Event()
        read = mock.Mock(side_effect=lambda _: proceed.wait(30) and 'digest')
        with mock.patch.object(image_digests, 'digest_of', read):
            self.assertIsNone(self.contents.within(path, 0))
            proceed.set()
            self.assertEqual('digest', self.contents.of(path))
        read.assert_called_once()

    def test_what_was_replaced_while_it_was_read_has_none(self):
        path = self.file('a', b'x')

        def replaced(_):
            pathlib.Path(self.file('b', b'y')).rename(path)
            return 'digest'

        with mock.patch.object(image_digests, 'digest_of', replaced):
            self.assertIsNone(self.contents.within(path, 30))

    def test_what_cannot_be_read_has_none(self):
        self.assertIsNone(self.contents.within('/nowhere', 30))

    def test_names_what_cannot_be_read(self):
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, '/nowhere: No such file'
        ):
            self.contents.of('/nowhere')
