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

"""The examples of README and documentation that call our command.

A comment ``.. example: WHY`` right above a block says why what is in it cannot
be run here, or which test runs it.
"""

import collections.abc
import dataclasses
import functools
import pathlib
import re
import shlex

from lab import lab_homes

NAME = 'nova-selective-migrate'
#: The folder of the repository.
TOP = lab_homes.REPOSITORY
_PROMPT = re.compile(r'^\s+(?:[$#] )?(?=(?:\S*/)?nova-selective-migrate )')
_MARK = re.compile(r'^\s*\.\. example: (?P<why>.+)')


@dataclasses.dataclass(frozen=True)
class Example:
    """One call of our command.

    :ivar place: file and line
    :ivar words: its arguments
    :ivar mark: why it is not run as it is; None: it is
    """

    place: str
    words: tuple[str, ...]
    mark: str | None = None

    @property
    def replays(self) -> bool:
        """Tell whether it needs recorded cases and no host."""
        return '--replay' in self.words

    @property
    def needs_hosts(self) -> bool:
        """Tell whether it needs a host."""
        alone = ('complete', 'help', '--help', '--version')
        return not self.replays and not set(alone) & set(self.words)


def pages() -> list[pathlib.Path]:
    """Return README and the pages of the documentation."""
    return [TOP / 'README.rst', *sorted((TOP / 'doc/source').rglob('*.rst'))]


@functools.cache
def examples() -> tuple[Example, ...]:
    """Return all examples, in the order of the pages."""
    return tuple(one for page in pages() for one in _of_page(page))


def marked_lines(
    page: pathlib.Path,
) -> collections.abc.Iterator[tuple[int, str, str | None]]:
    """Yield number, text and mark of each line of a page.

    A mark is of the block below it, and ends with the next text that stands
    as far to the left.
    """
    mark: str | None = None
    margin = 0
    begun = False
    lines = page.read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(lines, 1):
        said = _MARK.match(line)
        indented = len(line) - len(line.lstrip())
        if said:
            mark, margin, begun = said['why'], indented, False
        elif mark and line.strip() and indented <= margin:
            # The block's own introduction, or the next paragraph.
            if begun:
                mark = None
        elif mark and line.strip():
            begun = True
        yield number, line, mark


def _of_page(page: pathlib.Path) -> list[Example]:
    lines = page.read_text(encoding='utf-8').splitlines()
    found: list[Example] = []
    for number, line, mark in marked_lines(page):
        if not _PROMPT.match(line):
            continue
        command = _PROMPT.sub('', line)
        place = f'{page.relative_to(TOP)}:{number}'
        following = iter(lines[number:])
        while command.endswith('\\'):
            command = command[:-1] + next(following).strip()
        found.append(Example(place, _words(command), mark))
    return found


def _words(command: str) -> tuple[str, ...]:
    """Return the arguments, up to a pipe or a redirection."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars='|>')
    lexer.whitespace_split = True
    words = list(lexer)
    for stop in ('|', '>'):
        if stop in words:
            words = words[: words.index(stop)]
    return tuple(words[1:])
