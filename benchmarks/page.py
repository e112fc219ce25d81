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

"""Write what the benchmarks have shown as a page of the documentation."""

import collections.abc
import pathlib

from benchmarks import figure
from benchmarks import table

_HEAD = """\
.. Written by "python -m benchmarks --render": change it there.

===========
Performance
===========

What copying costs, beside ``virsh migrate`` and beside a plain copy of the
same bytes. ``make bench`` measures it in a quarter of an hour. Figures that
have a target are ratios of medians from one run on one machine, or bounds.
Seconds are there for scale: they depend on the machine.

"""
_SUMMARY = """\
Summary
=======

Each row is a question of a section below. "Measured" is the lowest and the
highest figure that has a target.

"""
_MISSED = """\
These targets are missed:

"""
_METHOD = """\
What is compared
================

ours
    ``nova-selective-migrate migrate``, from the start of its process to its
    end. It finds out which disks are local, makes the images, copies, and
    looks at both hosts afterwards.

virsh with the list
    ``virsh migrate --copy-storage-inc --migrate-disks`` with the right list,
    written by hand. ``qemu-img create`` of each image is timed as well, but
    not how one gets to the other host for it. The copy is incremental, so
    that libvirt changes nothing of the images that were made.

virsh without a list
    ``--copy-storage-all``, which copies the shared disk too. The shared disk
    is a block device here, since libvirt 9.0 fails with a network disk.

plain copy
    The floor. As many bytes as are not zero in the disks and in the guest's
    memory are read from a file, sent once through a TCP connection between
    the same hosts, and written to a file.

The laboratory is two hosts on one machine, each with its own libvirt, file
system and network. A virtual wire joins them (veth); its counters tell the
bytes, in both directions and with all headers. Guests run without KVM, so
everything that a processor does takes longer than elsewhere, for all alike.
Nothing limits the wire unless Mbit/s are named. Each guest is started anew
for each migration, and contenders take turns. A disk has one MiB of random
data in so many; between them are zeroes that were written, or holes.

"""
_GROUPS = {
    'bytes': """\
Bytes over the wire. A guest that writes sends some of its data twice, with
any tool, so that row has no target. From libvirt 10.9 on the source leaves
out zeroes that were written. Before 10.9 these zeroes travel, and the
destination makes holes of them. The plain copy checks the counters: its
payload is known, and the rest are headers.
""",
    'time': """\
Wall time. The small disk shows what a command costs in any case: Python's
start and the looks at both hosts. A dense disk that is kept thin takes a
little longer, since its image has no room of its own yet when the data comes.
""",
    'allocated': """\
The room that each copy takes at the destination, divided by what is not zero
in the disk: 64 MiB of 512, the rest written zeroes. The destination stays
thin only if zeroes are found on the way.
""",
    'trimmed': """\
A guest with an ext4 file system and Debian's guest agent has 64 MiB of files,
and has deleted 192 MiB. The figure is the bytes of its disk over the wire,
divided by what is not deleted. What QEMU sent of memory is left out.
""",
    'downtime': """\
How long the guest is silent. It prints a line for each durable record, at
most a thousand a second. Measured is the time from its last line on one host
to its first on the other. That is longer than QEMU's own downtime, which ends
before the guest's first write is through.
""",
    'bandwidth': """\
The rate on the wire divided by the ``--bandwidth`` that was asked for, memory
and disks together, between a tenth and nine tenths of all bytes. virsh passes
the limit to libvirt, which applies it to each disk.
""",
    'planning': """\
Deciding alone, in a process that runs already. Half of the disks are volumes.
""",
    'audit': """\
``host audit -f json`` of a host with many running guests, on libvirt's test
driver: processor time of the process, user and system, and the most memory
that it had. The audit in nova-compute takes the same for each guest.
""",
    'start': """\
Processor time of a whole process, installed for development. An empty Python
of the same environment takes turns with the others.
""",
    'process': """\
The command as a process. It decides on recorded cases of four disks.
""",
    'memory': """\
The most memory that the process had at once.
""",
    'nova': """\
nova's own ``ComputeManager`` on both hosts, once with our driver and once with
nova's: the time from the manager's call of ``driver.live_migration`` to the
driver's call of ``migrateToURI3``. Three disks are local, five are volumes.
"Whole" is the time from the request until ``ComputeManager`` is done.
""",
    'phase': """\
Where the time of one migration goes, with a dense disk. All but libvirt's
call is what this project adds.
""",
}
_QUESTIONS = {
    'bytes': 'Bytes on the wire, against a plain copy',
    'time': 'Time, against virsh with the right list',
    'allocated': 'Room at the destination, against the data',
    'trimmed': 'Bytes of deleted files, with ``--trim``',
    'downtime': "The guest's pause, against virsh",
    'bandwidth': 'Rate, against ``--bandwidth``',
    'planning': 'A plan, in a process that runs',
    'start': 'Start of a process',
    'process': 'A command as a process',
    'memory': 'Memory of the command',
    'nova': 'Time that the driver adds in nova',
}
_TITLES = {'phase': 'Profile', 'memory': 'Memory', 'nova': 'nova'}
_PICTURES = {
    'bytes': ('bytes on the wire / plain copy', ' / plain copy'),
    'time': ('seconds', ''),
}


def write(figures: list[figure.Figure], path: pathlib.Path) -> None:
    """Write the page, and the pictures beside it."""
    from benchmarks import picture

    path.write_text(text(figures))
    for group, (axis, ending) in _PICTURES.items():
        found = bars(figures, group, ending)
        if found:
            picture.write(found, axis, path.with_name(_picture(group)))


def text(figures: collections.abc.Sequence[figure.Figure]) -> str:
    """Return the page."""
    parts = [_HEAD, _summary(figures), _METHOD]
    for group, words in _GROUPS.items():
        mine = [one for one in figures if one.group.split()[0] == group]
        if not mine:
            continue
        title = _TITLES.get(group, group.capitalize())
        parts.append(f'{title}\n{"=" * len(title)}\n\n{words}\n')
        if group in _PICTURES:
            parts.append(f'.. image:: {_picture(group)}\n   :alt: {title}\n\n')
        parts.append(f'{table.text(mine)}\n')
    return ''.join(parts).rstrip('\n') + '\n'


def _summary(figures: collections.abc.Sequence[figure.Figure]) -> str:
    """Write what was asked, what was seen, and each target missed."""
    lines = [
        '.. list-table::',
        '   :header-rows: 1',
        '   :widths: 50 30 20',
        '',
        *('   * - Question', '     - Measured', '     - Targets met'),
    ]
    judged = [one for one in figures if one.met is not None]
    for group, question in _QUESTIONS.items():
        mine = [one for one in judged if one.group.split()[0] == group]
        if not mine:
            continue
        met = sum(one.met is True for one in mine)
        lines += [
            f'   * - {question}',
            f'     - {_range(mine)}',
            f'     - {met} of {len(mine)}',
        ]
    missed = [one for one in judged if one.met is False]
    written = _SUMMARY + '\n'.join(lines) + '\n\n'
    if missed:
        written += _MISSED + table.text(missed, whole_names=True) + '\n'
    return written


def _range(figures: collections.abc.Sequence[figure.Figure]) -> str:
    # A ratio among seconds says nothing beside them.
    figures = [one for one in figures if one.unit != 'ratio'] or figures
    low, high = (
        choose(figures, key=lambda one: one.value) for choose in (min, max)
    )
    first, last = (table.number(one.value, one.unit) for one in (low, high))
    return first if first == last else f'{first} to {last}'


def bars(
    figures: collections.abc.Iterable[figure.Figure], group: str, ending: str
) -> dict[str, dict[str, float]]:
    """Return case -> who -> value, of figures whose names end so."""
    found: dict[str, dict[str, float]] = {}
    for one in figures:
        head, _, what = one.name.partition(': ')
        who = what.removesuffix(ending)
        if one.group != group or ' / ' in who or not what.endswith(ending):
            continue
        found.setdefault(head.partition(', ')[2], {})[who] = one.value
    return found


def _picture(group: str) -> str:
    return f'performance-{group}.svg'
