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

"""Serve disks of one host by iSCSI, and attach them to others."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.hosts.host_layout import SECOND_PORTAL
from lab.hosts.lab_host import Host
from lab.processes import waiting

NAME = 'iqn.2026-11.example.lab:storage'
_PORT = 3260
_CONFIG = '/sys/kernel/config/target'
_PORTAL_GROUP = f'{_CONFIG}/iscsi/{NAME}/tpgt_1'
#: Everybody may log in, as whoever, and write.
_OPEN = {
    'authentication': 0,
    'demo_mode_write_protect': 0,
    'generate_node_acls': 1,
    'cache_dynamic_acls': 1,
}


@dataclass(frozen=True)
class Unit:
    """A logical unit of the target."""

    number: int

    def by_path(self, portal: str) -> str:
        """Return the name by which nova has it, through one portal."""
        return (
            f'/dev/disk/by-path/ip-{portal}:{_PORT}-iscsi-{NAME}'
            f'-lun-{self.number}'
        )

    @property
    def serial(self) -> str:
        """Return its serial number, of which its WWID is made."""
        return f'{self.number:08x}-0000-4000-8000-{self.number:012x}'

    @property
    def wwid(self) -> str:
        """Return its WWID, as device-mapper's multipath names it."""
        # NAA 6, LIO's company, and the first digits of the serial.
        digits = self.serial.replace('-', '')[:25]
        return f'36001405{digits}'


@dataclass(frozen=True)
class IscsiTarget:
    """A target of two portals; files in memory are behind its units."""

    server: Host

    @property
    def portals(self) -> tuple[str, str]:
        """Return the addresses of both ways to it."""
        return (self.server.address, SECOND_PORTAL)

    @classmethod
    def create(cls, server: Host) -> 'IscsiTarget':
        """Start the target, without units, or take the one that runs."""
        target = cls(server)
        words = [
            'set -e',
            'modprobe -a target_core_mod target_core_file iscsi_target_mod',
            'mountpoint -q /sys/kernel/config ||'
            ' mount -t configfs configfs /sys/kernel/config',
            'mkdir -p /run/units',
            f'mkdir -p {_PORTAL_GROUP}',
        ]
        words += [
            f'echo {value} > {_PORTAL_GROUP}/attrib/{name}'
            for name, value in _OPEN.items()
        ]
        words += [
            f'mkdir -p {_PORTAL_GROUP}/np/{portal}:{_PORT}'
            for portal in target.portals
        ]
        words.append(f'echo 1 > {_PORTAL_GROUP}/enable')
        server.run(['sh', '-c', '\n'.join(words)])
        return target

    def create_unit(self, number: int, size_mib: int) -> Unit:
        """Add a disk; hosts that are logged in have to look again."""
        unit = Unit(number)
        core = f'{_CONFIG}/core/fileio_0/unit{number}'
        file = f'/run/units/{number}'
        size = size_mib * 1024 * 1024
        self.server.run(
            [
                *('sh', '-c'),
                f"""
set -e
truncate -s {size} {file}
mkdir -p {core}
echo fd_dev_name={file},fd_dev_size={size} > {core}/control
echo 1 > {core}/enable
echo {unit.serial} > {core}/wwn/vpd_unit_serial
mkdir {_PORTAL_GROUP}/lun/lun_{number}
ln -s {core} {_PORTAL_GROUP}/lun/lun_{number}/unit
""",
            ]
        )
        return unit

    def remove_unit(self, unit: Unit) -> None:
        """Take a disk away; no host is to use it."""
        number = unit.number
        group = f'{_PORTAL_GROUP}/lun/lun_{number}'
        core = f'{_CONFIG}/core/fileio_0/unit{number}'
        self.server.run(
            [
                *('sh', '-c'),
                f'rm {group}/unit && rmdir {group} {core}'
                f' && rm /run/units/{number}',
            ]
        )

    def attach(self, host: Host, portals: Sequence[str] = ()) -> None:
        """Log a host in, through one portal or more, the first by default."""
        host.run(
            [
                *('sh', '-c'),
                f"""
set -e
modprobe -a iscsi_tcp sd_mod
echo InitiatorName=iqn.2026-11.example.lab:{host.name} \\
    > /etc/iscsi/initiatorname.iscsi
[ -e /run/iscsid.pid ] || iscsid --pid=/run/iscsid.pid
""",
            ]
        )
        for portal in portals or self.portals[:1]:
            node = ['--targetname', NAME, '--portal', f'{portal}:{_PORT}']
            admin = ['iscsiadm', '--mode=node', *node]
            host.run([*admin, '--op=new'])
            host.run([*admin, '--login'])
        host.run(['udevadm', 'settle'])

    def await_unit(self, host: Host, unit: Unit, portal: str = '') -> str:
        """Wait for the device of a unit; return its name by path."""
        path = unit.by_path(portal or self.portals[0])
        waiting.until(
            lambda: not host.run(['test', '-b', path], check=False).returncode,
            f'{path} on host {host.name}',
        )
        return path

    def detach(self, host: Host) -> None:
        """Log a host out everywhere and forget the target."""
        host.run(['iscsiadm', '--mode=node', '--logout'], check=False)
        host.run(['iscsiadm', '--mode=node', '--op=delete'], check=False)
