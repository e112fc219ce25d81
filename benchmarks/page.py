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

``make bench`` measures what follows, in about a quarter of an hour, and
writes ``benchmarks/results.json``; this page is made of that. Every target
that compares is a ratio of medians from one run on one machine; seconds are
there for scale, and depend on it.

What is compared
================

ours
    ``nova-selective-migrate migrate``, from the start of its process to the
    end. It finds out which disks are local, makes the images, copies, and
    looks at both hosts afterwards.

virsh with the list
    ``virsh migrate --copy-storage-inc --migrate-disks`` with the right list
    by hand, after ``qemu-img create`` of each image at the destination,
    which is timed as well; how one gets to the other host to do that is not.
    Incremental, since libvirt then changes nothing of what was made.

virsh without a list
    ``--copy-storage-all``, which takes the shared disk too: here a block
    device, since libvirt 9.0 fails with a network disk.

plain copy
    The floor: as many bytes as are not zero in the disks and in the guest's
    memory, read from a file, sent once through a TCP connection between the
    same hosts, and written to a file until they are durable.

The laboratory is two hosts on one machine, each with its own libvirt, file
system and network, joined by a wire of Linux' own (veth), whose counters tell
the bytes, both directions and all headers. Guests run without KVM, so
everything that a processor does takes longer than elsewhere, for all alike,
and nothing limits the wire but where Mbit/s are named. Each guest is started
anew for each migration and goes the same way; contenders take turns. A disk
has random data, one MiB in so many, and between them zeroes that were written,
or holes.

"""
_GROUPS = {
    'bytes': """\
Over the wire. A guest that writes sends some of it twice, whoever migrates
it, so that has no target. libvirt leaves zeroes that were written away at the
source since 10.9, where it is asked to; before, they travel, and it is the
destination that makes holes of them. The counters are checked with the plain
copy, whose payload is known; the rest are headers.
""",
    'time': """\
Wall time. A small disk shows what a command costs in any case. libvirt
waits until the guest that it has killed on the source is reaped, which the
laboratory does at once, as systemd does; where a sandbox took a second for it,
that was in all of these, and the small disk's ratio was 1.12.

To be kept thin a dense disk pays as well: its image has no room of its own
yet when the data comes. Ours / virsh with the list was 0.98, 1.11 and 1.00 on
three machines.
""",
    'allocated': """\
What each copy takes at the destination, divided by what is not zero in the
disk: 64 MiB in 512, the rest written zeroes. A thin destination stays thin
only if zeroes are found on the way.
""",
    'trimmed': """\
A guest with an ext4 and Debian's guest agent has written 64 MiB that stay and
192 MiB that it has deleted since. The bytes of its disk over the wire, all
headers and without what QEMU sent of memory, divided by what is not deleted.
""",
    'downtime': """\
A guest prints a line for each record that is durable, a thousand a second at
most. What counts is the time from its last line on the one host to its first
on the other, as the hosts' file systems tell it: longer than the downtime
that QEMU tells, which ends before the guest's first write is through.
""",
    'bandwidth': """\
The rate on the wire, memory and disks together, between a tenth and nine
tenths of all bytes, divided by the ``--bandwidth`` that was asked for.
libvirt, asked by virsh, applies it to each disk.
""",
    'planning': """\
Deciding alone, in a process that runs. Half of the disks are volumes.
""",
    'start': """\
Processor time, user and system, of a whole process as it is installed for
development; an empty Python of the same environment is started in turns with
the others.
""",
    'process': """\
The command as a process, which decides on recorded cases of four disks.
""",
    'memory': """\
The most that the process had in memory at once.
""",
    'nova': """\
nova's real ``ComputeManager`` and its driver on both hosts, with our driver
and with its own: the time from the manager's call of
``driver.live_migration`` to the driver's call of ``migrateToURI3``. Three
disks are local, five are volumes. "Whole" is the time from the request until
``ComputeManager`` is done.
""",
    'phase': """\
Where the time of one migration of ours goes, of a dense disk. All but
libvirt's call is what we add.
""",
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
    parts = [_HEAD]
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
