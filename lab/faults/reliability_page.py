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

"""Write what campaigns have shown as a page of the documentation."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from lab.faults.migration_phases import Phase

_HEAD = """\
.. Written by "python -m lab.faults --render": change it there.

===========
Reliability
===========

This page shows what happens when migrations are broken on purpose, on two real
hosts with real guests. In every phase of a migration a program is killed or
told to end, the network (the *wire*) is cut, or a disk is filled. Then a
separate test program examines both hosts. ``make faults`` runs such a
campaign; a short one is part of ``make test``.

Summary
=======

"""
_MIDDLE = """
All counts after the first three should be 0. The next section says what went
wrong, and what has been fixed since.

What went wrong
===============

.. include:: reliability-findings.inc

What has to hold
================

A guest writes numbered records to each of its disks, and prints on its
console which of them are durable. After each fault:

- at most one host runs the guest;
- its disks hold every record that it has acknowledged;
- QEMU was never told to copy, or to export, a shared disk;
- the reported outcome is what both hosts show;
- files that are left on a host are listed in the outcome, or by ``cleanup``.

An outcome that is not reported within 400 seconds (500 with nova) counts as
wrong.

Two phases need an explanation:

Finish unanswered
    The destination has been told to run the guest, and its answer has not
    arrived yet. If the answer is lost, libvirt resumes the guest on the
    source, so both hosts run it. This program suspends the destination's guest
    as soon as the destination's libvirt answers, and reports the outcome
    *unknown*. Until then a shared disk can be damaged. On local disks each
    guest keeps its own records.

post-copy
    The guest runs at the destination while a part of its memory is still on
    the source. After a fault each host has a part of the memory, or one part
    is lost. The disks at the destination are complete and the newest. Look at
    both hosts, then start the guest from these disks.

.. note::

   Some faults, such as "wire cut for good", can end as *unknown*: one host
   cannot find out what the other host does. Before you start the guest
   anywhere, look at both hosts: use ``virsh domstate``, or the console or the
   power switch of a host that does not answer. Start the guest only if the
   other host does not run it and cannot come back running it. Once both hosts
   answer, ``migrate --resume-report`` may find out more. In the tables
   "unknown, then not-moved" means that the first report was *unknown*, and
   ``--resume-report`` later said *not-moved*. If both hosts run the guest, the
   destination's guest is suspended (:doc:`/admin/crashes`).

"""
_COUNTS = (
    ('runs', 'Migrations'),
    ('broken_off', 'Broken off by the laboratory, not counted'),
    ('faults', 'Faults inflicted'),
    ('lost_records', 'Acknowledged records lost'),
    ('shared_written', 'Shared disks copied or exported'),
    ('on_both', 'Guests that ran on both hosts for a while'),
    ('double_runs', 'Guests that stayed running on both hosts'),
    ('untrue_outcomes', 'Wrong outcome reports'),
    ('unlisted_leftovers', 'Leftovers that no report named'),
)


def text(trees: Iterable[Mapping[str, Any]]) -> str:
    """Return the page for campaigns, as faults.json has them."""
    trees = list(trees)
    rows = [
        row
        for tree in trees
        for row in tree['rows']
        if not row.get('broken_off')
    ]
    counts = [
        # Those of before a count was there have none of it.
        (words, str(sum(tree.get(name, 0) for tree in trees)))
        for name, words in _COUNTS
    ]
    longest = max((row.get('on_both', 0.0) for row in rows), default=0.0)
    counts.append(('Longest time that a guest ran on both', f'{longest:g} s'))
    return page(
        _table(('What', 'How often'), counts),
        _by(rows, 'driver') + '\n' + _matrix(rows),
    )


def page(counts: str, tables: str) -> str:
    """Put the page together: the summary first, long tables last."""
    return f'{_HEAD}{counts}{_MIDDLE}{tables}\n'


def _by(rows: list[dict[str, Any]], name: str) -> str:
    found = sorted({row[name] for row in rows})
    body = []
    for each in found:
        mine = [row for row in rows if row[name] == each]
        outcomes = Counter(row['outcome'] for row in mine)
        body.append((each, str(len(mine)), _words(outcomes)))
    return _title('By who migrates') + _table(
        ('Who', 'Runs', 'Outcomes'), body
    )


def _matrix(rows: list[dict[str, Any]]) -> str:
    order = {phase.words: number for number, phase in enumerate(Phase)}
    keys = sorted(
        {(row['fault'], row['phase']) for row in rows},
        key=lambda key: (key[0], order.get(key[1], -1)),
    )
    body = []
    for fault, phase in keys:
        mine = [
            row
            for row in rows
            if (row['fault'], row['phase']) == (fault, phase)
        ]
        outcomes = Counter(map(_outcome, mine))
        inflicted = sum(row['inflicted'] for row in mine)
        lost = sum(row['lost_records'] for row in mine)
        body.append(
            (fault, phase or '-', str(inflicted), _words(outcomes), str(lost))
        )
    head = ('Fault', 'Phase', 'Inflicted', 'Outcomes', 'Lost')
    return _title('By fault and phase') + _table(head, body)


def _title(words: str) -> str:
    return f'\n{words}\n{"=" * len(words)}\n\n'


def _outcome(row: Mapping[str, Any]) -> str:
    afterwards = row.get('afterwards')
    return (
        f'{row["outcome"]}, then {afterwards}'
        if afterwards
        else str(row['outcome'])
    )


def _words(outcomes: Mapping[str, int]) -> str:
    return '; '.join(f'{n} {word}' for word, n in sorted(outcomes.items()))


def _table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for cells in (head, *body):
        for number, cell in enumerate(cells):
            lines.append(f'   {"*" if not number else " "} - {cell}')
    return '\n'.join(lines) + '\n'
