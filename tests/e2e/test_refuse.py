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

"""Plans that refuse leave both hosts exactly as they were."""

import dataclasses
import subprocess
import sys

from lab.hosts import host_layout
from lab.hosts import lab_host
from lab.storage import cdrom_drives
from lab.storage import disk_places
from lab.storage import local_disks
from lab.storage import nbd_server
from lab.storage import shared_disks
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='qcow2')
VOLUME = '0d7a3d4e-1c1b-4d0e-9a3e-52f6a1a0c9d2'

_LOOPBACK_PORT = 10815
_RELAY = f"""
import asyncio, sys

async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve(reader, writer):
    far = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    await asyncio.gather(pump(reader, far[1]), pump(far[0], writer))

async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', {_LOOPBACK_PORT})
    print('ready', flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _LoopbackNetwork(shared_disks.SharedNetwork):
    """A network disk whose server is on the host's own loopback."""

    def source_xml(self, place: disk_places.Place, host: lab_host.Host) -> str:
        """Return driver and server."""
        return (
            "<driver name='qemu' type='raw' cache='none'/>"
            f"<source protocol='nbd' name='{place.stem}'>"
            f"<host name='127.0.0.1' port='{_LOOPBACK_PORT}'/></source>"
        )


class EvidenceTestCase(base.EndToEndTestCase):
    """Evidence that is missing or conflicts."""

    def test_shared_not_confirmed(self) -> None:
        """Without a marker nothing proves that both see one directory."""
        guest = self.guest({'vda': LOCAL, 'vdb': shared_disks.SharedFile()})
        self.assert_refused(
            guest, '--no-probe', reasons={'vdb': 'shared-not-confirmed'}
        )

    def test_shared_disproved(self) -> None:
        """The destination has not mounted the shared file system."""
        guest = self.guest({'vda': LOCAL, 'vdb': shared_disks.SharedFile()})
        shared = lab_host.SHARED
        self.b.run(['mount', '-t', 'tmpfs', 'none', shared])
        self.addCleanup(self.b.run, ['umount', shared])
        self.assert_refused(guest, reasons={'vdb': 'shared-disproved'})

    def test_block_device_without_evidence(self) -> None:
        """A loop device is presumed local, and cannot be made for us."""
        guest = self.guest({'vda': LOCAL, 'vdb': shared_disks.SharedBlock()})
        self.assert_refused(guest, reasons={'vdb': 'device-unproven'})

    def test_declaration_against_proof(self) -> None:
        """ext4 is local, whatever is declared."""
        guest = self.guest({'vda': LOCAL})
        self.assert_refused(
            guest,
            '--shared-path',
            lab_host.IMAGES,
            reasons={'vda': 'declaration-conflict'},
        )

    def test_same_file_at_destination(self) -> None:
        """Two hosts that see one directory would copy onto themselves."""
        guest = self.guest({'vda': LOCAL})
        # Both hosts' states hold the image now: it has to stand still.
        self.a.virsh('suspend', guest.name)
        images = lab_host.IMAGES
        theirs = self.lab.home.of_host('a') / 'libvirt' / 'images'
        self.b.run(['mount', '--bind', theirs, images])
        self.addCleanup(self.b.run, ['umount', images])
        self.assert_refused(guest, reasons={'vda': 'same-file-at-destination'})

    def test_loopback_server(self) -> None:
        """A server on the loopback is another one on another host."""
        self._relay()
        guest = self.guest({'vda': LOCAL, 'vdb': _LoopbackNetwork()})
        self.assert_refused(guest, reasons={'vdb': 'loopback-server'})

    def _relay(self) -> None:
        """Serve the hub's network disks on the loopback of host a."""
        hub = host_layout.ADDRESSES[host_layout.HUB]
        relay = self.a.popen(
            [sys.executable, '-c', _RELAY, hub, str(nbd_server.PORT)],
            stdout=subprocess.PIPE,
        )
        self.addCleanup(relay.wait)
        self.addCleanup(relay.kill)
        self.addCleanup(relay.stdout.close)
        relay.stdout.readline()


class MappingTestCase(base.EndToEndTestCase):
    """The block device mapping and the domain disagree."""

    def test_volume_without_disk(self) -> None:
        """nova knows a volume that the domain does not have."""
        guest = self.guest({'vda': LOCAL})
        mapping = self.mapping_file({'vdz': VOLUME})
        self.assert_refused(
            guest,
            '--block-device-info',
            mapping,
            reasons={None: 'volume-without-disk'},
        )

    def test_volume_not_in_mapping(self) -> None:
        """The domain has a volume that nova does not know."""
        guest = self.guest(
            {'vda': LOCAL, 'vdb': shared_disks.SharedNetwork(serial=VOLUME)}
        )
        self.assert_refused(
            guest,
            '--block-device-info',
            self.mapping_file({}),
            reasons={'vdb': 'volume-not-in-mapping'},
        )

    def test_stale_device_name(self) -> None:
        """A volume's device name is that of the root disk."""
        guest = self.guest(
            {'vda': LOCAL, 'vdb': shared_disks.SharedBlock(serial=VOLUME)}
        )
        self.assert_refused(
            guest,
            '--block-device-info',
            self.mapping_file({'vda': VOLUME}),
            reasons={
                'vda': 'attachment-conflict',
                'vdb': 'attachment-conflict',
            },
        )


class UncopyableTestCase(base.EndToEndTestCase):
    """Local disks that cannot be copied as they are."""

    def test_shareable(self) -> None:
        """Another guest might write to it."""
        disk = local_disks.LocalFile(format='raw', extra='<shareable/>')
        guest = self.guest({'vda': disk})
        self.assert_refused(guest, reasons={'vda': 'shareable-disk'})

    def test_every_bad_disk_is_named(self) -> None:
        """Not the first alone, and the good one is not."""
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(
                    format='raw', extra='<shareable/>'
                ),
                'vdb': LOCAL,
                'vdc': shared_disks.SharedFile(),
            }
        )
        result = self.assert_refused(
            guest,
            '--no-probe',
            reasons={'vda': 'shareable-disk', 'vdc': 'shared-not-confirmed'},
        )
        self.assertEqual('copy', result.tree['disks'][1]['action'])


class DestinationTestCase(base.EndToEndTestCase):
    """What the destination has or lacks."""

    def test_image_exists(self) -> None:
        """A file that we did not make is not overwritten."""
        guest = self.guest({'vda': LOCAL})
        guest.prepare_destination(self.b)
        self.assert_refused(guest, reasons={'vda': 'destination-exists'})

    def test_other_size_and_format(self) -> None:
        """The caller's image does not fit."""
        guest = self.guest(
            {'vda': LOCAL, 'vdb': local_disks.LocalFile(format='raw')}
        )
        guest.prepare_destination(self.b)
        place = guest.place('vdb')
        self.b.run(['truncate', '-s', '1M', place.local('raw')])
        place = guest.place('vda')
        self.b.run(
            ['qemu-img', 'create', '-q', '-f', 'raw']
            + [place.local('qcow2'), '64M']
        )
        self.assert_refused(
            guest,
            '--existing',
            'vda',
            '--existing',
            'vdb',
            reasons={
                'vda': 'destination-mismatch',
                'vdb': 'destination-mismatch',
            },
        )

    def test_no_directory(self) -> None:
        """The destination has no such directory."""
        guest = self.guest({'vda': LOCAL})
        images = lab_host.IMAGES
        aside = f'{images}-aside'
        self.b.run(['mv', images, aside])
        self.addCleanup(self.b.run, ['mv', aside, images])
        self.assert_refused(guest, reasons={'vda': 'destination-unreachable'})

    def test_medium_missing(self) -> None:
        """The cdrom's medium is not at the destination."""
        guest = self.guest({'vda': LOCAL, 'sda': cdrom_drives.Cdrom()})
        self.assert_refused(guest, reasons={'sda': 'content-missing'})


class DomainTestCase(base.EndToEndTestCase):
    """The domain itself cannot be migrated."""

    def test_snapshot(self) -> None:
        """libvirt migrates none, and a copy takes none of an image's."""
        guest = self.guest({'vda': LOCAL})
        self.a.virsh('snapshot-create-as', guest.name, 's1')
        self.addCleanup(
            self.a.virsh, 'snapshot-delete', guest.name, 's1', check=False
        )
        self.assert_refused(
            guest, reasons={'vda': 'internal-snapshots', None: 'snapshots'}
        )

    def test_block_job(self) -> None:
        """A mirror that somebody else started is not disturbed."""
        guest = self.guest({'vda': LOCAL})
        copy = f'{lab_host.IMAGES}/{guest.name}-copy.raw'
        self.a.virsh(
            *('blockcopy', guest.name, 'vda', '--dest', copy),
            *('--format', 'raw', '--transient-job', '--bandwidth', '1'),
        )
        self.assert_refused(guest, reasons={None: 'active-block-job'})
        self.a.virsh('blockjob', guest.name, 'vda', '--abort')

    def test_shut_off(self) -> None:
        """A guest that does not run is not live-migrated."""
        guest = self.guest({'vda': LOCAL})
        self.a.virsh('destroy', guest.name)
        self.assert_refused(guest, reasons={None: 'domain-not-active'})
