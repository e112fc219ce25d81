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

"""Bytes and time of a copy, against virsh and against a plain copy."""

import collections.abc
import statistics

from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import filled_disk
from benchmarks import plain_copy
from benchmarks import trip
from lab import lab as lab_
from lab import shared_disk

_SIZE_MIB = 1024
# What a command costs in any case is to be little of it.
_DENSE_MIB = 2048
_SHARED_MIB = 256
_SMALL_MIB = 64
#: Case -> what is on the disk, and the targets of time and bytes.
_CASES: dict[str, tuple[content.Content, float | None, float | None]] = {
    'dense disk': (content.Content(_DENSE_MIB), 1.0, 1.1),
    'written zeroes, 8:1': (content.Content(_SIZE_MIB, 8), 0.6, 1.1),
    'holes, 8:1': (content.Content(_SIZE_MIB, 8, written=False), None, 1.1),
    'small dense disk': (content.Content(_SMALL_MIB), 1.05, None),
}


def figures(runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Move one local disk, beside one that is shared."""
    with lab_.Lab.open({}) as lab:
        for case, (held, time_target, bytes_target) in _CASES.items():
            setting = _setting(held)
            found = trip.in_turns(
                lab,
                setting,
                (contender.Ours(), contender.VirshWithList()),
                runs,
            )
            yield from _measured(
                lab, case, found, time_target, bytes_target, runs
            )
            if case == 'dense disk':
                yield _resident(found['ours'])
                yield from _without_list(lab, found['ours'])


def _measured(
    lab: lab_.Lab,
    case: str,
    found: dict[str, trip.Trips],
    time_target: float | None,
    bytes_target: float | None,
    runs: int,
) -> collections.abc.Iterator[figure.Figure]:
    ours, virsh = found['ours'], found['virsh with the list']
    needed = int(ours.median('needed'))
    floor = [plain_copy.measure(lab, needed) for _ in range(runs)]
    seconds = [took for took, _ in floor]
    counts = [float(count) for _, count in floor]
    for name, trips in found.items():
        yield figure.ratio(
            f'bytes, {case}: {name} / plain copy',
            trips.all('wire_bytes'),
            counts,
            bytes_target if trips is ours else None,
        )
    yield figure.ratio(
        f'time, {case}: ours / virsh with the list',
        ours.all('seconds'),
        virsh.all('seconds'),
        time_target,
    )
    for name, trips in found.items():
        yield figure.Figure(
            f'time, {case}: {name}', trips.median('seconds'), 's', None, runs
        )
    yield figure.Figure(
        f'time, {case}: plain copy',
        statistics.median(seconds),
        's',
        None,
        runs,
    )


def _resident(ours: trip.Trips) -> figure.Figure:
    return figure.Figure(
        'memory, migrate: most at once',
        max(ours.all('resident_bytes')) / content.MIB,
        'MiB',
        80,
        len(ours.trips),
    )


def _without_list(
    lab: lab_.Lab, ours: trip.Trips
) -> collections.abc.Iterator[figure.Figure]:
    """Let virsh copy all, which takes the shared device as well.

    A network disk would not do: libvirt 9.0 refuses to copy one.
    """
    disks = dict(_setting(_CASES['dense disk'][0]).disks)
    disks['vdb'] = shared_disk.SharedBlock(size_mib=_SHARED_MIB)
    found = trip.Setting(disks).go(lab, contender.VirshAll())
    for group, field in (('bytes', 'wire_bytes'), ('time', 'seconds')):
        yield figure.ratio(
            f'{group}, dense disk: virsh without a list / ours',
            [float(getattr(found, field))],
            ours.all(field),
        )


def _setting(held: content.Content) -> trip.Setting:
    return trip.Setting(
        {
            'vda': filled_disk.FilledFile(
                format='raw', size_mib=held.size_mib, content=held
            ),
            'vdb': shared_disk.SharedNetwork(size_mib=_SHARED_MIB),
        }
    )
