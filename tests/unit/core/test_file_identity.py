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

"""Whether two hosts see one file."""

import unittest

import ddt

from nova_selective_migrate.core.evidence import file_identity
from nova_selective_migrate.core.model import storage_facts

SAME = file_identity.Sameness.SAME
OTHER = file_identity.Sameness.OTHER
UNKNOWN = file_identity.Sameness.UNKNOWN


def facts(**more):
    """Facts of what is there, and of no file system that is known."""
    return storage_facts.StorageFacts(**{'exists': True, **more})


FILE, BLOCK = storage_facts.PathKind.FILE, storage_facts.PathKind.BLOCK
LOCAL = facts(fstype='ext4', kind=FILE)
DEVICE = facts(fstype='ext4', kind=BLOCK)
GONE = facts(exists=False)
ONE, TWO = facts(identity='i'), facts(identity='j')
V, W = facts(volume_uuid='v'), facts(volume_uuid='w')


def group(uuid, volume=None, **more):
    return facts(group_uuid=uuid, volume_uuid=volume, **more)


#: What the source knows, what the destination knows, and what they have.
COMPARED = (
    (ONE, None, UNKNOWN),
    (ONE, GONE, OTHER),
    (None, GONE, OTHER),
    (None, ONE, UNKNOWN),
    (ONE, ONE, SAME),
    (ONE, TWO, OTHER),
    (ONE, facts(), UNKNOWN),
    (facts(), ONE, UNKNOWN),
    (V, V, SAME),
    (V, W, OTHER),
    (V, facts(), UNKNOWN),
    (facts(), V, UNKNOWN),
    # A UUID goes before what a path says.
    (facts(volume_uuid='v', identity='i'), facts(volume_uuid='v'), SAME),
    # Two volume groups have two volumes, of whatever UUID.
    (group('g', 'v'), group('h', 'v'), OTHER),
    (group('g', 'v'), group('h', 'w'), OTHER),
    # One group has one volume of a UUID, active there or not.
    (group('g', 'v'), group('g', 'v'), SAME),
    (group('g', 'v'), group('g', 'v', exists=False), SAME),
    # Another volume of one group at one name proves no other device.
    (group('g', 'v'), group('g', 'w'), UNKNOWN),
    (group('g'), group('g'), UNKNOWN),
    (group('g', 'v'), group('g', exists=False), UNKNOWN),
    # Where one host tells no group, that it has no such path tells enough.
    (group('g', 'v'), GONE, OTHER),
    (facts(), group('g', exists=False), OTHER),
    (group('g', 'v'), facts(), UNKNOWN),
    (facts(), group('g', 'v'), UNKNOWN),
    (None, group('g', exists=False), OTHER),
    # Two local file systems have two files, and no two devices.
    (LOCAL, LOCAL, OTHER),
    (LOCAL, facts(fstype='nfs', kind=FILE), UNKNOWN),
    (facts(fstype='nfs', kind=FILE), LOCAL, UNKNOWN),
    (LOCAL, facts(kind=FILE), UNKNOWN),
    (DEVICE, DEVICE, UNKNOWN),
    (LOCAL, DEVICE, UNKNOWN),
)


@ddt.ddt
class FileIdentityTest(unittest.TestCase):
    @ddt.data(*range(len(COMPARED)))
    def test_compare(self, number):
        here, there, expected = COMPARED[number]
        self.assertIs(expected, file_identity.compare(here, there))
