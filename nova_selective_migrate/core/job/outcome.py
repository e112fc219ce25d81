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

"""How a migration ended, told from the state of both hosts."""

import dataclasses
import enum


class Presence(enum.Enum):
    """What a host has of a domain.

    SWITCHING is the pause that libvirt makes for a migration: on the
    source while it hands over, at the destination while it waits.
    """

    RUNNING = 'running'
    PAUSED = 'paused'
    SWITCHING = 'paused by the migration'
    OFF = 'shut off'
    MIGRATED = 'shut off after a migration'
    ABSENT = 'absent'
    UNREACHABLE = 'unreachable'


_HOLDS = (Presence.RUNNING, Presence.PAUSED)


@dataclasses.dataclass(frozen=True)
class Side:
    """One host's state of a domain, with libvirt's words for it."""

    presence: Presence
    detail: str = ''

    @property
    def holds(self) -> bool:
        """Tell whether the guest is here, and not about to leave."""
        return self.presence in _HOLDS

    def __str__(self) -> str:
        detail = f' ({self.detail})' if self.detail else ''
        return f'{self.presence.value}{detail}'


class Ending(enum.Enum):
    """Where the guest is after a migration."""

    MOVED = 'moved'
    NOT_MOVED = 'not-moved'
    UNKNOWN = 'unknown'


@dataclasses.dataclass(frozen=True)
class Settlement:
    """An ending and what it follows from.

    :ivar final: False while waiting can still change it
    """

    ending: Ending
    explanation: str
    final: bool = True


_GONE = (Presence.OFF, Presence.MIGRATED, Presence.ABSENT)


def settle(source: Side, destination: Side, *, completed: bool) -> Settlement:
    """Tell where the guest is.

    At most one host may have it for an answer; "not moved" takes that the
    source still has what it had, since images of ours at the destination
    are removed then.

    :param completed: whether the job's completed statistics or the return
        of the call say that the migration succeeded; an exception says
        nothing
    """
    here, there = source.presence, destination.presence
    if Presence.UNREACHABLE in (here, there):
        return _one_side(here, there, completed)
    if here in _HOLDS and there in _HOLDS:
        return Settlement(
            Ending.UNKNOWN,
            'both hosts have the guest: stop one of them at once, after '
            'looking which one has written last',
            # A paused guest is paused on both for a moment.
            final=Presence.RUNNING in (here, there),
        )
    if there in _HOLDS and here in _GONE:
        return Settlement(Ending.MOVED, 'the destination has the guest')
    if here in _HOLDS:
        return _on_source(there)
    if there in _HOLDS:
        return Settlement(
            Ending.UNKNOWN,
            'the destination has the guest and the source has it paused: '
            'look at both and destroy the one that must not run',
            final=False,
        )
    if completed or there is not Presence.ABSENT:
        # It may have run at the destination and stopped there.
        return _nowhere()
    return _failed_without_guest(here)


def _one_side(here: Presence, there: Presence, completed: bool) -> Settlement:
    """Judge with one host, or both, not answering."""
    silent = ' and the '.join(
        name
        for name, presence in (('source', here), ('destination', there))
        if presence is Presence.UNREACHABLE
    )
    if completed and there in _HOLDS:
        words = 'the destination has the guest and the job completed'
    elif completed and here in _GONE:
        words = 'the source has handed over the guest and the job completed'
    else:
        return Settlement(
            Ending.UNKNOWN,
            f'the {silent} cannot be asked: look there whether the guest '
            'runs before starting it anywhere',
            final=False,
        )
    return Settlement(
        Ending.MOVED, f'{words}; the {silent} cannot be asked any more'
    )


def _on_source(there: Presence) -> Settlement:
    if there in _GONE:
        return Settlement(
            Ending.NOT_MOVED, 'the source has the guest as before'
        )
    return Settlement(
        Ending.NOT_MOVED,
        'the source has the guest; the destination still waits for it: '
        'destroy that domain there',
        final=False,
    )


def _nowhere() -> Settlement:
    return Settlement(
        Ending.UNKNOWN,
        'neither host has the guest running: look into the logs of both '
        'before starting it; its disks may be complete on either',
        final=False,
    )


def _failed_without_guest(here: Presence) -> Settlement:
    """Judge a failed migration that left the destination nothing."""
    if here is Presence.SWITCHING:
        return Settlement(
            Ending.NOT_MOVED,
            'the guest is paused on the source by the migration: resume it '
            'with virsh resume',
            final=False,
        )
    if here is Presence.OFF:
        return Settlement(
            Ending.NOT_MOVED,
            'the guest is off on the source: it stopped during the migration',
        )
    return _nowhere()
