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

"""Guests with every mix of local and shared disks move, and lose nothing."""

import hashlib

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import cdrom_drives
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='qcow2')
RAW = local_disks.LocalFile(format='raw')
NETWORK = shared_disks.SharedNetwork()


class MixedTestCase(base.EndToEndTestCase):
    """One local disk beside all kinds of shared ones."""

    def test_local_and_three_kinds_of_shared(self) -> None:
        """Each shared disk is kept for another reason."""
        guest = self.guest(
            {
                'vda': LOCAL,
                'vdb': NETWORK,
                'vdc': shared_disks.SharedFile(),
                'vdd': shared_disks.SharedBlock(),
            }
        )
        result = self.migrate(
            guest, '--shared-path', '/dev/lab', copied=['vda']
        )
        disks = {d['target']: d for d in result.tree['plan']['disks']}
        self.assertEqual(
            {
                'vda': 'local-filesystem',
                'vdb': 'network-disk',
                'vdc': 'same-at-destination',
                'vdd': 'declared-shared',
            },
            {target: disk['reason'] for target, disk in disks.items()},
        )
        self.assert_nothing_lost(guest, self.b)

    def test_mapping_of_a_device_of_the_host(self) -> None:
        """A loop device is no volume, whatever its serial says."""
        volume = '6b4f9d4c-7b1d-4a52-8d8e-9d2b6a9b1e11'
        guest = self.guest(
            {'vda': LOCAL, 'vdb': shared_disks.SharedBlock(serial=volume)}
        )
        self.assert_refused(
            *(guest, '--block-device-info'),
            self.mapping_file({'vdb': volume}),
            reasons={'vdb': 'attachment-conflict'},
        )

    def test_there_and_back(self) -> None:
        """A guest moves back once its old image is gone."""
        guest = self.guest({'vda': LOCAL, 'vdb': NETWORK})
        moved = self.migrate(guest, copied=['vda'])
        (left,) = moved.tree['left']
        self.assertEqual('source', left['host'])
        self.a.path(left['path']).unlink()
        self.migrate(guest, copied=['vda'], source=self.b, destination=self.a)
        self.assert_nothing_lost(guest, self.a)


class SharedOnlyTestCase(base.EndToEndTestCase):
    """Nothing is copied, and the guest still moves."""

    def test_shared_only(self) -> None:
        """No NON_SHARED flag and no disk parameter is passed."""
        guest = self.guest({'vda': NETWORK})
        result = self.migrate(guest, copied=[])
        plan = result.tree['plan']
        self.assertEqual([], [f for f in plan['flags'] if 'NON_SHARED' in f])
        self.assertNotIn('migrate_disks', plan['parameters'])
        self.assertEqual([], result.tree['created'])
        self.assert_nothing_lost(guest, self.b)

    def test_shared_qcow2_and_direct(self) -> None:
        """A qcow2 file on shared storage is kept too."""
        guest = self.guest({'vda': shared_disks.SharedFile(format='qcow2')})
        self.migrate(guest, '--direct', copied=[])
        self.assert_nothing_lost(guest, self.b)


class LocalOnlyTestCase(base.EndToEndTestCase):
    """Every disk is copied."""

    def test_raw_and_qcow2(self) -> None:
        """Both formats in one guest, managed by the source daemon."""
        guest = self.guest({'vda': RAW, 'vdb': LOCAL})
        result = self.migrate(guest, copied=['vda', 'vdb'])
        self.assertEqual(2, len(result.tree['created']))
        self.assert_nothing_lost(guest, self.b)

    def test_direct(self) -> None:
        """The same, managed by the client."""
        guest = self.guest({'vda': RAW, 'vdb': NETWORK})
        self.migrate(guest, '--direct', copied=['vda'])
        self.assert_nothing_lost(guest, self.b)

    def test_transient_domain(self) -> None:
        """A domain without definition leaves none behind."""
        guest = self.guest({'vda': LOCAL}, transient=True)
        result = self.migrate(guest, copied=['vda'])
        self.assertNotIn(
            'VIR_MIGRATE_PERSIST_DEST', result.tree['plan']['flags']
        )
        self.assert_nothing_lost(guest, self.b)

    def test_persistent_domain(self) -> None:
        """A definition moves with its guest."""
        guest = self.guest({'vda': LOCAL})
        self.migrate(guest, copied=['vda'])
        names = self.b.virsh('list', '--all', '--persistent', '--name').stdout
        self.assertIn(guest.name, names.split())
        self.assertEqual('', guest.state(self.a))
        self.assert_nothing_lost(guest, self.b)

    def test_block_device(self) -> None:
        """A local device is copied onto the one that the caller names."""
        guest = self.guest({'vda': LOCAL, 'vdb': local_disks.LocalBlock()})
        guest.disks['vdb'].prepare_destination(guest.place('vdb'), self.b)
        self.migrate(
            guest,
            *('--local-path', '/dev/lab', '--existing', 'vdb'),
            copied=['vda', 'vdb'],
        )
        self.assert_nothing_lost(guest, self.b)

    def test_existing_image(self) -> None:
        """An image that the caller made is written over."""
        guest = self.guest({'vda': RAW})
        guest.prepare_destination(self.b)
        path = self.b.path(guest.place('vda').local('raw'))
        with path.open('r+b') as file:
            file.write(b'stale' * 1000)
            file.seek(-4096, 2)
            file.write(b'stale' * 800)
        result = self.migrate(guest, '--existing', 'vda', copied=['vda'])
        self.assertEqual([], result.tree['created'])
        self.assert_nothing_lost(guest, self.b)
        with path.open('rb') as file:
            file.seek(-4096, 2)
            self.assertEqual(bytes(4096), file.read())

    def test_odd_size(self) -> None:
        """A size that is no whole number of KiB is kept to the byte."""
        guest = self.guest({'vda': LOCAL})
        self.a.virsh('destroy', guest.name)
        image = guest.place('vda').local('qcow2')
        self.a.run(['qemu-img', 'resize', '-q', image, '+512'])
        self.a.virsh('start', guest.name)
        guest.wait_for_records(self.a, base.BEFORE * 2)
        result = self.migrate(guest, copied=['vda'])
        (made,) = result.tree['plan']['images']
        self.assertEqual(64 * 2**20 + 512, made['virtual_bytes'])
        self.assert_nothing_lost(guest, self.b)


class BackingTestCase(base.EndToEndTestCase):
    """Disks with an image below them."""

    def test_over_local_base(self) -> None:
        """The chain arrives as one image, and the base is not needed."""
        disk = local_disks.LocalFile(base=local_disks.Base.SOURCE)
        guest = self.guest({'vda': disk})
        result = self.migrate(guest, copied=['vda'])
        self.assertIn(
            'VIR_MIGRATE_NON_SHARED_DISK', result.tree['plan']['flags']
        )
        info = self.image_info(guest, self.b)
        self.assertNotIn('backing file', info)
        # What the guest is defined by next time holds as well.
        self.b.virsh('destroy', guest.name)
        self.b.virsh('start', guest.name)
        now = guest.acknowledged()
        guest.wait_for_records(
            self.b, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_nothing_lost(guest, self.b)

    def test_over_shared_base(self) -> None:
        """Only the top image is copied, over the base that both see."""
        disk = local_disks.LocalFile(base=local_disks.Base.SHARED)
        guest = self.guest({'vda': disk})
        result = self.migrate(guest, copied=['vda'])
        plan = result.tree['plan']
        self.assertIn('VIR_MIGRATE_NON_SHARED_INC', plan['flags'])
        self.assertEqual('local-over-shared', plan['disks'][0]['reason'])
        self.assertIn('backing file', self.image_info(guest, self.b))
        self.assert_nothing_lost(guest, self.b)

    def image_info(self, guest: lab_guest.Guest, host: lab_host.Host) -> str:
        """Let qemu-img describe the guest's first image."""
        image = guest.place('vda').local('qcow2')
        return host.run(['qemu-img', 'info', '-U', image]).stdout


class CdromTestCase(base.EndToEndTestCase):
    """Drives are never copied; what is in them is the caller's duty."""

    def test_medium_and_empty(self) -> None:
        """A medium that the caller brought over, and an empty drive."""
        guest = self.guest(
            {
                'vda': LOCAL,
                'sda': cdrom_drives.Cdrom(),
                'sdb': cdrom_drives.Cdrom(empty=True),
            }
        )
        guest.disks['sda'].prepare_destination(guest.place('sda'), self.b)
        path = self.b.path(guest.place('sda').local('iso'))
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        result = self.migrate(guest, copied=['vda'])
        self.assertEqual(
            ['sda'], [d['target'] for d in result.tree['plan']['duties']]
        )
        after = hashlib.sha256(path.read_bytes()).hexdigest()
        self.assertEqual(before, after)
        self.assert_nothing_lost(guest, self.b)


class PausedTestCase(base.EndToEndTestCase):
    """A paused guest moves and stays paused."""

    def test_paused(self) -> None:
        """It goes on where it stood when it is resumed."""
        guest = self.guest({'vda': LOCAL, 'vdb': NETWORK})
        self.a.virsh('suspend', guest.name)
        self.migrate(guest, copied=['vda'], running=False)
        self.b.virsh('resume', guest.name)
        now = guest.acknowledged()
        guest.wait_for_records(
            self.b, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_nothing_lost(guest, self.b)

    def test_paused_twice(self) -> None:
        """QEMU 7.2 was seen to crash here; 10.0 mends it."""
        guest = self.guest({'vda': NETWORK})
        self.a.virsh('suspend', guest.name)
        self.migrate(guest, copied=[], running=False)
        result = self.run_json(
            'migrate', guest, source=self.b, destination=self.a
        )
        self.assertEqual(3, result.exit_code)
        (refusal,) = result.tree['plan']['refusals']
        self.assertEqual('paused-since-migration', refusal['reason'])
        self.assertEqual('paused', guest.state(self.b))
