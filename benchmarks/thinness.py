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

"""What the copies take at the destination, on each release."""

import collections.abc

from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import filled_disk
from benchmarks import trip
from lab import lab_homes
from lab import laboratory
from lab.storage import local_disks
from lab.storage import storage_support

_RELEASES = (None, 'trixie', 'sid')
#: 64 MiB of data, and zeroes that were written.
_HELD = content.Content(size_mib=512, one_in=8)
_COMMON = {'size_mib': _HELD.size_mib, 'content': _HELD}
_TARGET = 1.02


def figures(_runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Move one disk of each kind; what they take does not vary."""
    for release in _RELEASES:
        wanted = {'a': release, 'b': release} if release else {}
        with laboratory.Lab.open(wanted, lab_homes.own_home('bench')) as lab:
            yield from _on(lab)


def _on(lab: laboratory.Lab) -> collections.abc.Iterator[figure.Figure]:
    where = f'libvirt {lab.a.libvirt_version}, QEMU {lab.a.qemu_version}'
    kinds = _kinds()
    setting = trip.Setting({t: disk for t, (_, disk) in kinds.items()})
    for one in (contender.Ours(), contender.VirshWithList()):
        target = _TARGET if one.name == 'ours' else None
        allocated = setting.go(lab, one).allocated
        for name, (kind, _) in kinds.items():
            yield figure.Figure(
                f'allocated, {kind}, {where}: {one.name} / not zero',
                allocated[name] / _HELD.data_bytes,
                'ratio',
                target,
                1,
            )


def _kinds() -> dict[str, tuple[str, filled_disk.Filled]]:
    """Return target -> words and disk."""
    file = filled_disk.FilledFile
    kinds: dict[str, tuple[str, filled_disk.Filled]] = {
        'vda': ('raw', file(format='raw', **_COMMON)),
        'vdb': ('qcow2', file(format='qcow2', **_COMMON)),
        'vdc': (
            'qcow2 over a base',
            file(format='qcow2', base=local_disks.Base.BOTH, **_COMMON),
        ),
    }
    if 'local-block' not in storage_support.unavailable():
        device = filled_disk.FilledBlock(**_COMMON)
        kinds['vdd'] = ('block device', device)
    return kinds
