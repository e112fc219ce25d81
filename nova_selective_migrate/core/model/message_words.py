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

"""Words of a message: lists of names, and its reader's own terms."""

import collections.abc
import re
import typing

_MOST = 8


def joined(names: collections.abc.Sequence[str]) -> str:
    """Write names with "and" between them, the first of many."""
    rest = len(names) - _MOST
    more = [f'{rest} more'] if rest > 0 else []
    return ' and '.join([*names[:_MOST], *more])


def with_article(noun: str) -> str:
    """Write "a" or "an" before a noun."""
    article = 'an' if noun[:1].lower() in tuple('aeiou') else 'a'
    return f'{article} {noun}'


_BEFORE, _AFTER = r'(?<![\w/.-])', r'(?![\w/-]|\.\w)'


class _Words(typing.NamedTuple):
    """What is said, and what each reader gets instead."""

    said: re.Pattern[str]
    on_command_line: str
    in_nova: str


def _words(said: str, on_command_line: str, in_nova: str) -> _Words:
    pattern = f'{_BEFORE}{said}{_AFTER}'
    return _Words(re.compile(pattern), on_command_line, in_nova)


_WORDS = (
    _Words(
        re.compile(r'in nova, (.+?); on the command line, (.+?)(?=\.?$)'),
        r'\2',
        r'\1',
    ),
    _Words(
        re.compile(
            r'(--[a-z-]+(?: [a-z0-9-]+)?), in nova '
            r'([a-z_]+(?: = [a-z0-9-]+)?)(, (?=at ))?'
        ),
        r'\1 ',
        r'\2 ',
    ),
    _words('in shared_paths', 'with --shared-path', 'in shared_paths'),
    _words('in local_paths', 'with --local-path', 'in local_paths'),
    _words('with --shared-path', 'with --shared-path', 'in shared_paths'),
    _words('with --local-path', 'with --local-path', 'in local_paths'),
    _words('shared_paths', '--shared-path', 'shared_paths'),
    _words('local_paths', '--local-path', 'local_paths'),
    _words(
        'with --migrate-uri',
        'with --migrate-uri',
        'with live_migration_inbound_addr',
    ),
    _words('thin = auto', '--thin auto', 'thin = auto'),
)


def worded(text: str, *, nova: bool) -> str:
    """Say a text in the words of nova's reader, or the command line's."""
    for words in _WORDS:
        instead = words.in_nova if nova else words.on_command_line
        text = words.said.sub(instead, text)
    return re.sub(r' +(?=[,.;]|$)| (?= )', '', text)
