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

"""Prefixes: what is one, what it covers, and which of them governs."""

import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import domains

LOCAL, SHARED = domains.Locality.LOCAL, domains.Locality.SHARED
UNKNOWN = domains.Locality.UNKNOWN


def declared(*names, shared=(), local=()):
    return declared_paths.LocalityPolicy(shared, local).declared(names)


@ddt.ddt
class PrefixTest(unittest.TestCase):
    @ddt.data(
        ('/a', '/a'),
        ('/a/', '/a'),
        ('/a//b/../c', '/a/c'),
        ('//a', '/a'),
        ('/', '/'),
        ('nbd://h:1', 'nbd://h:1'),
        ('nbd://h:1/', 'nbd://h:1'),
        ('rbd://h/p', 'rbd://h/p'),
        ('nbd://h/x://y', 'nbd://h/x://y'),
        ('/X/a', '/X/a'),
        ('nbd://hX', 'nbd://hX'),
    )
    @ddt.unpack
    def test_what_it_covers(self, given, prefix):
        below = f'{prefix.rstrip("/")}/x/y'
        for name in (prefix, below):
            with self.subTest(name=name):
                self.assertEqual(
                    (SHARED, prefix), declared(name, shared=(given,))
                )

    @ddt.data(
        ('/a/b', '/a/bc'),
        ('/a/b', '/a'),
        ('/a', '/b/a'),
        ('/a/X', '/a/b'),
        ('nbd://h', 'nbd://h2'),
        ('nbd://h/x', 'nbd://h'),
        ('/a', 'file:///a'),
    )
    @ddt.unpack
    def test_what_it_does_not_cover(self, prefix, name):
        self.assertIsNone(declared(name, shared=(prefix,), local=()))

    @ddt.data('a', '', 'a/b', '://h', 'a/b://c', './a')
    def test_what_is_none(self, prefix):
        with self.assertRaises(exceptions.InvalidPolicy):
            declared('/x', shared=(prefix,))

    def test_one_server_both_ways(self):
        with self.assertRaises(exceptions.InvalidPolicy):
            declared_paths.LocalityPolicy(('nbd://h/',), ('nbd://h',))


class GoverningTest(unittest.TestCase):
    def test_none(self):
        self.assertIsNone(declared('/a'))
        self.assertIsNone(declared(shared=('/a',)))

    def test_the_longest(self):
        self.assertEqual(
            (LOCAL, '/a/b'),
            declared('/a/b/c', shared=('/a', '/'), local=('/a/b',)),
        )
        self.assertEqual(
            (SHARED, '/a/b'),
            declared('/a/b/c', shared=('/a/b',), local=('/a',)),
        )

    def test_two_names_of_one_source(self):
        self.assertEqual(
            (LOCAL, '/aa'), declared('/z/x', '/aa/x', local=('/z', '/aa'))
        )
        self.assertEqual(
            (LOCAL, '/aa'), declared('/aa/x', '/z/x', local=('/z', '/aa'))
        )

    def test_prefixes_of_one_length_are_told_in_one_order(self):
        for names in (('/a/x', '/b/x'), ('/b/x', '/a/x')):
            self.assertEqual(
                (LOCAL, '/b'), declared(*names, local=('/a', '/b'))
            )

    def test_two_names_declared_in_two_ways(self):
        self.assertEqual(
            (UNKNOWN, '/a and /b'),
            declared('/b/x', '/a/x', shared=('/b',), local=('/a',)),
        )
