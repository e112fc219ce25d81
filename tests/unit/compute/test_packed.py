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

import os
import tempfile
import unittest
import zlib

import ddt

from nova_selective_migrate.compute.wire import packed

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
            return packed.pack(file, limit)

    def unpack(self, data, size, limit=10 * BLOCK):
        return list(packed.unpack(data, size, limit))

    @ddt.data(1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK)
    def test_round_trip(self, size):
        content = os.urandom(size)
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
