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

"""Where a reader finds what a reason code means."""

import collections.abc

#: Address of the page reference/reason-codes, where the documentation is
#: published, such as https://docs.example/reference/reason-codes.html; empty:
#: it is published nowhere, and the command line's help takes its place.
PAGE = ''

_MOST = 4


def explained(codes: collections.abc.Iterable[str]) -> str:
    """Say where codes are explained: a sentence, empty without a code.

    :param codes: reason codes; one that comes twice counts once
    """
    named = list(dict.fromkeys(codes))[:_MOST]
    if not named:
        return ''
    if PAGE:
        links = ', '.join(f'{PAGE}#reason-{code}' for code in named)
        return f'Explained at {links}'
    return f'Explained by: nova-selective-migrate help {" ".join(named)}'
