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

"""One server's way off the host, from state to state.

::

    WAITING -> CALLED -> MIGRATING -> MOVED | NOT_MOVED | REFUSED | ABORTED
                                      | UNKNOWN | GONE
    NOT_MOVED, REFUSED -> WAITING, where it may be tried again
"""

import collections.abc
import dataclasses
import enum
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import nova_port


class MoveState(enum.Enum):
    """Where a server is on its way."""

    BLOCKED = 'blocked'
    WAITING = 'waiting'
    CALLED = 'called'
    MIGRATING = 'migrating'
    MOVED = 'moved'
    REFUSED = 'refused'
    NOT_MOVED = 'not moved'
    ABORTED = 'aborted'
    UNKNOWN = 'unknown'
    GONE = 'gone'


_ENDS = (
    MoveState.MOVED,
    MoveState.REFUSED,
    MoveState.NOT_MOVED,
    MoveState.ABORTED,
    MoveState.UNKNOWN,
    MoveState.GONE,
)
_NEXT: collections.abc.Mapping[MoveState, tuple[MoveState, ...]] = {
    MoveState.WAITING: (MoveState.CALLED, MoveState.BLOCKED, MoveState.GONE),
    MoveState.CALLED: (MoveState.CALLED, MoveState.MIGRATING, *_ENDS),
    MoveState.MIGRATING: (MoveState.MIGRATING, *_ENDS),
    MoveState.REFUSED: (MoveState.WAITING,),
    MoveState.NOT_MOVED: (MoveState.WAITING,),
}


@dataclasses.dataclass(frozen=True)
class EndedAttempt:
    """A call of nova's that has ended, and how.

    :ivar number: the first has 1
    :ivar migration: its id; None: nova has made none, or it is not known
    :ivar destination: that was named, or that nova has chosen
    :ivar state: in which it ended
    :ivar called: when, in seconds since the epoch, as is ended
    :ivar blocked: reasons with codes
    :ivar why: one line for a person, where the server did not simply move
    """

    number: int
    migration: int | None
    destination: str | None
    state: MoveState
    called: float
    ended: float
    blocked: tuple[drain_blockers.Blocked, ...] = ()
    why: str = ''


@dataclasses.dataclass(frozen=True)
class ServerMove:
    """A server and what has become of its move so far.

    :ivar bytes: what it moves at most; None: not known
    :ivar copies: whether local disks may have to be copied
    :ivar attempts: calls so far
    :ivar destination: that was named, or that nova has chosen
    :ivar named: whether the drain has named it, out of several
    :ivar avoided: destinations at which it failed
    :ivar before: id of its latest migration before the call
    :ivar migration: id of the migration that the call made
    :ivar request: nova's id of the call
    :ivar called: when, in seconds since the epoch
    :ivar volumes: its attachments before the call
    :ivar blocked: reasons with codes, of a refusal or of what keeps it
    :ivar why: one line for a person, where it did not simply move
    :ivar ended_attempts: the calls that have ended, the first one first
    """

    server: drain_servers.DrainServer
    bytes: int | None
    copies: bool = True
    state: MoveState = MoveState.WAITING
    attempts: int = 0
    destination: str | None = None
    named: bool = False
    avoided: tuple[str, ...] = ()
    before: int = 0
    migration: int | None = None
    request: str = ''
    called: float = 0.0
    volumes: nova_port.Attachments = frozenset()
    blocked: tuple[drain_blockers.Blocked, ...] = ()
    why: str = ''
    ended_attempts: tuple[EndedAttempt, ...] = ()

    @property
    def flies(self) -> bool:
        """Return whether nova has been asked and has not ended it."""
        return self.state in (MoveState.CALLED, MoveState.MIGRATING)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more happens to it."""
        return not self.flies and self.state is not MoveState.WAITING

    def to(self, state: MoveState, **changes: typing.Any) -> 'ServerMove':
        """Return the move in its next state.

        :raises ValueError: when no way leads there; a defect of ours
        """
        if state not in _NEXT.get(self.state, ()):
            raise ValueError(f'{self.state.value} to {state.value}')
        return dataclasses.replace(self, state=state, **changes)

    def with_ended_attempt(self, ended: float) -> 'ServerMove':
        """Return it with its latest call among those that have ended.

        :param ended: when, in seconds since the epoch
        """
        attempt = EndedAttempt(
            self.attempts,
            self.migration,
            self.destination,
            self.state,
            self.called,
            ended,
            self.blocked,
            self.why,
        )
        return dataclasses.replace(
            self, ended_attempts=(*self.ended_attempts, attempt)
        )

    def again(self, most: int, *, elsewhere: bool) -> 'ServerMove | None':
        """Return it waiting for another try; None where there is none.

        What is unknown, in ERROR or aborted is never tried again. A refusal
        is, where the drain has named the destination out of several: another
        may do.

        :param most: calls in all
        :param elsewhere: whether it may go to another destination
        """
        refused = self.state is MoveState.REFUSED
        if self.attempts >= most or not (
            self.state is MoveState.NOT_MOVED
            or (refused and self.named and elsewhere)
        ):
            return None
        avoided = self.avoided
        if self.destination and self.destination not in avoided:
            avoided = (*avoided, self.destination)
        return self.to(
            MoveState.WAITING,
            avoided=avoided if elsewhere else (),
            destination=None,
            named=False,
            migration=None,
            request='',
        )

    def continued(self, former: 'ServerMove') -> 'ServerMove':
        """Return it with what an earlier run of the drain has tried."""
        return dataclasses.replace(
            self,
            attempts=former.attempts,
            avoided=former.avoided,
            ended_attempts=former.ended_attempts,
        )

    def tree(self) -> dict[str, typing.Any]:
        """Return it as JSON's types, for the journal; a contract."""
        tree: dict[str, typing.Any] = json_fields.plain(
            dataclasses.replace(self, volumes=frozenset())
        )
        tree['volumes'] = sorted(map(list, self.volumes))
        return tree


def read(tree: typing.Any) -> ServerMove:
    """Read what :meth:`ServerMove.tree` has written.

    :raises JournalFailed: when it is no such tree
    """
    try:
        fields = {'bytes': None, **tree}
        server = {'host': None, 'disk_bytes': None, **fields['server']}
        fields['server'] = drain_servers.DrainServer(**server)
        fields['state'] = MoveState(fields['state'])
        fields['avoided'] = tuple(fields['avoided'])
        fields['volumes'] = frozenset((v, d) for v, d in fields['volumes'])
        fields['blocked'] = _blocked(fields)
        attempts = fields.get('ended_attempts', ())
        fields['ended_attempts'] = tuple(map(_ended_attempt, attempts))
        return ServerMove(**fields)
    except (TypeError, KeyError, ValueError, AttributeError) as err:
        raise exceptions.JournalFailed(
            f'no move of a server: {err!r}'
        ) from err


def _ended_attempt(
    tree: collections.abc.Mapping[str, typing.Any],
) -> EndedAttempt:
    fields = dict(tree)
    fields['state'] = MoveState(fields['state'])
    fields['blocked'] = _blocked(fields)
    return EndedAttempt(**fields)


def _blocked(
    tree: collections.abc.Mapping[str, typing.Any],
) -> tuple[drain_blockers.Blocked, ...]:
    return tuple(drain_blockers.Blocked(**each) for each in tree['blocked'])
