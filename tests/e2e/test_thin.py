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

"""What was thin at the source is thin at the destination, and stays right."""

from xml.etree import ElementTree

import ddt

from lab.guests import lab_guest
from lab.guests import written_records
from lab.hosts import lab_host
from lab.storage import guest_disks
from lab.storage import local_disks
from tests.e2e import base
from tests.e2e import content

_SIZE_MIB = 192
#: Beyond what the guest itself writes to.
_DATA = 'write -q -P 171 64M 48M'
_ZEROES = 'write -q -P 0 120M 64M'
_MIB = 1 << 20
# The first tables of a qcow2 image, and what the guest writes meanwhile.
_SLACK = 1 * _MIB


@ddt.ddt
class ThinTestCase(base.EndToEndTestCase):
    """Data, holes, and zeroes that were written as data."""

    def start(self, disks: dict[str, guest_disks.Disk]) -> lab_guest.Guest:
        """Start a guest on disks that hold all three."""
        guest = lab_guest.Guest(
            self.lab,
            self.new_name(),
            disks,
            workload=written_records.Workload(interval_us=100000),
        )
        for disk in disks.values():
            self.check_available(disk)
        self.addCleanup(self.forget, guest)
        for target, disk in disks.items():
            place = guest.place(target)
            disk.create(place, self.a)
            image_format, name = disk.image(place)
            self.a.run(
                ['qemu-io', '-f', image_format]
                + ['-c', _DATA, '-c', _ZEROES, name]
            )
        guest.start(self.a)
        guest.wait_for_records(self.a, base.BEFORE)
        return guest

    def allocated(
        self, guest: lab_guest.Guest, target: str, host: lab_host.Host
    ) -> int:
        """Return the bytes that a disk takes on a host."""
        disk, place = guest.disks[target], guest.place(target)
        if isinstance(disk, local_disks.LocalBlock):
            file = place.backing_file(host.name)
        else:
            file = host.path(disk.image(place)[1])
        return file.stat().st_blocks * 512

    def assert_thin(self, guest: lab_guest.Guest) -> None:
        """Stop the guest and hold each disk against its content there."""
        taken = {t: self.allocated(guest, t, self.b) for t in guest.disks}
        guest.stop(self.b)
        for target in guest.disks:
            copy = guest.content(target, self.b)
            holds = content.not_zero(copy.read_bytes())
            copy.unlink()
            self.assertGreater(holds, 48 * _MIB, target)
            self.assertLessEqual(taken[target], 1.02 * holds + _SLACK, target)

    def drivers(
        self, guest: lab_guest.Guest, *flags: str
    ) -> dict[str, tuple[str | None, str | None]]:
        """Return each disk's discard and detect_zeroes at the destination."""
        text = self.b.virsh('dumpxml', *flags, guest.name).stdout
        return {
            target.get('dev', ''): (
                driver.get('discard'),
                driver.get('detect_zeroes'),
            )
            for disk in ElementTree.fromstring(text).iterfind('devices/disk')
            for target in disk.iterfind('target')
            for driver in disk.iterfind('driver')
        }

    @ddt.data('', 'trixie', 'sid')
    def test_full_copies(self, release: str) -> None:
        """Raw and qcow2 files and a block device."""
        if release:
            self.use_lab({'a': release, 'b': release})
        guest = self.start(
            {
                'vda': local_disks.LocalFile(format='raw', size_mib=_SIZE_MIB),
                'vdb': local_disks.LocalFile(
                    format='qcow2', size_mib=_SIZE_MIB
                ),
                'vdc': local_disks.LocalBlock(size_mib=_SIZE_MIB),
            }
        )
        guest.disks['vdc'].prepare_destination(guest.place('vdc'), self.b)
        self.migrate(
            guest,
            *('--existing', 'vdc', '--local-path', '/dev/lab'),
            '--thin=on',
            copied=['vda', 'vdb', 'vdc'],
        )
        raw = ('unmap', None) if release else ('unmap', 'unmap')
        self.assertEqual(
            {
                'vda': raw,
                'vdb': (None, None) if release else (None, 'on'),
                'vdc': raw,
            },
            self.drivers(guest),
        )
        self.assertEqual(
            {(None, None)}, {*self.drivers(guest, '--inactive').values()}
        )
        self.assert_thin(guest)
        self.assert_whole(guest)

    @ddt.data('', 'trixie', 'sid')
    def test_a_top_image(self, release: str) -> None:
        """An overlay whose base both hosts have."""
        if release:
            self.use_lab({'a': release, 'b': release})
        guest = self.start(
            {
                'vda': local_disks.LocalFile(
                    format='qcow2',
                    size_mib=_SIZE_MIB,
                    base=local_disks.Base.SHARED,
                )
            }
        )
        self.migrate(guest, copied=['vda'])
        self.assert_thin(guest)
        self.assert_whole(guest)

    def test_not_where_it_is_not_wanted(self) -> None:
        """As libvirt does it, with all that was written."""
        guest = self.start(
            {'vda': local_disks.LocalFile(format='qcow2', size_mib=_SIZE_MIB)}
        )
        self.migrate(guest, '--thin=off', copied=['vda'])
        self.assertGreater(
            self.allocated(guest, 'vda', self.b), (48 + 64) * _MIB
        )
        self.assert_whole(guest)

    def assert_whole(self, guest: lab_guest.Guest) -> None:
        """Check data, zeroes and every record of a guest."""
        guest.stop(self.b)
        for target in guest.disks:
            copy = guest.content(target, self.b)
            data = copy.read_bytes()
            copy.unlink()
            self.assertEqual(
                b'\xab' * (48 * _MIB), data[64 * _MIB : 112 * _MIB], target
            )
            self.assertFalse(any(data[120 * _MIB : 184 * _MIB]), target)
        self.assert_nothing_lost(guest, self.b)
