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

import dataclasses
import functools
import pathlib
import re
import shlex

from lab import lab_homes

NAME = 'nova-selective-migrate'
_TOP = lab_homes.REPOSITORY
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
    return [_TOP / 'README.rst', *sorted((_TOP / 'doc/source').rglob('*.rst'))]


@functools.cache
def examples() -> tuple[Example, ...]:
    """Return all examples, in the order of the pages."""
    return tuple(one for page in pages() for one in _of_page(page))


def _of_page(page: pathlib.Path) -> list[Example]:
    lines = page.read_text(encoding='utf-8').splitlines()
    found: list[Example] = []
    mark: str | None = None
    for number, line in enumerate(lines):
        said = _MARK.match(line)
        if said:
            mark = said['why']
        elif line and not line.startswith((' ', '..')):
            # The next paragraph: the mark was of the block above.
            mark = None if not line.endswith('::') else mark
        if not _PROMPT.match(line):
            continue
        command = _PROMPT.sub('', line)
        place = f'{page.relative_to(_TOP)}:{number + 1}'
        while command.endswith('\\'):
            number += 1
            command = command[:-1] + lines[number].strip()
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
