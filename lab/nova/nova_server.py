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

"""Watch a server, move it, and read what its disks hold."""

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
from pathlib import Path
import re
from xml.etree import ElementTree

from lab.errors import NotInTime
from lab.guests import written_records
from lab.guests.written_records import Report
from lab.guests.written_records import Workload
from lab.hosts.lab_host import Host
from lab.nova.nova_records import NovaRecords
from lab.nova.nova_settings import INSTANCES
from lab.processes import waiting
from lab.storage.guest_disks import MIB

_ACK = re.compile(r'^ACK (\w+) (\d+)\r?\n', re.MULTILINE)


@dataclass(frozen=True)
class Server(NovaRecords):
    """A server of the hosts' nova."""

    workload: Workload
    #: What the last MiB of its image holds.
    pattern: bytes

    def migrate(
        self,
        source: Host,
        destination: Host,
        block_migration: bool | None = None,
        disk_over_commit: bool | None = None,
    ) -> bool:
        """Ask for a migration; return as soon as it runs or is refused.

        :returns: whether it runs.
        """
        started = self.cloud.compute(source).command(
            'migrate',
            server=self.id,
            destination=destination.name,
            block_migration=block_migration,
            disk_over_commit=disk_over_commit,
        )
        return bool(started)

    def await_end(self, source: Host) -> None:
        """Wait until nova-compute has done all about the migration.

        :raises NotInTime: it has not.
        """
        if not self.cloud.compute(source).command('await_end'):
            raise NotInTime(f'the migration of {self.id} does not end')

    def abort(self, source: Host) -> None:
        """Abort the newest migration."""
        self.cloud.compute(source).command(
            'abort', server=self.id, migration=self.migrations[-1]['id']
        )

    def force_complete(self, source: Host) -> None:
        """Have the newest migration completed whatever that takes."""
        self.cloud.compute(source).command('force_complete', server=self.id)

    def directory(self, host: Host) -> Path:
        """Return its directory on a host, for those outside."""
        return host.path(f'{INSTANCES}/{self.id}')

    def files(self, host: Host) -> dict[str, str]:
        """Return name and SHA-256 of what is in its directory on a host."""
        directory = self.directory(host)
        if not directory.is_dir():
            return {}
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in directory.iterdir()
        }

    def power(self, host: Host) -> str:
        """Return the state of its domain; empty if unknown there."""
        answer = host.virsh('domstate', self.name, check=False)
        return answer.stdout.strip()

    def domain(self, host: Host) -> ElementTree.Element:
        """Return the live definition of its domain."""
        return ElementTree.fromstring(host.virsh('dumpxml', self.name).stdout)

    def disks(self, host: Host) -> dict[str, tuple[str, str]]:
        """Return format and path of each disk of its domain."""
        found = {}
        for disk in self.domain(host).iterfind('devices/disk'):
            target, driver = disk.find('target'), disk.find('driver')
            source = disk.find('source')
            assert target is not None and driver is not None
            if source is not None:
                path = source.get('file') or source.get('dev') or ''
                name = target.get('dev', '')
                found[name] = (driver.get('type', ''), path)
        return found

    def acknowledged(self, host: Host) -> dict[str, int]:
        """Return the newest record of each disk made durable on a host."""
        path = self.directory(host) / 'console.log'
        if not path.exists():
            return {}
        return acknowledged_in(path.read_text('latin-1'))

    def wait_for_records(
        self, host: Host, wanted: dict[str, int], timeout: float = 120
    ) -> None:
        """Wait until records of these numbers are durable on a host."""

        def there() -> bool:
            newest = self.acknowledged(host)
            return all(newest.get(d, 0) >= n for d, n in wanted.items())

        what = f'records {wanted} of {self.id} on {host.name}'
        waiting.until(there, what, timeout)

    def plug(
        self, host: Host, device: str, target: str, alias: str = ''
    ) -> None:
        """Plug a block device into its guest, unknown to nova."""
        options = ['--live', '--config', '--targetbus', 'virtio']
        options += ['--driver', 'qemu', '--subdriver', 'raw']
        options += ['--cache', 'none', '--sourcetype', 'block']
        options += ['--alias', alias] if alias else []
        host.virsh('attach-disk', self.name, device, target, *options)

    def unplug(self, host: Host, target: str) -> None:
        """Unplug a disk from its guest, unknown to nova."""
        host.virsh('detach-disk', self.name, target, '--live', '--config')

        def gone() -> bool:
            return target not in self.disks(host)

        waiting.until(gone, f'{target} of {self.id} to be unplugged')

    def stop(self, host: Host) -> None:
        """End its guest at once, like a power cut."""
        host.virsh('destroy', self.name, check=False)

    def forget(self) -> None:
        """Remove all of it from both hosts and from the records."""
        for host in self.cloud.lab.hosts:
            self.stop(host)
            host.virsh('undefine', self.name, '--nvram', check=False)
            for name in (self.id, '_base'):
                host.run(['rm', '-rf', f'{INSTANCES}/{name}'])
        self.cloud.database.change(
            'UPDATE instances SET deleted = id WHERE uuid = ?', self.id
        )

    def raw(self, host: Host, image: tuple[str, str], limit: int = 0) -> Path:
        """Copy what an image says into a raw file.

        :param image: format and path, one of `disks`.
        :param limit: number of bytes from the start; 0 is all.
        """
        directory = self.cloud.directory / 'content'
        directory.mkdir(exist_ok=True)
        target = directory / f'{host.name}-{Path(image[1]).name}.raw'
        host.run(
            ['qemu-img', 'convert', '-U', '-f', image[0], '-O', 'raw']
            + [image[1], str(target)]
        )
        if limit:
            with target.open('r+b') as file:
                file.truncate(min(limit, target.stat().st_size))
        return target

    def verify(
        self,
        host: Host,
        disks: Mapping[str, tuple[str, str]],
        acknowledged: dict[str, int],
    ) -> dict[str, Report]:
        """Check every record of every disk; the guest must be off.

        :param disks: from `disks`, taken while the domain was there.
        """
        reports = {}
        # The writer's areas end there; ephemeral disks go on for a GiB.
        end = self.workload.cold_at + self.workload.cold_mib * MIB
        for target, image in disks.items():
            # The image of a server is its first disk's.
            is_root = Path(image[1]).name == 'disk'
            content = self.raw(host, image, 0 if is_root else end)
            reports[target] = written_records.verify(
                content,
                target,
                acknowledged.get(target, 0),
                self.workload,
                self.pattern if is_root else b'',
            )
            content.unlink()
        return reports


def acknowledged_in(console: str) -> dict[str, int]:
    """Return the newest record of each disk that a console shows."""
    newest: dict[str, int] = {}
    for disk, number in _ACK.findall(console):
        newest[disk] = max(newest.get(disk, 0), int(number))
    return newest
