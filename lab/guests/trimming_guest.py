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

"""A guest with an ext4 that holds deleted data, and Debian's guest agent."""

from dataclasses import dataclass
import enum
import functools
from pathlib import Path
import re
import tempfile

from lab.guests import guest_boot
from lab.hosts import lab_host
from lab.hosts.apt_archive import Archive
from lab.hosts.atomic_directory import appearing
from lab.hosts.lab_host import Host
from lab.lab_homes import Home
from lab.laboratory import Lab
from lab.processes import commands
from lab.processes import waiting

_MODULES = ('virtio_pci', 'virtio_blk', 'virtio_console')
_LIBRARY = re.compile(r'(/\S+) \(0x')


class Agent(enum.Enum):
    """What the guest runs for an agent, as its program counts them."""

    NONE = 0
    ANSWERS = 1
    SILENT = 2


@dataclass(frozen=True)
class TrimmingGuest:
    """A guest with one raw disk that hands discards on."""

    lab: Lab
    name: str
    size_mib: int = 256
    live_mib: int = 32
    dead_mib: int = 96
    agent: Agent = Agent.ANSWERS
    discard: str = 'unmap'

    @property
    def image(self) -> str:
        """Return the path of the disk, on either host."""
        return f'{lab_host.IMAGES}/{self.name}-vda.raw'

    def start(self, host: Host) -> None:
        """Make the disk with its file system and start the guest on it."""
        with host.path(self.image).open('wb') as file:
            file.truncate(self.size_mib << 20)
        # Without a journal and with inodes made at once, so that all that
        # is allocated is what the guest has written.
        host.run(
            ['mkfs.ext4', '-q', '-F', '-O', '^has_journal']
            + ['-E', 'lazy_itable_init=0', self.image]
        )
        host.virsh('create', '/dev/stdin', input=self._xml())
        waiting.until(
            lambda: 'READY' in self.console(host), 'the data of the guest', 180
        )
        if self.agent is Agent.ANSWERS:
            waiting.until(
                lambda: (
                    host.virsh(
                        *('qemu-agent-command', self.name),
                        '{"execute": "guest-ping"}',
                        check=False,
                    ).returncode
                    == 0
                ),
                "the guest's agent",
                120,
            )

    def stop(self, host: Host) -> None:
        """End the guest, and remove its disk from a host."""
        host.virsh('destroy', self.name, check=False)
        host.path(self.image).unlink(missing_ok=True)

    def allocated(self, host: Host) -> int:
        """Return the bytes that the disk takes at a host."""
        return host.path(self.image).stat().st_blocks * 512

    def live(self, host: Host) -> str:
        """Return a digest of the file that stays; the guest must be off."""
        host.run(['e2fsck', '-f', '-n', self.image])
        read = f'debugfs -R "cat /live" {self.image} 2>/dev/null | sha256sum'
        return host.run(['sh', '-c', read]).stdout.split()[0]

    def console(self, host: Host) -> str:
        """Return what the guest printed while it was on a host."""
        path = host.path(self._console)
        return path.read_text(errors='replace') if path.exists() else ''

    @property
    def _console(self) -> str:
        return f'/var/log/libvirt/qemu/{self.name}-console.log'

    def _xml(self) -> str:
        content = guest_boot.Content(
            _MODULES, 'trimmer', tuple(_agent_files(self.lab.home).items())
        )
        files = guest_boot.prepare(self.lab.home, content)
        line = (
            'console=ttyS0 quiet tsc=reliable panic=1 '
            f'lab.live={self.live_mib} lab.dead={self.dead_mib} '
            f'lab.agent={self.agent.value}'
        )
        return f"""
<domain type='qemu'>
  <name>{self.name}</name>
  <memory unit='MiB'>128</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{files.kernel}</kernel>
    <initrd>{files.initramfs}</initrd>
    <cmdline>{line}</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none' discard='{self.discard}'/>
      <source file='{self.image}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <serial type='file'>
      <source path='{self._console}' append='on'/>
    </serial>
  </devices>
</domain>
"""


@functools.cache
def _agent_files(home: Home) -> dict[str, Path]:
    """Return Debian's qemu-ga with its libraries, by their names."""
    tree = home.cache / 'guest-agent'
    if not tree.is_dir():
        with (
            tempfile.TemporaryDirectory() as scratch,
            appearing(tree) as building,
        ):
            archive = Archive(Path(scratch), 'bookworm')
            archive.update()
            file = archive.fetch_alone('qemu-guest-agent')
            commands.run(['dpkg-deb', '--extract', file, building])
    agent = tree / 'usr/sbin/qemu-ga'
    said = commands.run(['ldd', agent])
    found = {name.lstrip('/'): Path(name) for name in _LIBRARY.findall(said)}
    return {'usr/sbin/qemu-ga': agent, **found}
