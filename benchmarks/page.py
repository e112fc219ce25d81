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

This page shows what a migration costs, compared with ``virsh migrate`` and
with a plain copy of the same bytes. ``make bench`` measures it in a quarter of
an hour. A figure that has a target is a ratio of medians from one run on one
machine, or an upper bound. Times in seconds depend on the machine, and are
there only to show the scale.

"""
_SUMMARY = """\
Summary
=======

Each row stands for a section below. "Measured" is the range of that section's
figures that have a target.

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
    written by hand. The time includes ``qemu-img create`` of each image, but
    not the login to the other host. The copy is incremental, so that libvirt
    does not change the new images.

virsh without a list
    ``--copy-storage-all``, which copies the shared disk too. The shared disk
    is a block device here, since libvirt 9.0 fails with a network disk.

plain copy
    The lower limit. The non-zero bytes of the disks and of the guest's memory
    are read from a file, sent once through a TCP connection between the same
    hosts, and written to a file.

The tests use two hosts on one machine, each with its own libvirt, file system
and network. A virtual network cable (veth, the *wire*) connects them. Its
counters count all bytes, in both directions and with all headers. Guests run
without KVM, so all processor work takes longer than usual, for every
contender. The speed of the wire is not limited, unless a row names Mbit/s. For
each migration a new guest is started, and the contenders take turns. "8:1"
means that one MiB in eight is random data; the rest is zeroes that were
written, or holes.

"""
_GROUPS = {
    'bytes': """\
Bytes on the wire. If the guest writes during the copy, some of its data is
sent twice with any tool, so that row has no target. From libvirt 10.9 on the
source does not send zeroes that were written. Before 10.9 these zeroes are
sent, and the destination makes holes of them. The plain copy checks the
counters: its payload is known, and the rest are headers.
""",
    'time': """\
Wall time. The small disk shows the fixed cost of a command: the start of
Python, about half of which is the interpreter and the modules of libvirt and
lxml, and the checks of both hosts ("Profile" below has each step). A dense
disk that is kept thin takes a little longer, since the space for its image is
allocated during the copy.
""",
    'allocated': """\
The space that each copy takes at the destination, divided by the non-zero
bytes of the disk. The disk has 512 MiB: 64 MiB of data, the rest written
zeroes. The destination stays thin only if the zeroes are found during the
copy.
""",
    'trimmed': """\
A guest with an ext4 file system and Debian's guest agent has 64 MiB of files,
and has deleted 192 MiB. The figure is the bytes of its disk on the wire,
divided by the bytes of the files that are not deleted. Memory is not counted.
""",
    'downtime': """\
How long the guest is silent. The guest prints a line for each durable record,
at most a thousand a second. The figure is the time from its last line on one
host to its first line on the other. That is longer than QEMU's own downtime,
which ends before the guest's first write is complete.
""",
    'bandwidth': """\
The rate on the wire, of memory and disks together, divided by the value of
``--bandwidth``. The first and the last tenth of all bytes are not counted.
virsh passes the limit to libvirt, which applies it to each disk.
""",
    'planning': """\
The time to make a plan from a case, without the start of a process. Half of
the disks are volumes.
""",
    'audit': """\
``host audit -f json`` of a host with many running guests, with libvirt's test
driver: processor time of the process (user and system) and its peak memory.
The audit in nova-compute needs the same time for each guest.
""",
    'start': """\
Processor time of a whole process, from an editable installation. An empty
Python process of the same environment is measured in turn with the others.
""",
    'process': """\
Wall time of the command as a process. It makes plans from recorded cases with
four disks.
""",
    'memory': """\
The peak memory of the process.
""",
    'nova': """\
nova's own ``ComputeManager`` runs on both hosts, once with our driver and once
with nova's. "Until the call" is the time from the manager's call of
``driver.live_migration`` to the driver's call of ``migrateToURI3``. "Whole" is
the time from the request until ``ComputeManager`` is done. Three disks are
local, five are volumes.
""",
    'phase': """\
How long each step of one migration takes, with a dense disk. This project adds
all steps but libvirt's call.
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
