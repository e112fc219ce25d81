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

"""Lines of logs: when each was written, and which migration it is of.

Those of nova-compute are as oslo.log formats them by default, also behind
what journalctl puts before them; those of the command line are in its
--log-file.
"""

import dataclasses
import datetime
import re

from nova_selective_migrate.core.model import plan_ids

# Near the begin of a line: journalctl and containers put a little before.
_TIME = re.compile(
    r'(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?'
    r'\s?(Z|[+-]\d\d:?\d\d)?'
)
_TIME_WITHIN = 100
_LEVEL = re.compile(r'\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+')
_UUID = r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
_ANY_UUID = re.compile(rf'(?<![\w-]){_UUID}(?![\w-])')
_REQUEST = re.compile(rf'\breq-{_UUID}\b')
_PLAN = re.compile(rf'{re.escape(plan_ids.MARK_BEGIN)}({_UUID})\]')


@dataclasses.dataclass(frozen=True)
class LogLine:
    """One line of a log.

    :ivar time: with its zone where the line has one
    :ivar level: empty where the line has none
    :ivar text: behind time and level
    :ivar named: the ids of the plans that it names
    :ivar plans: those that it is of: what it names, else what its request
        and servers may make
    """

    time: datetime.datetime
    level: str
    text: str
    named: frozenset[str]
    plans: frozenset[str]

    @classmethod
    def parse(cls, line: str) -> 'LogLine | None':
        """Read a line; None for one that goes on with the one before it.

        nova's own lines name no plan: the request and the server that they
        name make it.
        """
        found = _TIME.search(line[:_TIME_WITHIN])
        if found is None or (time := _time(found)) is None:
            return None
        rest = line[found.end() :].strip()
        level = _LEVEL.search(rest[:_TIME_WITHIN])
        uuids = _ANY_UUID.findall(rest)
        named = frozenset(_PLAN.findall(rest))
        made = frozenset(
            plan_ids.of_request(request, uuid)
            for request in set(_REQUEST.findall(rest))
            for uuid in uuids
        )
        return cls(
            time,
            level[1] if level else '',
            rest[level.end() :] if level else rest.lstrip('] '),
            named,
            named or made,
        )


def _time(found: re.Match[str]) -> datetime.datetime | None:
    day, clock, fraction, zone = found.groups()
    text = f'{day}T{clock}.{(fraction or "0"):0<6}{zone or ""}'
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None  # 2026-13-01
