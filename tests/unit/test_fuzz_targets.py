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

"""What the fuzzers call holds for where they start, and by chance."""

import unittest

import ddt
import hypothesis
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz import targets
from tests.unit.core import profiles

#: Found by the fuzzers, and mended.
FOUND = {
    # A data file without a source was none.
    'domain_xml': [
        b"<domain><devices><disk><source file='/a'><dataStore>x</dataStore>"
        b"</source><target dev='vda'/></disk></devices></domain>"
    ],
    # What was redacted changed when it was redacted again.
    'block_device_info': [
        b'{"block_device_mapping": [{"mount_device": "/dev/vdc", '
        b'"connection_info": {"data": {"name": ["iqn"]}}}]}'
    ],
}


@ddt.ddt
class SeedsTest(unittest.TestCase):
    @ddt.data(*targets.TARGETS)
    def test_every_seed_is_safe_and_some_are_taken(self, target):
        run = targets.TARGETS[target]
        step = 4 if profiles.brief() else 1
        taken = [run(seed) for seed in seeds.of(target)[::step]]
        self.assertIn(True, taken)

    @ddt.data(*FOUND)
    def test_what_was_found_stays_mended(self, target):
        for data in FOUND[target]:
            self.assertTrue(targets.TARGETS[target](data))

    def test_words_are_as_libfuzzer_reads_them(self):
        for word in seeds.WORDS:
            self.assertTrue(word.isprintable())


class MountsTest(unittest.TestCase):
    @hypothesis.given(
        st.lists(
            st.binary(max_size=8)
            | st.sampled_from([b' - ', b'\\040', b'\n', b'\\', b'/', b'#']),
            max_size=6,
        ).map(b''.join)
    )
    def test_a_name_is_read_as_the_kernel_wrote_it(self, data):
        self.assertTrue(targets.mounts(data))
