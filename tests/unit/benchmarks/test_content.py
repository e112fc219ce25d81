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

"""What a disk of the benchmarks holds: data, written zeroes, holes."""

import pathlib
import tempfile
import unittest

import ddt

from benchmarks import content
from lab.guests import written_records

MIB = content.MIB


@ddt.ddt
class ContentTest(unittest.TestCase):
    @ddt.data(
        (content.Content(2), 2),
        (content.Content(10, 8), 2),
        (content.Content(10, 8, written=False), 2),
    )
    @ddt.unpack
    def test_bytes_that_are_not_zero(self, held, data):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'disk.raw'
            held.write(path)
            found = path.read_bytes()
        self.assertEqual(held.size_mib * MIB, len(found))
        self.assertEqual(data * MIB, len(found) - found.count(0))
        self.assertEqual(data * MIB, held.data_bytes)

    @ddt.data(1, 8)
    def test_the_guest_writes_where_data_is(self, one_in):
        held = content.Content(16, one_in)
        self.assertTrue(held.is_data(written_records._RING_AT // MIB))
