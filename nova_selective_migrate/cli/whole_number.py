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

"""Whole numbers as arguments."""

import argparse
import collections.abc

# More digits than any limit has; int() refuses thousands of them with an
# error of its own.
_MOST_DIGITS = 32


def parser(
    largest: int, noun: str = 'whole number up to {}', *, smallest: int = 0
) -> collections.abc.Callable[[str], int]:
    """Return what reads a number from smallest to largest.

    :param noun: what the text is not; {} in it stands for the largest
    """
    problem = f'is no {noun.format(largest)}'

    def parse(text: str) -> int:
        if (
            not text.isdecimal()
            or len(text) > _MOST_DIGITS
            or not smallest <= int(text) <= largest
        ):
            raise argparse.ArgumentTypeError(f'{text!r} {problem}')
        return int(text)

    return parse
