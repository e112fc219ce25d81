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

"""Arguments that say where copies are at the destination."""

import argparse
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import image_arguments
from nova_selective_migrate.core.model import destination_mapping


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise ValueError(message)


def parsed(*given):
    parser = _Parser()
    evidence_arguments.add_evidence(parser)
    arguments.add_destination(parser)
    return parser.parse_args(given)


@ddt.ddt
class ImageArgumentsTest(unittest.TestCase):
    def test_what_they_mean(self):
        found = image_arguments.mapping(
            parsed(
                *('--map', '/a=b/=/c//d', '--map-pool', 'one=two'),
                *('--to-format', 'vda=raw', '--to-format', 'vda=raw'),
            )
        )
        self.assertEqual(
            destination_mapping.DestinationMapping(
                (destination_mapping.PathMap('/a=b', '/c/d'),),
                (destination_mapping.PoolMap('one', 'two'),),
                {'vda': 'raw'},
            ),
            found,
        )

    @ddt.data(
        ('--map', '/a'),
        ('--map', 'a=/b'),
        ('--map', '/a=b'),
        ('--map', '/a=/b=/c'),
        ('--map', '/a/../b=/c'),
        ('--map-pool', 'one'),
        ('--map-pool', '=two'),
        ('--to-format', 'vda'),
        ('--to-format', 'vda=vmdk'),
        ('--to-format', '=raw'),
    )
    def test_what_they_cannot_mean(self, given):
        with self.assertRaises(ValueError) as caught:
            parsed(*given)
        self.assertIn(given[0], str(caught.exception))

    @ddt.data(
        ('--map', '/a=/b', '--map', '/a/=/c'),
        ('--map-pool', 'a=b', '--map-pool', 'a=c'),
        ('--to-format', 'vda=raw', '--to-format', 'vda=qcow2'),
    )
    def test_what_contradicts(self, given):
        with self.assertRaises(exceptions.InvalidInput):
            image_arguments.mapping(parsed(*given))

    def test_a_target_that_is_not_there(self):
        wanted = destination_mapping.DestinationMapping(formats={'vdb': 'raw'})
        with self.assertRaisesRegex(exceptions.InvalidInput, 'it has vda'):
            image_arguments.check_targets(wanted, ['vda'], 'web')

    def test_a_replay_takes_none(self):
        self.assertTrue(arguments.given(parsed('--map', '/a=/b')))
        self.assertFalse(arguments.given(parsed()))
