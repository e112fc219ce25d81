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

"""Run a guest whose disks tell whether anything got lost."""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
import re
import uuid

from lab.guests import guest_boot
from lab.guests import written_records
from lab.guests.written_records import Report
from lab.guests.written_records import Workload
from lab.hosts.lab_host import Host
from lab.laboratory import Lab
from lab.processes import waiting
from lab.storage.disk_places import Place
from lab.storage.guest_disks import Disk

_NAMESPACE = uuid.UUID('5a3c1f0e-97b4-4f5e-8c57-3b1c1f2f8e11')
# Only whole lines count: the first and the last of a file may be cut off
# where the guest left one host for the other.
_ACK = re.compile(r'^ACK (\w+) (\d+)\r?\n', re.MULTILINE)


@dataclass(frozen=True)
class Guest:
    """A guest that writes numbered records to all of its disks."""

    lab: Lab
    name: str
    #: Target, such as 'vda' -> disk; vd*, sd* and, for cdroms, hd*.
    disks: Mapping[str, Disk]
    memory_mib: int = 96
    workload: Workload = field(default_factory=Workload)
    machine: str = 'pc'
    #: More elements of <devices>.
    devices_xml: str = ''

    def define_and_start(
        self, host: Host, *, transient: bool = False, paused: bool = False
    ) -> None:
        """Make the disks and start the guest on a host.

        :raises StorageUnavailable: a disk cannot be had here.
        """
        for disk in self.disks.values():
            disk.check_available()
        for target, disk in self.disks.items():
            disk.create(self.place(target), host)
        self.start(host, transient=transient, paused=paused)

    def start(
        self, host: Host, *, transient: bool = False, paused: bool = False
    ) -> None:
        """Start the guest on disks that are there."""
        flags = ['--paused'] if paused else []
        if transient:
            host.virsh('create', '/dev/stdin', *flags, input=self.xml(host))
        else:
            host.virsh('define', '/dev/stdin', input=self.xml(host))
            host.virsh('start', self.name, *flags)

    def prepare_destination(self, host: Host) -> None:
        """Make, on a host, what a migration to it copies into."""
        for target, disk in self.disks.items():
            disk.prepare_destination(self.place(target), host)

    def stop(self, host: Host) -> None:
        """End the guest at once, like a power cut, and undefine it.

        :raises NotInTime: it does not end; it would disturb later tests.
        """

        def ended() -> bool:
            host.virsh('destroy', self.name, check=False)
            return self.state(host) in ('', 'shut off')

        waiting.until(ended, f'the end of {self.name} on {host.name}')
        host.virsh('undefine', self.name, '--nvram', check=False)

    def xml(self, host: Host) -> str:
        """Return the definition for a host."""
        files = guest_boot.prepare(self.lab.home)
        disks = ''.join(
            disk.xml(self.place(target), host)
            for target, disk in self.disks.items()
        )
        return f"""
<domain type='qemu'>
  <name>{self.name}</name>
  <uuid>{uuid.uuid5(_NAMESPACE, self.name)}</uuid>
  <memory unit='MiB'>{self.memory_mib}</memory>
  <os>
    <type arch='x86_64' machine='{self.machine}'>hvm</type>
    <kernel>{files.kernel}</kernel>
    <initrd>{files.initramfs}</initrd>
    <cmdline>{guest_boot.command_line(self.workload)}</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    {disks}
    <controller type='usb' model='none'/>
    <controller type='scsi' model='virtio-scsi'/>
    <memballoon model='none'/>
    <serial type='file'>
      <source path='{self._console}' append='on'/>
    </serial>
    {self.devices_xml}
  </devices>
</domain>
"""

    def domain_xml(self, host: Host) -> str:
        """Return the live definition, as libvirt has it now."""
        return host.virsh('dumpxml', self.name).stdout

    def state(self, host: Host) -> str:
        """Return running, paused, shut off, ...; empty if unknown there."""
        return host.virsh('domstate', self.name, check=False).stdout.strip()

    def console(self, host: Host) -> str:
        """Return what the guest printed while it was on a host."""
        path = host.path(self._console)
        return path.read_text(errors='replace') if path.exists() else ''

    def acknowledged(self, hosts: Iterable[Host] = ()) -> dict[str, int]:
        """Return the newest record of each disk that was made durable.

        :param hosts: where the guest has been; all by default.
        """
        devices = {name: target for target, name in self.devices.items()}
        newest = dict.fromkeys(self.devices, 0)
        for host in hosts or self.lab.hosts:
            for device, number in _ACK.findall(self.console(host)):
                target = devices[device]
                newest[target] = max(newest[target], int(number))
        return newest

    def wait_for_records(
        self, host: Host, wanted: int | Mapping[str, int], timeout: float = 120
    ) -> None:
        """Wait until a guest acknowledged so many records on a host.

        :param wanted: number of the record, for all disks or by target.
        :raises NotInTime: with the end of what the guest had to say.
        """
        if isinstance(wanted, int):
            wanted = dict.fromkeys(self.devices, wanted)
        numbers = dict(wanted)

        def there() -> bool:
            newest = self.acknowledged([host])
            return all(newest[t] >= n for t, n in numbers.items())

        what = f'records {numbers} of {self.name} on {host.name}'
        waiting.until(there, what, timeout)

    def verify(
        self, host: Host, seen: Iterable[Host] = ()
    ) -> dict[str, Report]:
        """Check all disks as a host sees them; the guest must be off.

        :param seen: where it has acknowledged what counts; all by default.
        """
        acknowledged = self.acknowledged(seen)
        reports = {}
        for target, device in self.devices.items():
            disk, place = self.disks[target], self.place(target)
            content = disk.content(place, host)
            reports[target] = written_records.verify(
                content,
                device,
                acknowledged[target],
                self.workload,
                disk.base_pattern(place),
            )
            content.unlink()
        return reports

    def content(self, target: str, host: Host) -> Path:
        """Return a raw copy of one disk, as a host sees it."""
        return self.disks[target].content(self.place(target), host)

    def place(self, target: str) -> Place:
        """Return where the storage of one disk is."""
        return Place(self.lab, self.name, target)

    @property
    def devices(self) -> dict[str, str]:
        """Return target -> name in the guest, of the disks it writes to.

        The guest counts its disks bus by bus, without gaps.
        """
        seen = {'vd': 0, 'sd': 0}
        names = {}
        for target, disk in self.disks.items():
            if disk.writable:
                bus = target[:2]
                names[target] = f'{bus}{chr(ord("a") + seen[bus])}'
                seen[bus] += 1
        return names

    @property
    def _console(self) -> str:
        return f'/var/log/libvirt/qemu/{self.name}-console.log'
