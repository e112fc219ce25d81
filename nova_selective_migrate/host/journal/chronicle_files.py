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

"""The files that a report of a migration is made of, of one or two hosts."""

import collections.abc
import dataclasses
import datetime
import gzip
import json
import os
import pathlib
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import migration_chronicle

Tree = dict[str, typing.Any]
#: Bytes; a journal entry, a stream of events or a list of records.
_LARGEST_JSON = 64 << 20


@dataclasses.dataclass(frozen=True)
class ChroniclePlace:
    """A log, a file of JSON, or a directory of journal entries.

    :ivar host: that has written it
    :ivar optional: whether it is no error when it is not there
    """

    host: str
    path: str
    optional: bool = False


def read(
    subject: migration_chronicle.Subject,
    places: collections.abc.Iterable[ChroniclePlace],
    zone: datetime.tzinfo | None,
) -> list[migration_chronicle.Happening]:
    """Read all that is of a subject, in the order of time.

    :param zone: of times in logs that name none; None for this machine's
    :raises InvalidInput: when a file cannot be read, or is damaged
    """
    files = [(place.host, path) for place in places for path in _files(place)]
    # Twice: the plans of a server may be named later than their lines.
    for _, path in files if subject.learns else ():
        _learn(subject, path)
    return migration_chronicle.ordered(
        found
        for host, path in files
        for found in _found(subject, host, path, zone)
    )


def _files(place: ChroniclePlace) -> list[pathlib.Path]:
    path = pathlib.Path(place.path)
    try:
        if path.is_dir():
            return sorted(path.glob('*.json'))
        if place.optional and not path.exists():
            return []
        path.stat()
    except OSError as err:
        raise _unread(path, err) from err
    return [path]


def _unread(path: pathlib.Path, err: Exception) -> exceptions.InvalidInput:
    reason = getattr(err, 'strerror', None) or str(err)
    return exceptions.InvalidInput(f'cannot read {path}: {reason}')


def _learn(subject: migration_chronicle.Subject, path: pathlib.Path) -> None:
    if _is_json(path):
        for tree in _trees(path):
            subject.learn_tree(tree)
    else:
        for line in _lines(path):
            subject.learn(line)


def _found(
    subject: migration_chronicle.Subject,
    host: str,
    path: pathlib.Path,
    zone: datetime.tzinfo | None,
) -> collections.abc.Iterator[migration_chronicle.Happening]:
    name = os.fspath(path)
    if _is_json(path):
        for tree in _trees(path):
            found = subject.of_tree(tree, host, name, _kind(tree))
            if found is not None:
                yield found
    else:
        for line in _lines(path):
            found = subject.of_line(line, host, name, zone)
            if found is not None:
                yield found


def _kind(tree: Tree) -> str:
    if 'event' in tree and 'time' in tree:
        return 'event'
    return 'journal' if 'version' in tree else 'record'


def _open(path: pathlib.Path) -> typing.TextIO:
    if path.suffix == '.gz':
        return gzip.open(path, 'rt', encoding='utf-8', errors='replace')
    return path.open(encoding='utf-8', errors='replace')


def _lines(path: pathlib.Path) -> collections.abc.Iterator[str]:
    try:
        with _open(path) as file:
            yield from file
    except (OSError, EOFError) as err:
        raise _unread(path, err) from err


def _is_json(path: pathlib.Path) -> bool:
    """Tell whether a file begins as JSON; a line of a log begins with [2."""
    try:
        with _open(path) as file:
            begin = file.read(4096).lstrip()
    except (OSError, EOFError) as err:
        raise _unread(path, err) from err
    return begin.startswith('{') or begin[:1] + begin[1:].lstrip()[:1] == '[{'


def _trees(path: pathlib.Path) -> list[Tree]:
    """Return the objects of a file: one, a list, or one a line.

    :raises InvalidInput: when it is damaged
    """
    try:
        with _open(path) as file:
            text = file.read(_LARGEST_JSON + 1)
    except (OSError, EOFError) as err:
        raise _unread(path, err) from err
    if len(text) > _LARGEST_JSON:
        raise exceptions.InvalidInput(
            f'cannot read {path}: it has more than {_LARGEST_JSON} '
            'characters; give the part that names the migration'
        )
    try:
        return list(_objects(json.loads(text)))
    except RecursionError as err:
        raise exceptions.InvalidInput(f'{path} is nested too deep') from err
    except ValueError:
        pass
    try:
        return [
            tree
            for line in text.splitlines()
            if line.strip()
            for tree in _objects(json.loads(line))
        ]
    except (ValueError, RecursionError) as err:
        raise exceptions.InvalidInput(
            f'{path} is neither JSON nor JSON lines: {err}'
        ) from err


def _objects(value: typing.Any) -> collections.abc.Iterator[Tree]:
    """Yield an object and those that nova's events of it are."""
    for tree in value if isinstance(value, list) else [value]:
        if not isinstance(tree, dict):
            continue
        yield tree
        events = tree.get('events')
        for event in events if isinstance(events, list) else ():
            if isinstance(event, dict):
                whole = {k: v for k, v in tree.items() if k != 'events'}
                yield {**whole, **event}
