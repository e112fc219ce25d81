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

from benchmarks import case
from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import plain_copy
from benchmarks import trip
from benchmarks import wire_speed
from lab import lab_homes
from lab import laboratory
from lab.storage import shared_disks

_SIZE_MIB = 1024
# What a command costs in any case is to be little of it.
_DENSE_MIB = 2048
_SMALL_MIB = 64
_WRITTEN = content.Content(_SIZE_MIB, 8)
#: libvirt finds zeroes at the source, before the wire, since 10.9.
_NEWER = 'trixie'
#: A wire as hosts have it, where bytes are time.
_MBIT = 1000
_CASES = (
    case.Case('dense disk', content.Content(_DENSE_MIB), 1.0),
    case.Case('written zeroes, 8:1', _WRITTEN, 0.6),
    case.Case('holes, 8:1', content.Content(_SIZE_MIB, 8, written=False)),
    case.Case('small dense disk', content.Content(_SMALL_MIB), 1.1),
)


def figures(runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Move one local disk, beside one that is shared."""
    with laboratory.Lab.open({}, lab_homes.own_home('bench')) as lab:
        for one in _CASES:
            found = yield from one.figures(lab, runs)
            if one is _CASES[0]:
                yield _resident(found['ours'])
                yield from _without_list(lab, found['ours'])
        yield from _without_zeroes(lab, runs)
    with laboratory.Lab.open(
        {'a': _NEWER, 'b': _NEWER}, lab_homes.own_home('bench')
    ) as lab:
        name = f'written zeroes, 8:1, libvirt {lab.a.libvirt_version}'
        # Nothing limits this wire: a small disk would be fixed cost.
        held = content.Content(2 * _SIZE_MIB, 8)
        yield from case.Case(name, held, 0.6).figures(lab, runs)
        with wire_speed.limited(lab, _MBIT):
            yield from case.Case(f'{name}, {_MBIT} Mbit/s', held, 0.6).figures(
                lab, runs
            )


def _resident(ours: trip.Trips) -> figure.Figure:
    return figure.Figure(
        'memory, migrate: most at once',
        max(ours.all('resident_bytes')) / content.MIB,
        'MiB',
        80,
        len(ours.trips),
    )


def _without_zeroes(
    lab: laboratory.Lab, runs: int
) -> collections.abc.Iterator[figure.Figure]:
    """Have qemu-storage-daemon find the zeroes that libvirt does not."""
    setting = case.setting(_WRITTEN)
    by = contender.OursWithoutZeroes()
    trips = [setting.go(lab, by) for _ in range(runs)]
    floor = [plain_copy.measure(lab, one.needed) for one in trips]
    yield figure.ratio(
        f'bytes, written zeroes, 8:1: {by.name} / plain copy',
        [float(one.wire_bytes) for one in trips],
        [float(count) for _, count in floor],
        1.1,
    )


def _without_list(
    lab: laboratory.Lab, ours: trip.Trips
) -> collections.abc.Iterator[figure.Figure]:
    """Let virsh copy all, which takes the shared device as well.

    A network disk would not do: libvirt 9.0 refuses to copy one.
    """
    disks = dict(case.setting(_CASES[0].held).disks)
    disks['vdb'] = shared_disks.SharedBlock(size_mib=case.SHARED_MIB)
    found = trip.Setting(disks).go(lab, contender.VirshAll())
    for group, field in (('bytes', 'wire_bytes'), ('time', 'seconds')):
        yield figure.ratio(
            f'{group}, dense disk: virsh without a list / ours',
            [float(getattr(found, field))],
            ours.all(field),
        )
