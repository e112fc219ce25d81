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

"""What a command prints: one object or a list, in the format asked for."""

import argparse
import collections.abc
import json
import os
import typing

Columns = collections.abc.Sequence[str]
Values = collections.abc.Sequence[typing.Any]
Rows = collections.abc.Iterable[Values]

#: The formats. There is none that a shell could run: whoever sources such an
#: output runs what is in a path.
NAMES = ('json', 'table', 'value', 'yaml')


def add_output(
    parser: argparse.ArgumentParser,
    names: collections.abc.Sequence[str] = NAMES,
    *,
    several: bool,
) -> None:
    """Add the arguments that say how to print.

    :param names: of the formats that the command has
    :param several: whether the command prints a list
    """
    group = parser.add_argument_group('output')
    group.add_argument(
        '-f',
        '--format',
        dest='formatter',
        choices=names,
        default='table',
        help='output format: table for people, json and yaml for programs, '
        'value for values without decoration; default: %(default)s',
    )
    group.add_argument(
        '-c',
        '--column',
        action='append',
        default=[],
        dest='columns',
        metavar='COLUMN',
        help='print only this field; repeatable',
    )
    group.add_argument(
        '--noindent', action='store_true', help='print JSON in one line'
    )
    if several:
        _add_list(group)
    else:
        parser.set_defaults(sort_columns=[])


def _add_list(group: 'argparse._ArgumentGroup') -> None:
    group.add_argument(
        '--sort-column',
        action='append',
        default=[],
        dest='sort_columns',
        metavar='COLUMN',
        help='sort by this column; repeatable, the first one has priority',
    )
    direction = group.add_mutually_exclusive_group()
    for name, way in (('asc', 'ascending'), ('desc', 'descending')):
        direction.add_argument(
            f'--sort-{way}',
            action='store_const',
            dest='sort_direction',
            const=name,
            help=f'sort in {way} order',
        )
    group.add_argument(
        '--max-width',
        metavar='N',
        type=int,
        default=int(os.environ.get('CLIFF_MAX_TERM_WIDTH', 0)),
        help='fit the table into N columns; default: 0, which means no limit',
    )
    group.add_argument(
        '--fit-width',
        action='store_true',
        default=os.environ.get('CLIFF_FIT_WIDTH', '0') != '0',
        help='fit the table to the width of the terminal; this is the '
        'default on a terminal',
    )
    group.add_argument(
        '--print-empty',
        action='store_true',
        help='print the header of a table even if it has no rows',
    )


def chosen(
    arguments: argparse.Namespace, columns: Columns
) -> tuple[list[str], list[int]]:
    """Return the columns to print, and their places.

    :raises ValueError: when none of those asked for exists
    """
    if not arguments.columns:
        return list(columns), list(range(len(columns)))
    asked = {_plain(name) for name in arguments.columns}
    places = [n for n, name in enumerate(columns) if _plain(name) in asked]
    if not places:
        raise ValueError(
            f'there is no column {", ".join(arguments.columns)}, but '
            f'{", ".join(columns)}'
        )
    return [columns[place] for place in places], places


def print_one(
    arguments: argparse.Namespace,
    columns: Columns,
    values: Values,
    stream: typing.TextIO,
) -> None:
    """Print one object for a program.

    :raises ValueError: see :func:`chosen`
    """
    names, places = chosen(arguments, columns)
    picked = [values[place] for place in places]
    one = dict(zip(names, picked, strict=True))
    if arguments.formatter == 'json':
        print_json(arguments, one, stream)
    elif arguments.formatter == 'yaml':
        print_yaml(one, stream)
    else:
        for value in picked:
            stream.write(f'{text(value)}\n')


def print_list(
    arguments: argparse.Namespace,
    columns: Columns,
    rows: Rows,
    stream: typing.TextIO,
) -> None:
    """Print a list.

    :raises ValueError: see :func:`chosen`
    """
    names, places = chosen(arguments, columns)
    ordered = _sorted(arguments, columns, [list(row) for row in rows])
    picked = [[row[place] for place in places] for row in ordered]
    if arguments.formatter in ('json', 'yaml'):
        several = [dict(zip(names, row, strict=True)) for row in picked]
        if arguments.formatter == 'json':
            print_json(arguments, several, stream)
        else:
            print_yaml(several, stream)
    elif arguments.formatter == 'value':
        for row in picked:
            stream.write(f'{" ".join(map(text, row))}\n')
    elif picked or arguments.print_empty:
        # Here, since most output is no table.
        from nova_selective_migrate.cli import list_table

        width = list_table.width(arguments.max_width, arguments.fit_width)
        stream.write(f'{list_table.written(names, picked, width)}\n')
    else:
        stream.write('\n')


def print_json(
    arguments: argparse.Namespace, value: typing.Any, stream: typing.TextIO
) -> None:
    """Print a value as JSON."""
    indent = None if arguments.noindent else 2
    stream.write(f'{json.dumps(value, indent=indent)}\n')


def print_yaml(value: typing.Any, stream: typing.TextIO) -> None:
    """Print a value as YAML."""
    # Here, since it takes half of a command's start.
    import yaml

    yaml.safe_dump(
        value, stream=stream, default_flow_style=False, sort_keys=False
    )


def text(value: typing.Any) -> str:
    """Write a value for a shell: a string as it is, else JSON.

    To be read, never sourced: values are not quoted.
    """
    if value is None:
        return ''
    if isinstance(value, str):
        return ' '.join(value.splitlines())
    return json.dumps(value, ensure_ascii=False)


def _plain(name: str) -> str:
    return name.lower().strip().replace(' ', '_')


def _sorted(
    arguments: argparse.Namespace,
    columns: Columns,
    rows: list[list[typing.Any]],
) -> list[list[typing.Any]]:
    """Sort by the columns asked for; one that does not exist is ignored."""
    places = {_plain(name): place for place, name in enumerate(columns)}
    for asked in reversed(arguments.sort_columns):
        place = places.get(_plain(asked))
        if place is not None:
            rows = sorted(
                rows,
                key=lambda row: (row[place] is None, str(row[place])),
                reverse=arguments.sort_direction == 'desc',
            )
    return rows
