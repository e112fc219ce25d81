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

"""Read an audit of a host that host_audit has written as JSON.

The one reader: the metrics read the totals, a drain the guests.
"""

import dataclasses
import json
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields

_TOTALS = ('movable', 'refused', 'not_planned', 'copy_bytes', 'memory_bytes')


@dataclasses.dataclass(frozen=True)
class WrittenGuest:
    """What the audit says of one guest.

    :ivar refusals: reason code and message of each
    :ivar problem: why it could not be planned; else empty
    :ivar copy_bytes: of disks; None: not known
    :ivar memory_bytes: None: not known
    :ivar copied: targets of the disks that are copied
    """

    uuid: str
    movable: bool
    refusals: tuple[tuple[str, str], ...]
    problem: str
    copy_bytes: int | None
    memory_bytes: int | None
    copied: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class WrittenTotals:
    """What the audit says of all guests together.

    :ivar reasons: how many guests each code refuses, as it is written
    """

    movable: int
    refused: int
    not_planned: int
    copy_bytes: int
    memory_bytes: int
    reasons: dict[str, int]


class WrittenAudit:
    """The JSON of an audit; what is read of it has been checked.

    :raises InvalidInput: when it is no JSON, or no object
    """

    def __init__(self, text: str | bytes) -> None:
        try:
            tree: typing.Any = json.loads(text)
        except (ValueError, RecursionError) as err:
            raise exceptions.InvalidInput(f'no JSON: {err}') from err
        if not isinstance(tree, dict):
            raise exceptions.InvalidInput('no audit of a host: no object')
        self._fields = json_fields.Fields.of(tree, 'audit')

    def guests(self) -> tuple[WrittenGuest, ...]:
        """Return the guests.

        :raises InvalidInput: when they are not as they are written
        """
        if 'guests' not in self._fields.tree:
            raise exceptions.InvalidInput(
                'no audit of a host: it has no guests'
            )
        return tuple(_guest(each) for each in self._fields.each('guests'))

    def totals(self) -> WrittenTotals:
        """Return the totals.

        :raises InvalidInput: when they are not as they are written
        """
        fields = self._fields.object('totals')
        found = {name: fields.integer(name) for name in _TOTALS}
        reasons = fields.object('reasons')
        counts = {name: reasons.integer(name) for name in reasons.tree}
        if missing := [
            name
            for name, count in (*found.items(), *counts.items())
            if count is None
        ]:
            raise exceptions.InvalidInput(
                f'no audit of a host: its totals have no {missing[0]}'
            )
        return WrittenTotals(
            **{name: count or 0 for name, count in found.items()},
            reasons={name: count or 0 for name, count in counts.items()},
        )


def _guest(guest: json_fields.Fields) -> WrittenGuest:
    uuid, movable = guest.text('uuid'), guest.boolean('movable')
    if uuid is None or movable is None:
        raise exceptions.InvalidInput(
            f'{guest.where} has no uuid or does not say whether it can move'
        )
    return WrittenGuest(
        uuid,
        movable,
        tuple(
            (each.text('reason') or '', each.text('message') or '')
            for each in guest.each('refusals')
        ),
        guest.text('problem') or '',
        guest.integer('copy_bytes'),
        guest.integer('memory_bytes'),
        guest.texts('copied'),
    )
