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

Migrations are broken on purpose, on two real hosts with real guests: in every
phase something is killed, told to end, cut or filled, and afterwards both
hosts are examined without asking this program. A guest writes numbered records
to each of its disks all the while, and prints on its console which are
durable. After each fault these must hold:

- at most one host runs the guest;
- its disks hold every record that it has acknowledged;
- QEMU was never told to copy, or to export, a disk that is shared;
- the reported outcome is what both hosts show;
- what is left at a host is named in the outcome, or by ``cleanup``.

An outcome that is not reported within 400 seconds (500 of nova) counts as
wrong.

"Finish unanswered" is the moment when the destination has been told to run the
guest and has not said yet that it does. When that reply is lost, libvirt runs
the guest on the source again, and so on both hosts. This program suspends the
destination's as soon as its libvirt answers, says which of the two to destroy
after a look, and calls the outcome *unknown*. A shared disk can be damaged in
that time, which is counted below; on local disks each guest has what it
acknowledged itself.

In "post-copy" the guest runs at the destination while memory is still missing
there. What breaks then leaves a part of it on either host, or loses one. The
disks at the destination are the newest and whole: look at both hosts, then
start the guest anew from them.

.. include:: reliability-findings.inc

``make faults`` runs it, ``SEED`` and ``RUNS`` choose how, and ``faults.json``
has every trial with its seed. A short campaign is part of ``make test``.

.. note::

   "Wire cut for good" and others can end as *unknown*: nobody can tell from
   one host what the other does then. Before the guest is started anywhere,
   look at both: ``virsh domstate`` on each, and, where one cannot be reached,
   at its console or its power switch. Start it only where it is certain that
   the other one does not run it and cannot come back running it. ``migrate
   --resume-report`` tells more once both answer; "unknown, then not-moved"
   below is that. A guest that is found running on both is suspended at the
   destination (:doc:`/admin/crashes`).

"""
_COUNTS = (
    ('runs', 'Migrations'),
    ('broken_off', 'Others, that the laboratory broke off'),
    ('faults', 'Faults inflicted'),
    ('lost_records', 'Acknowledged records lost'),
    ('shared_written', 'Shared disks copied or exported'),
    ('on_both', 'Guests that libvirt ran on both hosts for a while'),
    ('double_runs', 'Guests left running on both hosts'),
    ('untrue_outcomes', 'Outcomes that were not so'),
    ('unlisted_leftovers', 'Leftovers that nobody named'),
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
    counts.append(('Longest that a guest ran on both', f'{longest:g} s'))
    parts = [_HEAD, _table(('What', 'How often'), counts)]
    parts.append(_by(rows, 'driver'))
    parts.append(_matrix(rows))
    return '\n'.join(parts) + '\n'


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
    return f'\n{words}\n{"-" * len(words)}\n\n'


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
