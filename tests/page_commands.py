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

"""The commands that README and the pages of the documentation show."""

import dataclasses
import functools
import pathlib
import re

from tests import examples

_PROMPT = re.compile(r'^\s+(?:[\w-]*[$#]) (?=\S)')
_OURS = re.compile(r'(?:\S*/)?nova-selective-migrate ')
_LABORATORY = re.compile(r'\.venv/bin/python -m lab ')
#: Comments of files of configuration, which begin as a prompt does.
_NO_CONSOLE = re.compile(r'\.\. code-block:: (?!console)')


@dataclasses.dataclass(frozen=True)
class PageCommand:
    """One command behind a prompt.

    :ivar place: file and line
    :ivar text: on one line, also where the page breaks it by a backslash
    :ivar mark: of the comment ``.. example:`` above its block; None: none
    """

    place: str
    text: str
    mark: str | None

    @property
    def is_ours(self) -> bool:
        return _OURS.match(self.text) is not None

    @property
    def of_laboratory(self) -> bool:
        return _LABORATORY.match(self.text) is not None


@functools.cache
def commands() -> tuple[PageCommand, ...]:
    """Return all, in the order of the pages."""
    return tuple(one for page in examples.pages() for one in of_page(page))


def of_page(page: pathlib.Path) -> list[PageCommand]:
    """Return the commands of a page."""
    found: list[PageCommand] = []
    console = True
    broken = False
    for number, line, mark in examples.marked_lines(page):
        if broken:
            text = f'{found[-1].text[:-1]}{line.strip()}'
            found[-1] = dataclasses.replace(found[-1], text=text)
            broken = text.endswith('\\')
            continue
        if _NO_CONSOLE.search(line):
            console = False
        elif (line and line[0] != ' ') or 'code-block:: console' in line:
            console = True
        prompt = _PROMPT.match(line)
        if prompt and console:
            place = f'{page.relative_to(examples.TOP)}:{number}'
            found.append(PageCommand(place, line[prompt.end() :], mark))
            broken = line.endswith('\\')
    return found
