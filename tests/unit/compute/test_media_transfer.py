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

"""The bytes of a file that are not zero are packed, and no others taken."""

import base64
import dataclasses
import os
import pathlib
import tempfile
import unittest
from unittest import mock
import zlib

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.host.facts import image_digests

BLOCK = 65536


def record(offset, block=b'x' * BLOCK):
    return offset.to_bytes(8, 'big') + block


@ddt.ddt
class PackedTest(unittest.TestCase):
    def pack(self, size, limit=10 * BLOCK, **blocks):
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            for at, block in blocks.items():
                os.pwrite(file.fileno(), block, int(at[1:]))
            return media_transfer.pack(file, limit)

    def unpack(self, data, size, limit=10 * BLOCK):
        return list(media_transfer.unpack(data, size, limit))

    @ddt.data(1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK)
    def test_round_trip(self, size):
        # No zero: a block of nothing else does not travel.
        content = os.urandom(size).replace(b'\0', b'\1')
        data = self.pack(size, _0=content)
        self.assertEqual(
            content, b''.join(block for _, block in self.unpack(data, size))
        )

    def test_zeroes_do_not_travel(self):
        size = 2**40
        data = self.pack(size, _0=bytes(BLOCK), _131072=b'x')
        self.assertEqual(
            [(2 * BLOCK, b'x'.ljust(BLOCK, b'\0'))], self.unpack(data, size)
        )

    def test_as_much_as_the_limit_and_no_more(self):
        content = os.urandom(2 * BLOCK)
        self.assertIsNotNone(self.pack(2 * BLOCK, 2 * BLOCK, _0=content))
        self.assertIsNone(self.pack(2 * BLOCK, 2 * BLOCK - 1, _0=content))

    @ddt.data(
        (b'no zlib', 'incorrect header'),
        (zlib.compress(record(0)[:-1]), 'part of a block'),
        (zlib.compress(record(3 * BLOCK)), '196608 of 196608'),
        (zlib.compress(record(2**64 - 1)), str(2**64 - 1)),
        (zlib.compress(4 * record(0)), 'more than 3 blocks'),
    )
    @ddt.unpack
    def test_damaged(self, data, why):
        with self.assertRaisesRegex(ValueError, why):
            self.unpack(data, 3 * BLOCK)

    def test_no_more_is_inflated_than_the_limit(self):
        bomb = zlib.compress(record(0, bytes(BLOCK)) * 100)
        with self.assertRaisesRegex(ValueError, 'more than 3 blocks'):
            self.unpack(bomb, 2**40, 2 * BLOCK)

    def test_nothing_is_written_beyond_the_end(self):
        data = zlib.compress(record(BLOCK))
        ((_, block),) = self.unpack(data, BLOCK + 5)
        self.assertEqual(b'x' * 5, block)


MIB = 2**20
DRIVE = b'config drive' * 1000 + bytes(300_000) + b'the end'


class MediaTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)
        self.here = self.folder / 'disk.config'
        self.here.write_bytes(DRIVE)
        self.there = self.folder / 'there'
        self.contents = image_digests.DigestCache()

    def read(self, refetched=False, deadline=None):
        return media_transfer.read_medium(
            str(self.here),
            self.contents,
            refetched=refetched,
            deadline=deadline,
        )

    def unpack(self, medium, fetch=None):
        media_transfer.unpack_medium(
            medium, str(self.there), fetch or self.fail
        )

    def assert_nothing_there(self):
        self.assertEqual(['disk.config'], os.listdir(self.folder))


@ddt.ddt
class MediaTest(MediaTestCase):
    def test_travels(self):
        medium = media_transfer.MediumContent.of(self.read().tree())
        self.unpack(medium)
        self.assertEqual(DRIVE, self.there.read_bytes())
        self.assertEqual(0o644, self.there.stat().st_mode & 0o777)

    def test_replaces_what_nova_made(self):
        self.there.write_bytes(bytes(len(DRIVE)))
        self.unpack(self.read())
        self.assertEqual(DRIVE, self.there.read_bytes())

    def test_an_empty_file(self):
        self.here.write_bytes(b'')
        self.unpack(self.read())
        self.assertEqual(b'', self.there.read_bytes())

    def test_weighs_what_travels(self):
        medium = self.read()
        packed = base64.b64decode(medium.data)
        self.assertAlmostEqual(len(packed), medium.weight, delta=3)
        self.assertEqual(0, self.read(refetched=True).weight)

    def test_is_fetched_again_and_extended(self):
        with self.here.open('ab') as file:
            file.truncate(3 * MIB)
        self.unpack(
            self.read(refetched=True),
            lambda path: pathlib.Path(path).write_bytes(DRIVE),
        )
        self.assertEqual(self.here.read_bytes(), self.there.read_bytes())

    def test_a_fetch_that_cleans_up_after_itself_tells_why(self):
        def fetch(path):
            pathlib.Path(path).unlink()
            raise OSError('Glance is down')

        with self.assertRaisesRegex(OSError, 'Glance is down'):
            self.unpack(self.read(refetched=True), fetch)
        self.assert_nothing_there()

    def test_another_image_is_fetched(self):
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'not those of the source'
        ):
            self.unpack(
                self.read(refetched=True),
                lambda path: pathlib.Path(path).write_bytes(DRIVE[:-1]),
            )
        self.assert_nothing_there()

    @ddt.data(
        {'digest': 'sha256-0'},
        {'data': 'no base64!'},
        {'data': base64.b64encode(b'not compressed').decode()},
        {'data': base64.b64encode(zlib.compress(DRIVE)).decode()},
        {'data': base64.b64encode(zlib.compress(b'')).decode()},
        {'size': len(DRIVE) - 1},
        {'size': len(DRIVE) + 1},
    )
    def test_damaged(self, change):
        medium = dataclasses.replace(self.read(), **change)
        with self.assertRaises(exceptions.PreparationFailed):
            self.unpack(medium)
        self.assert_nothing_there()

    def test_a_bomb_is_not_inflated(self):
        bomb = base64.b64encode(zlib.compress(bytes(512 * MIB))).decode()
        medium = media_transfer.MediumContent(10, 'sha256-0', bomb)
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'more than 1 block'
        ):
            self.unpack(medium)

    def test_a_sparse_file_of_any_size(self):
        with self.here.open('r+b') as file:
            file.truncate(2**40)
            file.seek(2**39)
            file.write(b'far away')
        self.unpack(self.read())
        status = self.there.stat()
        self.assertEqual(2**40, status.st_size)
        self.assertLess(status.st_blocks * 512, MIB)
        with self.there.open('rb') as file:
            self.assertEqual(DRIVE, file.read(len(DRIVE)))
            file.seek(2**39)
            self.assertEqual(b'far away', file.read(8))

    def test_a_link_is_not_followed(self):
        victim = self.folder / 'victim'
        victim.write_bytes(b'mine')
        self.there.symlink_to(victim)
        self.unpack(self.read())
        self.assertEqual(b'mine', victim.read_bytes())
        self.assertFalse(self.there.is_symlink())

    def test_too_large(self):
        with (
            mock.patch.object(media_transfer, 'READ_LIMIT', 2**16),
            self.assertRaisesRegex(exceptions.PreparationFailed, str(2**16)),
        ):
            self.read()
        self.read(refetched=True)

    def test_a_digest_that_takes_too_long(self):
        self.contents.within = lambda path, seconds: None
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'migrate again'
        ):
            self.read(
                refetched=True, deadline=image_digests.Deadline.after(30)
            )

    def test_bytes_that_take_too_long(self):
        # Of whatever size: nova's RPC does not wait for them.
        passed = image_digests.Deadline.after(-1)
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'disk.config takes too long'
        ):
            self.read(deadline=passed)

    def test_where_nobody_waits_all_the_time_is_taken(self):
        self.contents.within = self.fail
        self.assertTrue(self.read(refetched=True).digest)

    def test_an_audit_asks_for_no_digest_of_a_large_file(self):
        self.assertEqual(
            '',
            media_transfer.read_medium(
                str(self.here), None, refetched=True
            ).digest,
        )

    def test_gone(self):
        self.here.unlink()
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'No such file'
        ):
            self.read()

    @ddt.data(
        None,
        'text',
        {},
        {'size': 1},
        [],
        {'size': '1', 'digest': 'x', 'data': ''},
        {'size': 1, 'digest': 1, 'data': ''},
        {'size': 1, 'digest': 'x', 'data': 1},
        {'size': -1, 'digest': 'x', 'data': ''},
        {'size': 2**50 + 1, 'digest': 'x', 'data': ''},
    )
    def test_no_description(self, tree):
        with self.assertRaises(exceptions.PreparationFailed):
            media_transfer.MediumContent.of(tree)


class CarriageTest(MediaTestCase):
    def test_reads_what_was_planned(self):
        carriage = media_transfer.PlannedMedium(
            str(self.here), self.read().digest, False
        )
        self.assertEqual(self.read(), carriage.read(self.contents))

    def test_changed_since(self):
        carriage = media_transfer.PlannedMedium(
            str(self.here), self.read().digest, False
        )
        self.here.write_bytes(DRIVE + b'!')
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'changed since the plan'
        ):
            carriage.read(self.contents)
