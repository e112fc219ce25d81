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

"""An outcome as values of JSON, and as lines for people."""

import collections.abc
import dataclasses
import re
import shlex
import typing

from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.job import guest_location

if typing.TYPE_CHECKING:
    from nova_selective_migrate.core.plan import migration_plan
    from nova_selective_migrate.host.migration import migration_outcome


_NOT_DELETED = 'not deleted: '
#: /dev/GROUP/VOLUME, and none of the folders that udev and others make.
_LOGICAL_VOLUME = re.compile(r'/dev/(?!(?:disk|mapper|rbd|zvol)/)[^/]+/[^/]+')
_BYTES = ('mirrored_bytes', 'memory_bytes')


def lines(tree: terminal.Tree) -> collections.abc.Iterator[str]:
    """Write an outcome for people, or its fields that are given.

    The plan has been printed before.
    """
    # A refused plan has been printed before, and says so itself.
    told = tree.get('outcome') == 'refused' and 'plan' in tree
    if 'outcome' in tree and not told:
        word = tree['outcome'].replace('-', ' ').upper()
        yield f'{word}: {tree.get("explanation", "")}.'
    for name, value in tree.items():
        if value in (None, [], ()) or name in (
            'outcome',
            'explanation',
            'plan',
        ):
            continue
        if name == 'trim':
            value = _trim(value)
        if name in _BYTES:
            value = terminal.human_size(value)
        if name == 'left':
            value = [
                f'{item["path"]} on the {item["host"]} ({item["why"]})'
                for item in value
            ]
        if isinstance(value, list):
            value = ', '.join(value)
        yield f'  {name.replace("_", " ")}: {value}'
    yield from _removals(tree)


def _trim(found: terminal.Tree) -> str:
    """Say what a trim came to."""
    if found['why_not']:
        return f'not done: {found["why_not"]}'
    saved = found['saved_bytes']
    size = 'unknown' if saved is None else terminal.human_size(saved)
    return f'{size} less to copy, in {found["seconds"]:.1f} s'


def _removals(tree: terminal.Tree) -> collections.abc.Iterator[str]:
    """Return lines that say how to remove the source's old images."""
    if tree.get('outcome') != 'moved':
        return
    commands = [
        _removal(item['path'])
        for item in tree.get('left') or ()
        if item['host'] == 'source'
        and not item['why'].startswith(_NOT_DELETED)
    ]
    if any(commands):
        yield (
            'When the guest is well at the destination and no other guest of '
            'the source uses them, remove there what it has left behind:'
        )
    for command in filter(None, commands):
        yield f'  {command}'


def _removal(path: str) -> str | None:
    """Return the command that removes an image; None where there is none.

    lvremove asks, and refuses what is in use and what is no logical volume.
    """
    if path.startswith('/') and not path.startswith('/dev/'):
        return f'rm -- {shlex.quote(path)}'
    if _LOGICAL_VOLUME.fullmatch(path):
        return f'lvremove -- {shlex.quote(path)}'
    return None


Tree = dict[str, typing.Any]


def refused_tree(plan_tree: Tree) -> Tree:
    """Return the outcome of a refused plan: nothing was done."""
    return {
        'outcome': 'refused',
        'explanation': 'the plan is refused; nothing was changed',
        'plan': plan_tree,
    }


def stopped_tree(why: str, *, refused: bool) -> Tree:
    """Return the outcome of a migration that did not come to its call.

    :param refused: whether nothing was done, or all was undone
    """
    not_moved = guest_location.Ending.NOT_MOVED.value
    return {
        'outcome': 'refused' if refused else not_moved,
        'explanation': why,
    }


def left_tree(domain: str, plan_id: str | None, *, direct: bool) -> Tree:
    """Return the outcome of a migration that the program leaves.

    :param direct: whether the program itself moves the data, so that the
        migration ends with it
    """
    what = (
        'the migration was managed from here and ends with this program'
        if direct
        else 'the migration is left to the daemons of both hosts'
    )
    return {
        'plan_id': plan_id,
        'outcome': guest_location.Ending.UNKNOWN.value,
        'explanation': f'{what}; nova-selective-migrate migrate '
        f'--resume-report {domain} tells how it ends and cleans up',
    }


def ended_tree(
    plan: 'migration_plan.MigrationPlan | None',
    ended: 'migration_outcome.MigrationOutcome',
) -> Tree:
    """Return how a migration ended, and which images it leaves where.

    :param plan: None where an earlier program made it
    """
    # Here, as --help needs no planner.
    from nova_selective_migrate.core.plan import plan_formats

    left = [
        {'host': 'destination', 'path': item.path, 'why': item.why}
        for item in ended.cleaned.left
    ]
    if ended.settlement.ending is guest_location.Ending.MOVED:
        copied = ended.copied if plan is None else _copied(plan)
        stays = {} if plan is None else dict(plan.removals.kept)
        stays |= {item.path: item.why for item in ended.left_source.left}
        left += [
            {'host': 'source', 'path': path, 'why': _why(stays.get(path))}
            for path in dict.fromkeys((*copied, *stays))
            if path not in ended.left_source.removed
        ]
        left += [
            {'host': 'source', 'path': item.what, 'why': item.why}
            for item in (plan.left if plan else ())
        ]
    return {
        'plan_id': ended.plan_id,
        'outcome': ended.settlement.ending.value,
        'explanation': ended.settlement.explanation,
        'error': ended.error,
        'left_out': ended.left_out,
        'source': str(ended.source),
        'destination': str(ended.destination),
        'seconds': round(ended.seconds, 3),
        'begun_again': ended.begun_again,
        'downtime_ms': ended.stats.get('downtime'),
        'mirrored_bytes': _mirrored_bytes(ended),
        'memory_bytes': ended.stats.get('memory_processed'),
        'created': list(ended.created),
        'removed': list(ended.cleaned.removed),
        'left': left,
        'trim': None if ended.trim is None else dataclasses.asdict(ended.trim),
        'source_removed': list(ended.left_source.removed),
        'plan': None if plan is None else plan_formats.plan_tree(plan),
    }


def _why(stays: str | None) -> str:
    """Say why an image of the source is still there."""
    if stays is None:
        return 'the guest has left it behind'
    return f'{_NOT_DELETED}{stays}'


def _mirrored_bytes(ended: 'migration_outcome.MigrationOutcome') -> int | None:
    """Return the bytes that the mirrors processed, zeroes included."""
    if ended.progress is None:
        return None
    return sum(disk.processed for disk in ended.progress.disks)


def _copied(plan: 'migration_plan.MigrationPlan') -> list[str]:
    """List the source's images of the disks that were copied."""
    return [disk.disk.chain[0].label for disk in plan.disks if disk.copied]
