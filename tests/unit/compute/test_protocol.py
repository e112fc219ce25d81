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

"""What a destination tells in a file name."""

import dataclasses
import unittest

import ddt
from hypothesis import given
from hypothesis import strategies as st

from nova_selective_migrate.compute.wire import protocol

PEER = protocol.DestinationReport(
    free_bytes=2**40,
    directory_exists=False,
    libvirt=9_000_000,
    qemu=7_002_022,
    images='qcow2',
    base=f'sha256-{"a" * 64}',
)


@ddt.ddt
class PeerTest(unittest.TestCase):
    def test_read_back(self):
        self.assertEqual(
            PEER, protocol.DestinationReport.of(PEER.mark('tmpabcdefgh'))
        )

    def test_read_back_without_a_base(self):
        peer = protocol.DestinationReport(free_bytes=0, directory_exists=True)
        self.assertEqual(
            peer, protocol.DestinationReport.of(peer.mark('tmpx'))
        )

    def test_where_disks_are_listened_for(self):
        for uri in ('tcp://[fd00::7]:49200', 'unix:///run/a,b=c/s'):
            peer = dataclasses.replace(PEER, disks_uri=uri)
            name = peer.mark('tmpabcdefgh')
            self.assertNotIn('/', name)
            self.assertEqual(peer, protocol.DestinationReport.of(name))
        longest = f'tcp://{"x" * 38}'
        self.assertTrue(protocol.report_fits(longest))
        self.assertFalse(protocol.report_fits(f'{longest}x'))
        longest = dataclasses.replace(
            PEER, disks_uri=longest, acknowledges=True
        )
        self.assertLess(len(longest.mark('tmpabcdefgh')), 255)

    def test_notes(self):
        name = dataclasses.replace(PEER, acknowledges=True).mark('tmpx')
        for note in protocol.Note:
            self.assertFalse(note.is_in(name))
            noted = note.added_to(name)
            self.assertTrue(note.is_in(noted))
            self.assertEqual(noted, note.added_to(noted))
            self.assertEqual(
                protocol.DestinationReport.of(name),
                protocol.DestinationReport.of(noted),
            )
        both = protocol.Note.PREPARED.added_to(
            protocol.Note.PLANNED.added_to(name)
        )
        self.assertTrue(all(note.is_in(both) for note in protocol.Note))

    def test_nothing_is_noted_in_another_s_name(self):
        self.assertEqual('tmpx', protocol.Note.PREPARED.added_to('tmpx'))

    def test_one_that_says_when_it_has_prepared(self):
        told = dataclasses.replace(PEER, acknowledges=True)
        self.assertEqual(
            told, protocol.DestinationReport.of(told.mark('tmpx'))
        )

    def test_is_a_file_name(self):
        name = PEER.mark('tmpabcdefgh')
        self.assertLess(len(name), 255)
        self.assertNotIn('/', name)

    @ddt.data(
        'tmpabcdefgh',
        '',
        'selective-migrate-2',
        'selective-migrate-2,tmpx',
        PEER.mark('tmpx').replace('free=', 'free=x'),
        PEER.mark('tmpx').replace('exists=0,', ''),
        PEER.mark('tmpx').replace('migrate-2', 'migrate-3'),
    )
    def test_another_name_is_no_peer(self, name):
        self.assertIsNone(protocol.DestinationReport.of(name))

    def test_a_field_more_is_no_harm(self):
        name = PEER.mark('more=1,tmpx')
        self.assertEqual(PEER, protocol.DestinationReport.of(name))

    @given(st.text())
    def test_any_text_is_read(self, text):
        protocol.DestinationReport.of(text)
        protocol.DestinationReport.of(f'selective-migrate-2,{text}')
