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

"""Explanations of reason codes: what one means, why it is so, what to do."""

import collections.abc
import configparser
import functools
import pathlib
import textwrap

from nova_selective_migrate.core.model import refusals

_FILE = pathlib.Path(__file__).with_name('explanations.ini')
_WIDTH = 79


def reasons_of(
    words: collections.abc.Iterable[str],
) -> list[refusals.AnyReason]:
    """Find reasons by their codes; none where a word is no code."""
    codes = {reason.value: reason for reason in refusals.ALL_REASONS}
    words = list(words)
    return (
        [codes[word] for word in words] if codes.keys() >= set(words) else []
    )


@functools.cache
def whys() -> collections.abc.Mapping[str, str]:
    """Read why each reason is one, by its code: some sentences."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=('=',))
    parser.read_string(_FILE.read_text(encoding='utf-8'))
    return {
        code: ' '.join(parser[code]['why'].split())
        for code in parser.sections()
    }


def remedy(reason: refusals.AnyReason) -> str:
    """Return what to do as a sentence; empty where nothing is refused."""
    text = reason.remedy
    return f'{text[0].upper()}{text[1:]}.' if text else ''


def text(reason: refusals.AnyReason) -> str:
    """Return the explanation of a reason, for a terminal."""
    parts = [
        ('', reason.meaning),
        ('Why: ', whys()[reason.value]),
        ('What to do: ', remedy(reason) or 'Nothing: no disk is refused.'),
    ]
    paragraphs = [
        textwrap.fill(
            f'{head}{said}',
            _WIDTH,
            initial_indent='  ',
            subsequent_indent='  ',
            break_on_hyphens=False,
        )
        for head, said in parts
    ]
    return '\n'.join([reason.value, *paragraphs]) + '\n'
