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

"""What the destination has at a disk's path: the file itself, or another."""

import dataclasses
import os

from lab.hosts import lab_host
from lab.storage import cdrom_drives
from lab.storage import disk_places
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='qcow2')
_LINK = f'{lab_host.IMAGES}/linked'


@dataclasses.dataclass(frozen=True, kw_only=True)
class _BehindLink(shared_disks.SharedFile):
    """An image on the shared file system, named through a link to it."""

    def source_xml(self, place: disk_places.Place, host: lab_host.Host) -> str:
        """Return driver and file, with the link's name and two slashes."""
        return (
            super()
            .source_xml(place, host)
            .replace(f"'{lab_host.SHARED}/", f"'{_LINK}//")
        )


class ServerTestCase(base.EndToEndTestCase):
    """The source serves its images to the destination."""

    def serve(self, guest, *, read_only: bool = False) -> None:
        """Have the destination see the source's image directory."""
        # Both hosts' states hold the image now: it has to stand still.
        self.a.virsh('suspend', guest.name)
        images = lab_host.IMAGES
        theirs = self.lab.home.of_host('a') / 'libvirt' / 'images'
        self.b.run(['mount', '--bind', theirs, images])
        self.addCleanup(self.b.run, ['umount', images])
        if read_only:
            self.b.run(['mount', '-o', 'remount,bind,ro', images])

    def test_it_may_write_there(self) -> None:
        """The destination's marker is seen at the source."""
        guest = self.guest({'vda': LOCAL})
        self.serve(guest)
        for more in ((), ('--existing', 'vda')):
            self.assert_refused(
                guest, *more, reasons={'vda': 'same-file-at-destination'}
            )

    def test_it_may_not_write_there(self) -> None:
        """As with root_squash: the source's marker is seen there."""
        guest = self.guest({'vda': LOCAL})
        self.serve(guest, read_only=True)
        for more in ((), ('--existing', 'vda')):
            self.assert_refused(
                guest, *more, reasons={'vda': 'same-file-at-destination'}
            )

    def test_nothing_is_probed(self) -> None:
        """What is not known is not overwritten, and nobody removes it."""
        guest = self.guest({'vda': LOCAL})
        self.serve(guest)
        result = self.assert_refused(
            guest,
            '--no-probe',
            '--existing',
            'vda',
            reasons={'vda': 'image-unproven'},
        )
        (refusal,) = result.tree['refusals']
        self.assertNotIn('remove', refusal['message'])

    def test_a_link_there_leads_to_the_very_file(self) -> None:
        """The directories are two, the file is one."""
        guest = self.guest({'vda': LOCAL})
        path = guest.place('vda').local('qcow2')
        theirs = self.lab.home.of_host('a') / 'libvirt' / 'images'
        self.b.run(['mkdir', '/mnt/theirs'])
        self.addCleanup(self.b.run, ['rmdir', '/mnt/theirs'])
        self.b.run(['mount', '--bind', theirs, '/mnt/theirs'])
        self.addCleanup(self.b.run, ['umount', '/mnt/theirs'])
        self.b.run(['ln', '-s', f'/mnt/theirs/{os.path.basename(path)}', path])
        self.addCleanup(self.b.run, ['rm', path])
        for more, reason in (
            ((), 'destination-exists'),
            (('--existing', 'vda'), 'image-unproven'),
        ):
            self.assert_refused(guest, *more, reasons={'vda': reason})


class LinkTestCase(base.EndToEndTestCase):
    """Links in the way of a path."""

    def test_an_image_directory_that_is_a_link(self) -> None:
        """Both see one directory, and nothing is copied."""
        for host in (self.a, self.b):
            host.run(['ln', '-s', lab_host.SHARED, _LINK])
            self.addCleanup(host.run, ['rm', _LINK])
        guest = self.guest({'vda': LOCAL, 'vdb': _BehindLink()})
        self.migrate(guest, copied={'vda'})
        self.assert_nothing_lost(guest, self.b)

    def test_a_link_there_that_leads_nowhere(self) -> None:
        """libvirt would make the image at its target."""
        guest = self.guest({'vda': LOCAL})
        path = guest.place('vda').local('qcow2')
        target = f'{lab_host.IMAGES}/{guest.name}-precious'
        self.b.run(['ln', '-s', target, path])
        self.addCleanup(self.b.run, ['rm', path])
        self.assert_refused(guest, reasons={'vda': 'destination-exists'})
        # Without leave to look, making the image is refused.
        done = self.program(
            *('migrate', guest.name, self.b.remote_uri, '--no-probe')
        )
        self.assertNotEqual(0, done.returncode)
        self.assertIn('the name is taken there', done.stderr)
        self.assertFalse(self.b.path(target).exists())
        self.assert_goes_on(guest)

    def test_a_file_mounted_over_its_own_name(self) -> None:
        """Its directory tells nothing of it."""
        guest = self.guest({'vda': LOCAL, 'vdb': shared_disks.SharedFile()})
        path = guest.place('vdb').shared('raw')
        other = f'{lab_host.SHARED}/{guest.name}-other'
        self.a.run(['cp', path, other])
        self.a.run(['mount', '--bind', other, path])
        self.addCleanup(self.a.run, ['umount', path])
        self.assert_refused(guest, reasons={'vdb': 'shared-not-confirmed'})


class MediumTestCase(base.EndToEndTestCase):
    """A medium that both hosts have, each for itself."""

    def test_another_medium_of_the_same_size(self) -> None:
        """Its bytes are read, not its size alone."""
        guest = self.guest({'vda': LOCAL, 'sda': cdrom_drives.Cdrom()})
        path = guest.place('sda').local('iso')
        ours = self.a.path(path).read_bytes()
        self.b.path(path).write_bytes(ours[:-1] + b'!')
        self.assert_refused(guest, reasons={'sda': 'content-missing'})
        self.b.path(path).write_bytes(ours)
        self.migrate(guest, copied={'vda'})
        self.assert_nothing_lost(guest, self.b)
