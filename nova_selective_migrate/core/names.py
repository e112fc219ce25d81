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

"""Names in a message: as many as a person reads."""

import collections.abc

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
