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

"""Count what real migrations lose of a guest's writes as a mirror starts.

A guest writes to clusters that its image does not have yet, one record in
each, while the image is looked through for what is to be copied. The image
has a table every 2 MiB, none of them in memory, so that this takes its time.

    python -m lab.faults.mirror_start --release trixie-10.0.2 --times 10

The release is a tree of the laboratory's cache, such as one of trixie with
the QEMU of its security archive unpacked over it. ``stock`` is ``virsh
migrate --copy-storage-inc``; ``plan`` is our command, which plans another
copy for such a QEMU, and ``accepted`` is our command where that is off.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import re
import time

from lab.faults import lost_writes
from lab.faults.command_line import CommandLine
from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.guests import written_records
from lab.hosts.lab_host import Host
from lab.laboratory import Lab
from lab.storage.disk_places import Place
from lab.storage.guest_disks import MIB
from lab.storage.local_disks import LocalFile

_WAYS = ('stock', 'plan', 'accepted')
_WORKLOAD = written_records.Workload(
    slots=65536, stride=17, interval_us=0, cold_mib=1
)
_LOST = re.compile(r'record \d+ is missing')


@dataclass(frozen=True, kw_only=True)
class ScatteredFile(LocalFile):
    """An image with a table for each 2 MiB, and next to no data."""

    size_mib: int = lost_writes.SIZE // MIB

    def create(self, place: Place, host: Host) -> None:
        """Make it, or take a copy of one that was made."""
        model = f'{place.lab.home.run}/scattered.qcow2'
        if not os.path.exists(model):
            # The format is the same for every release of QEMU.
            programs = lost_writes.Programs()
            lost_writes.scattered(programs, Path(model), self.format)
        host.run(['cp', '--sparse=always', model, place.local(self.format)])


@dataclass(frozen=True)
class Trial:
    """What one migration has lost."""

    way: str
    sync: str
    acknowledged: int
    lost: int
    seconds: float
    said: str = ''


def trial(lab: Lab, way: str, number: int) -> Trial:
    """Migrate one guest and count the records that are gone."""
    lab.reset()
    guest = lab_guest.Guest(
        lab,
        f'start{number}',
        {'vda': ScatteredFile()},
        workload=_WORKLOAD,
    )
    guest.define_and_start(lab.a)
    guest.wait_for_records(lab.a, 20)
    since = monitor_log.mark(lab.a)
    began = time.monotonic()
    said = _migrate(lab, guest, way)
    seconds = time.monotonic() - began
    found = monitor_log.mirrors(lab.a, guest, since)
    sync = ','.join(mirror.sync for mirror in found)
    if guest.state(lab.b) != 'running':
        guest.stop(lab.a)
        return Trial(way, sync, 0, 0, seconds, said or 'not moved')
    # It goes on there; what it wrote before is what counts.
    guest.stop(lab.b)
    content = guest.content('vda', lab.b)
    os.truncate(content, _WORKLOAD.cold_at + _WORKLOAD.cold_mib * MIB)
    acknowledged = guest.acknowledged()['vda']
    report = written_records.verify(content, 'vda', acknowledged, _WORKLOAD)
    content.unlink()
    lost = sum(bool(_LOST.search(defect)) for defect in report.defects)
    return Trial(way, sync, acknowledged, lost, seconds)


def _migrate(lab: Lab, guest: lab_guest.Guest, way: str) -> str:
    if way == 'stock':
        LocalFile(size_mib=4096).prepare_destination(guest.place('vda'), lab.b)
        done = lab.a.virsh(
            *('migrate', '--live', '--p2p', guest.name, lab.b.remote_uri),
            *('--copy-storage-inc', '--migrate-disks', 'vda'),
            *('--migrateuri', f'tcp://{lab.b.address}'),
            check=False,
            timeout=300,
        )
        return done.stderr.strip()
    accept = (
        ('--accept-known-bad', 'qemu-mirror-start-detect-zeroes')
        if way == 'accepted'
        else ()
    )
    command = CommandLine(lab.a, lab.b, guest.name, accept)
    command.start()
    said = command.end()
    return '' if said.code == 0 else said.text


def main() -> None:
    """Run trials and print a line for each."""
    for done in _trials(_arguments()):
        print(
            f'{done.way:8} sync={done.sync:5} acknowledged '
            f'{done.acknowledged:6} lost {done.lost:5} '
            f'{done.seconds:6.1f} s {done.said}',
            flush=True,
        )


def _trials(arguments: argparse.Namespace) -> Iterator[Trial]:
    hosts = dict.fromkeys('ab', arguments.release)
    with Lab.open(hosts if arguments.release else {}) as lab:
        print(f'QEMU {lab.a.qemu_version}, libvirt {lab.a.libvirt_version}')
        for number in range(arguments.times):
            for way in arguments.way or _WAYS:
                yield trial(lab, way, number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='python -m lab.faults.mirror_start', description=__doc__
    )
    parser.add_argument('--release', help='Debian release of both hosts')
    parser.add_argument('--times', type=int, default=5)
    parser.add_argument('--way', action='append', choices=_WAYS)
    return parser.parse_args()


if __name__ == '__main__':
    main()
