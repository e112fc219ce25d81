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

"""What two hosts have written of one migration, in the order of time."""

import collections.abc
import dataclasses
import datetime
import json
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import log_lines
from nova_selective_migrate.core.model import plan_ids

Tree = dict[str, typing.Any]

#: Names of a time in journals, events and records of nova's, the first counts.
_TIMES = (
    *('time', 'began', 'since', 'created_at', 'Created At'),
    *('start_time', 'Start Time', 'updated_at', 'Updated At'),
)
#: What is told of a journal entry, an event or a record; nothing else of it
#: is, so that no secret is.
_TOLD = (
    *('event', 'action', 'Action', 'result', 'state', 'phase', 'cause'),
    *('status', 'Status', 'source', 'source_compute', 'Source Compute'),
    *('destination', 'dest_compute', 'Dest Compute', 'destination_uri'),
    *('ending', 'outcome', 'postcopy', 'doubt', 'directory', 'domain'),
    *('targets', 'message', 'explanation', 'details', 'error', 'request'),
)
#: Of a stream of events: too many for a report.
_PASSED_OVER = 'progress'
_IDS = ('instance', 'instance_uuid', 'uuid', 'server', 'Server UUID')
_REQUESTS = ('request', 'request_id', 'Request ID')


@dataclasses.dataclass(frozen=True)
class Happening:
    """One line of a report.

    :ivar time: in UTC
    :ivar host: where it was written
    :ivar kind: log, journal, event or record
    :ivar level: of a line of a log
    :ivar plan_id: empty where it is not known
    :ivar file: that it was read from
    """

    time: datetime.datetime
    host: str
    kind: str
    level: str
    plan_id: str
    text: str
    file: str = ''

    def tree(self) -> Tree:
        """Return it as JSON's types; the names are a contract."""
        return {
            **dataclasses.asdict(self),
            'time': self.time.isoformat(timespec='milliseconds'),
        }


class Subject:
    """What a report is of: a plan, or a server with all of its plans.

    :param name: a plan id or the server's UUID
    :cvar learns: whether what it is of has to be learned before it is read
    """

    learns = True

    def __init__(self, name: str) -> None:
        self._name = name.lower()
        self._plans = {self._name}

    def learn(self, text: str) -> None:
        """Note the plans of the server that a line names."""
        if self._name in text and (line := log_lines.LogLine.parse(text)):
            self._plans |= line.named

    def plan_of(self, plans: collections.abc.Collection[str]) -> str | None:
        """Return the plan of the subject's among these; None: none is."""
        return min(self._plans.intersection(plans), default=None)

    def learn_tree(self, tree: Tree) -> None:
        """Note the plan of the server that an entry names."""
        if any(tree.get(name) == self._name for name in _IDS):
            self._plans |= _plans(tree)

    def of_line(
        self, text: str, host: str, file: str, zone: datetime.tzinfo | None
    ) -> Happening | None:
        """Return a line of a log; None where it is of something else.

        :param zone: of times without one; None for that of this machine
        """
        line = log_lines.LogLine.parse(text)
        if line is None:
            return None
        plan = self.plan_of(line.plans)
        if plan is None:
            return None
        return Happening(
            _utc(line.time, zone),
            host,
            'log',
            line.level,
            plan,
            redaction.anywhere(line.text.replace(plan_log.prefix(plan), '')),
            file,
        )

    def of_tree(
        self, tree: Tree, host: str, file: str, kind: str
    ) -> Happening | None:
        """Return an entry, an event or a record; None: of something else.

        :raises InvalidInput: when it has no time that can be read
        """
        plan = self.plan_of(_plans(tree))
        named = any(tree.get(name) == self._name for name in _IDS)
        if not (plan or named) or tree.get('event') == _PASSED_OVER:
            return None
        told = (
            f'{name} {_words(tree[name])}'
            for name in _TOLD
            if tree.get(name) not in (None, '', [], False)
        )
        return Happening(
            _utc(_time(tree, file), datetime.timezone.utc),
            host,
            kind,
            '',
            plan or '',
            redaction.anywhere(', '.join(told)),
            file,
        )


class AnyPlan(Subject):
    """All plans: what a line or an entry says of itself."""

    learns = False

    def __init__(self) -> None:
        super().__init__('')

    def plan_of(self, plans: collections.abc.Collection[str]) -> str | None:
        """Return a plan of these; None: there is none."""
        return min(plans, default=None)

    def of_line(
        self, text: str, host: str, file: str, zone: datetime.tzinfo | None
    ) -> Happening | None:
        """Return a line of ours; None: another, or one for debugging."""
        if plan_ids.MARK_BEGIN not in text:
            return None
        found = super().of_line(text, host, file, zone)
        return None if found and found.level == 'DEBUG' else found


def ordered(
    found: collections.abc.Iterable[Happening],
) -> list[Happening]:
    """Return the lines in the order of time; what one log has stays so."""
    return sorted(found, key=lambda one: one.time)


def _plans(tree: Tree) -> set[str]:
    """Return the plans of an entry: the one it names, and its request's."""
    made = {
        plan_ids.of_request(str(tree[request]), str(tree[server]))
        for request in _REQUESTS
        for server in _IDS
        if tree.get(request) and tree.get(server)
    }
    return {str(tree['plan_id']), *made} if tree.get('plan_id') else made


def _words(value: typing.Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return ' '.join(text.split())


def _time(tree: Tree, file: str) -> datetime.datetime:
    text = next((tree[name] for name in _TIMES if tree.get(name)), None)
    try:
        return datetime.datetime.fromisoformat(str(text))
    except ValueError as err:
        raise exceptions.InvalidInput(
            f'{file}: what names the migration has no time, or one that is '
            f'not in ISO 8601: {text}'
        ) from err


def _utc(
    time: datetime.datetime, zone: datetime.tzinfo | None
) -> datetime.datetime:
    if time.tzinfo is None and zone is not None:
        time = time.replace(tzinfo=zone)
    return time.astimezone(datetime.timezone.utc)
