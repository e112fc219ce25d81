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

"""A plan as tables for people."""

import collections.abc

import prettytable

from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.model import reason_links

Tree = terminal.Tree


# A terminal is no place for a domain's XML; JSON has it.
_XML = {
    'destination_xml': '(of what runs, changed for the copy)',
    'persistent_xml': '(of the definition, with the chains of the copy)',
}


def lines(tree: Tree) -> collections.abc.Iterator[str]:
    """Write a plan, or the parts of it that are there."""
    if 'domain' in tree:
        domain = tree['domain']
        yield f'Domain {domain["name"]} ({domain["uuid"]})'
    if tree.get('summary'):
        yield summary_line(tree)
    if 'disks' in tree:
        yield disk_table(tree['disks'], tree.get('refusals', ()))
        for disk in tree['disks']:
            for sentence in disk['evidence']:
                yield f'  {disk["target"]}: {sentence}'
    for disk in tree.get('disks', ()):
        yield from _copy(disk)
    for image in tree.get('images', ()):
        backing = image.get('backing_path')
        over = f' over {backing}' if backing else ''
        yield (
            f'To make at the destination: {image["path"]}, {image["format"]} '
            f'of {terminal.human_size(image["virtual_bytes"])}{over}'
        )
    for medium in tree.get('media', ()):
        yield _medium(medium)
    for image in tree.get('removals', ()):
        size = terminal.human_size(image['virtual_bytes'])
        yield (
            f'To delete on the source afterwards: {image["path"]}, '
            f'{image["target"]}, of {size}'
        )
    for duty in tree.get('duties', ()):
        yield f'Duty: {duty["message"]}'
    for note in tree.get('notes', ()):
        yield f'Note: {note}'
    for refusal in tree.get('refusals', ()):
        where = '' if refusal['target'] else 'The migration: '
        yield f'Refused [{refusal["reason"]}]: {where}{refusal["message"]}'
    if 'ready' in tree:
        yield from _verdict(tree)


def summary_line(tree: Tree) -> str:
    """Write what moves, how long it takes and what the guest notices."""
    told = tree['summary']
    parts = []
    targets = tree.get('migrate_disks', [])
    if targets:
        size = terminal.human_size(told['disk_bytes'])
        parts.append(f'{", ".join(targets)} ({size})')
    memory = told.get('memory_bytes')
    parts.append(
        'memory of unknown size'
        if memory is None
        else f'{terminal.human_size(memory)} of memory'
    )
    if told.get('seconds') is None:
        time = 'how long it takes is not known without --bandwidth'
    else:
        lasts = terminal.human_time(told['seconds'])
        rate = f'{told.get("rate")} MiB/s'
        if told.get('rate') is None:
            rate = (
                f'the {told["measured_rate"]} MiB/s of the last migration to '
                'that host'
            )
        time = (
            f'about {lasts} at {rate}, and longer where the guest changes it '
            'meanwhile'
        )
    return (
        f'Moves {" and ".join(parts)}; {time}. {_media(told)}{_notices(told)}'
    )


def _media(told: Tree) -> str:
    """Say what is copied before, without a limit of the link."""
    count = told.get('media')
    if not count:
        return ''
    noun = 'medium' if count == 1 else 'media'
    size = terminal.human_size(told['media_bytes'])
    return f'Copies {count} read-only {noun} ({size}) before. '


def _notices(told: Tree) -> str:
    said = '; '.join(told['notices'])
    return f'The guest: {said}.'


def _medium(medium: Tree) -> str:
    if medium['action'] == 'eject':
        return (
            f'To eject at the destination: {medium["path"]}, '
            f'{medium["target"]}'
        )
    there = medium.get('destination')
    where = f' to {there} at the destination' if there else ''
    if medium['action'] == 'existing':
        return (
            f'Not copied: {medium["path"]}, {medium["target"]}: the '
            f'destination has the same bytes at {there}'
        )
    size = terminal.human_size(medium['size_bytes'])
    return (
        f'To copy before the migration: {medium["path"]}{where}, '
        f'{medium["target"]}, {size}'
    )


def _copy(disk: Tree) -> collections.abc.Iterator[str]:
    """Say from where to where a disk is copied, if it is elsewhere there."""
    there = disk.get('destination')
    if not there:
        return
    here = (disk['source'], disk['format'] or 'raw')
    other = (there, disk['destination_format'] or 'raw')
    if here != other:
        yield (
            f'Copy {disk["target"]}: {" as ".join(here)} to '
            f'{" as ".join(other)}, '
            f'{terminal.human_size(disk["copy_bytes"])}'
        )


def disk_table(
    disks: collections.abc.Iterable[Tree],
    refusals: collections.abc.Iterable[Tree] = (),
) -> str:
    """Write one row for each disk.

    :param refusals: of the plan; a disk that one of them names is refused,
        though nothing of it would be copied
    """
    refused = {each['target']: each['reason'] for each in refusals}
    table = prettytable.PrettyTable(
        ['Target', 'Device', 'Source', 'Locality', 'Action', 'Reason', 'Size']
    )
    table.align = 'l'
    table.align['Size'] = 'r'
    for disk in disks:
        table.add_row(
            [
                disk['target'],
                disk['device'],
                disk['source'] or '-',
                disk['locality'],
                _action(disk, refused),
                refused.get(disk['target'], disk['reason']),
                _sizes(disk),
            ]
        )
    return str(table.get_string())


def _action(disk: Tree, refused: collections.abc.Container[str]) -> str:
    named = disk['target'] in refused
    return 'REFUSE' if named else str(disk['action']).upper()


def _sizes(disk: Tree) -> str:
    virtual = disk['virtual_bytes']
    allocated = disk['allocated_bytes']
    if virtual is None:
        return '-'
    if allocated is None:
        return terminal.human_size(virtual)
    return (
        f'{terminal.human_size(allocated)} of {terminal.human_size(virtual)}'
    )


def _verdict(tree: Tree) -> collections.abc.Iterator[str]:
    if not tree['ready']:
        yield 'REFUSED: nothing is copied, nothing is changed.'
        codes = (each['reason'] for each in tree.get('refusals', ()))
        if explained := reason_links.explained(codes):
            yield explained
        return
    targets = tree.get('migrate_disks', [])
    if targets:
        amount = terminal.human_size(tree.get('copy_bytes', 0))
        yield f'READY: copies {", ".join(targets)} ({amount}).'
    else:
        yield 'READY: no disk needs to be copied.'
    yield f'Flags: {" ".join(tree.get("flags", []))}'
    for name, value in tree.get('parameters', {}).items():
        value = _XML.get(name, value)
        values = value if isinstance(value, list) else [value]
        yield f'Parameter: {name} = {", ".join(str(v) for v in values)}'
