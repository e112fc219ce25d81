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

"""Show the main job: move a guest, copying exactly its local disks."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
import signal
import sys
import time

from lab.errors import LabError
from lab.guests import monitor_log
from lab.guests.lab_guest import Guest
from lab.hosts import privileges
from lab.hosts.lab_host import Host
from lab.lab_homes import own_home
from lab.laboratory import Lab
from lab.storage import storage_support
from lab.storage.cdrom_drives import Cdrom
from lab.storage.guest_disks import Disk
from lab.storage.local_disks import LocalFile
from lab.storage.shared_disks import SharedBlock
from lab.storage.shared_disks import SharedFile
from lab.storage.shared_disks import SharedNetwork
from lab.storage.volume_disks import LogicalVolume
from lab.storage.volume_groups import VolumeGroup

PROGRAM = Path(sys.executable).with_name('nova-selective-migrate')
_RECORDS = 100
_ARGUMENTS = ('--shared-path', '/dev/lab')
_COPIED = (LocalFile, LogicalVolume)
_GROUP = 'demo'
_VOLUME_MIB = 32
_POOL = f"""
<pool type='logical'>
  <name>{_GROUP}</name>
  <source><name>{_GROUP}</name></source>
  <target><path>/dev/{_GROUP}</path></target>
</pool>
"""


def main() -> int:
    """Run the demonstration; 0 where all of it was proven."""
    started = time.monotonic()
    # So that the hosts are taken down then as well.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(2))
    try:
        with Lab.open(home=own_home('demo')) as lab:
            failures = list(_demonstrate(lab))
        failures += _with_volumes()
    except LabError as err:
        print(f'demo: {err}', file=sys.stderr)
        return 2
    for failure in failures:
        print(f'NOT PROVEN: {failure}')
    if not failures:
        print(f'\nAll proven, in {time.monotonic() - started:.0f} s.')
    return 1 if failures else 0


def _demonstrate(lab: Lab) -> Iterator[str]:
    """Boot, migrate and check; yield what does not hold."""
    _say('Two hosts')
    for host in lab.hosts:
        print(
            f'{host.name}: libvirt {host.libvirt_version}, QEMU '
            f'{host.qemu_version}, {host.remote_uri}'
        )
    yield from _move(lab, Guest(lab, 'demo', _disks()), _ARGUMENTS)


def _with_volumes() -> list[str]:
    """Show logical volumes, where hosts can have kernels of their own."""
    _say('Two hosts with kernels of their own, each with a volume group')
    if not privileges.is_root():
        print('not shown here: only root has device mapper')
        return []
    try:
        with Lab.open(home=own_home('demo-kernels'), own_kernels=True) as lab:
            for host in lab.hosts:
                VolumeGroup.create(host, _GROUP).create_pool(size_mib=256)
                host.virsh('pool-create', '/dev/stdin', input=_POOL)
            disks = {
                'vda': LogicalVolume(group=_GROUP, size_mib=_VOLUME_MIB),
                'vdb': LogicalVolume(
                    group=_GROUP, size_mib=_VOLUME_MIB, thin_pool='pool'
                ),
            }
            return list(_move(lab, Guest(lab, 'volumes', disks), ()))
    except LabError as err:
        # What is shown above is proven all the same.
        print(f'not shown here: {err}')
        return []


def _move(lab: Lab, guest: Guest, options: Sequence[str]) -> Iterator[str]:
    """Boot a guest, migrate it and check; yield what does not hold."""
    _say('A guest writes numbered, fsynced records to every disk it has')
    guest.define_and_start(lab.a)
    guest.wait_for_records(lab.a, _RECORDS)
    before = guest.acknowledged()
    print(f'acknowledged on a: {_counts(before)}')

    migrate = [
        *('migrate', guest.name, lab.b.remote_uri),
        *('--migrate-uri', f'tcp://{lab.b.address}'),
        *('--listen-address', lab.b.address, *options),
    ]
    _say(f'a$ nova-selective-migrate {" ".join(migrate)}')
    marks = [monitor_log.mark(host) for host in lab.hosts]
    running = lab.a.popen([PROGRAM, *migrate])
    if running.wait():
        yield f'the command ended with {running.returncode}'
        return

    _say('The proof')
    copied = {t for t, d in guest.disks.items() if isinstance(d, _COPIED)}
    yield from _check(
        'QEMU on a mirrored',
        monitor_log.mirrored(lab.a, guest, marks[0]),
        copied,
    )
    yield from _check(
        'QEMU on b exported over NBD',
        monitor_log.exports(lab.b, guest, marks[1]),
        copied,
    )
    yield from _check(
        'the guest is',
        {f'{host.name}: {guest.state(host) or "-"}' for host in lab.hosts},
        {'a: -', 'b: running'},
    )
    after = {target: count + _RECORDS for target, count in before.items()}
    guest.wait_for_records(lab.b, after)
    yield from _records(guest, lab.b)


def _disks() -> Mapping[str, Disk]:
    """Choose every kind of disk that this user can have."""
    wanted: dict[str, Disk] = {
        'vda': LocalFile(format='qcow2'),
        'vdb': LocalFile(format='raw'),
        'vdc': SharedNetwork(),
        'vdd': SharedFile(),
        'vde': SharedBlock(),
        'sda': Cdrom(empty=True),
    }
    missing = storage_support.unavailable()
    for reason in sorted(set(missing.values())):
        print(f'not shown here: {reason}')
    return {t: disk for t, disk in wanted.items() if disk.needs not in missing}


def _records(guest: Guest, host: Host) -> Iterator[str]:
    """Stop the guest and look at what its disks hold."""
    guest.stop(host)
    for target, report in guest.verify(host).items():
        kind = type(guest.disks[target]).__name__
        print(
            f'{target} ({kind}): newest record {report.newest}, acknowledged '
            f'{report.acknowledged}, defects {len(report.defects)}'
        )
        yield from report.defects


def _check(what: str, found: set[str], wanted: set[str]) -> Iterator[str]:
    print(f'{what}: {", ".join(sorted(found)) or "nothing"}')
    if found != wanted:
        yield f'{what} {sorted(found)}, and not {sorted(wanted)}'


def _counts(numbers: Mapping[str, int]) -> str:
    return ', '.join(f'{target} {count}' for target, count in numbers.items())


def _say(title: str) -> None:
    print(f'\n== {title}', flush=True)


if __name__ == '__main__':
    sys.exit(main())
