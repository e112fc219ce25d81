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
"""The audit of a host as a table for people."""

import collections.abc

import prettytable

from nova_selective_migrate.cli import terminal

Tree = terminal.Tree
_HEADINGS = ('Guest', 'Can move', 'Why not', 'To copy', 'Memory', 'Time')
_RIGHT = ('To copy', 'Memory', 'Time')


def lines(tree: Tree) -> collections.abc.Iterator[str]:
    """Write an audit, or the parts of it that are there."""
    if 'host' in tree:
        there = tree.get('destination')
        to = f' to {there}' if there else ', with no destination asked'
        yield f'Guests of {tree["host"]}{to}'
    if tree.get('nova'):
        yield from _nova(tree['nova'])
    if 'guests' in tree:
        yield _table(tree['guests'])
        for guest in tree['guests']:
            yield from _details(guest)
    if 'totals' in tree:
        yield from _totals(tree['totals'])


def _nova(nova: Tree) -> collections.abc.Iterator[str]:
    mode = nova['mode']
    yield (
        f'As nova has them on {nova["host"]}; [selective_migrate] '
        + (
            "is not enabled: nova's own driver decides"
            if mode == 'disabled'
            else f'has mode {mode}'
        )
    )
    if missing := nova['not_running']:
        named = ', '.join(one['name'] or one['uuid'] for one in missing)
        yield f'Not running, and no part of this: {named}'


def _table(guests: collections.abc.Iterable[Tree]) -> str:
    table = prettytable.PrettyTable([*_HEADINGS])
    table.align = 'l'
    for heading in _RIGHT:
        table.align[heading] = 'r'
    for guest in guests:
        table.add_row(
            [
                guest['name'],
                can_move(guest),
                ', '.join(codes(guest)) or '-',
                size(guest['copy_bytes'] if guest['movable'] else None),
                size(guest['memory_bytes']),
                duration(guest['seconds']),
            ]
        )
    return str(table.get_string())


def can_move(guest: Tree) -> str:
    """Return yes, NO, or that nova's API refuses what could move."""
    if not guest['movable']:
        return 'NO'
    server = guest.get('nova')
    return 'not now' if server and server['refuses'] else 'yes'


def codes(guest: Tree) -> list[str]:
    """Return why a guest cannot move: reason codes, each once."""
    if guest['problem']:
        return ['not-planned']
    return [*dict.fromkeys(each['reason'] for each in guest['refusals'])]


def size(count: int | None) -> str:
    """Write a number of bytes, or a dash."""
    return '-' if count is None else terminal.human_size(count)


def duration(seconds: float | None) -> str:
    """Write seconds as h:mm:ss, or a dash."""
    if seconds is None:
        return '-'
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{rest:02}'


def _details(guest: Tree) -> collections.abc.Iterator[str]:
    if guest['problem']:
        yield f'{guest["name"]}: not planned: {guest["problem"]}'
    for refusal in guest['refusals']:
        yield f'{guest["name"]}: [{refusal["reason"]}] {refusal["message"]}'
    for duty in guest['duties']:
        yield f'{guest["name"]}: Duty: {duty["message"]}'
    for line in of_nova(guest):
        yield f'{guest["name"]}: {line}'


def of_nova(guest: Tree) -> list[str]:
    """Return what nova would do otherwise, a line each."""
    server = guest.get('nova')
    if not server:
        return []
    found = [f'Not now: {server["refuses"]}'] if server['refuses'] else []
    stock = server['stock']
    if stock and stock['differs']:
        found.append(f'Otherwise than planned, {stock["message"]}')
    return found


def _totals(totals: Tree) -> collections.abc.Iterator[str]:
    bytes_moved = totals['copy_bytes'] + totals['memory_bytes']
    line = (
        f'{totals["movable"]} of {totals["guests"]} guests can move: '
        f'{terminal.human_size(totals["copy_bytes"])} to copy and '
        f'{terminal.human_size(totals["memory_bytes"])} of memory'
    )
    if totals['seconds'] is not None and bytes_moved:
        line += f', {duration(totals["seconds"])} one after the other'
    yield f'{line}.'
    if count := totals.get('stock_differs'):
        yield (
            f"nova's own driver would choose otherwise for {count} "
            f'{"guest" if count == 1 else "guests"}.'
        )
    for code, count in totals['reasons'].items():
        yield f'{code}: {count} {"guest" if count == 1 else "guests"}'
