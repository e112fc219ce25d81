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

"""Choose what to try, by a seed, and try it."""

import collections
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import functools
import itertools
from pathlib import Path
import random
import subprocess

from lab.errors import LabError
from lab.faults import crossing_guests
from lab.faults import server_trial
from lab.faults.command_line_trial import Trial
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase
from lab.faults.trial_results import TrialResult
from lab.lab_homes import own_home
from lab.laboratory import Lab
from lab.nova import nova_cloud

#: These wait for time-outs of the network: not where time is short.
_SLOW = (Fault.WIRE_CUT, Fault.NBD_FILTERED)
#: A destination that nova prepares has no image of anybody else's, and
#: nova takes no second migration of a server.
_NOT_OF_NOVA = (
    Fault.OTHER_SIZE,
    Fault.OTHER_FORMAT,
    Fault.DISK_FULL,
    Fault.SECOND,
)
#: Our command line has nothing at the destination.
_OF_NOVA = (Fault.PEER, Fault.PEER_TERMINATED)
#: Then the hosts are brought up anew: their logs are read from the start.
_BATCH = 12
#: What the laboratory raises where it cannot go on with a trial.
_BREAKS = (LabError, OSError, subprocess.SubprocessError)


@dataclass(frozen=True)
class Wanted:
    """What a campaign is to try.

    :ivar interpreter: of an environment with nova; None is our command line
    :ivar short: quick faults, each of them once
    :ivar mapped: whether our command line maps disks to another path
    :ivar media: whether its guests have media that are brought over
    """

    seed: int
    runs: int
    short: bool = False
    interpreter: Path | None = None
    fault: Fault | None = None
    phase: Phase | None = None
    mapped: bool = False
    media: bool = False

    @property
    def crosses(self) -> bool:
        """Tell whether guests cross after each batch.

        They have no media, and are not mapped.
        """
        ours = self.interpreter is None and self.fault is None
        return ours and not (self.mapped or self.media)


@dataclass(frozen=True)
class Choice:
    """One of the things that can be tried."""

    fault: Fault
    phase: Phase | None
    seed: int
    direct: bool


@dataclass(frozen=True)
class Crossing:
    """Guests that cross: the last of a batch of our command line."""

    seed: int
    cut: bool


_Attempt = Callable[[Choice | Crossing], list[TrialResult]]


def run(wanted: Wanted) -> Iterator[TrialResult]:
    """Run a campaign, and yield what each trial has shown.

    A trial that the laboratory breaks off is told as such; the others go
    on, on hosts that are brought up anew.
    """
    choices = itertools.islice(_choices(wanted), wanted.runs)
    for number in itertools.count():
        found = list(itertools.islice(choices, _BATCH))
        # Their nova-computes are other ones.
        found.sort(key=lambda choice: choice.phase is Phase.POST_COPY)
        batch = collections.deque[Choice | Crossing](found)
        if not batch:
            return
        if wanted.crosses:
            cut = bool(number % 2)
            batch.append(Crossing(wanted.seed + number, cut))
        while batch:
            yield from _on_new_hosts(wanted, batch)


def _on_new_hosts(
    wanted: Wanted, batch: collections.deque[Choice | Crossing]
) -> Iterator[TrialResult]:
    """Bring hosts up and try what is left of a batch, as far as they go."""
    with contextlib.ExitStack() as stack:
        lab = stack.enter_context(Lab.open(home=own_home('faults')))
        world = FaultHosts(lab)
        world.hurry()
        attempt: _Attempt = functools.partial(
            _by_program, world, mapped=wanted.mapped, media=wanted.media
        )
        driver = 'cli'
        if wanted.interpreter is not None:
            nova = _Nova(world, wanted.interpreter)
            stack.callback(nova_cloud.stop, lab)
            attempt = nova.attempt
            driver = f'nova {nova.version}'
        while batch:
            choice = batch.popleft()
            try:
                yield from attempt(choice)
            except _BREAKS as err:
                yield _broken_off(driver, choice, err)
                return


def _by_program(
    world: FaultHosts, choice: Choice | Crossing, *, mapped: bool, media: bool
) -> list[TrialResult]:
    if isinstance(choice, Crossing):
        return crossing_guests.run(world, choice.seed, cut=choice.cut)
    trial = Trial(
        choice.fault, choice.phase, choice.seed, choice.direct, mapped, media
    )
    return [trial.run(world)]


class _Nova:
    """nova-computes, with post-copy only for those who try that.

    Where it is permitted nova begins it by itself as well.
    """

    def __init__(self, world: FaultHosts, interpreter: Path) -> None:
        self._world = world
        self._interpreter = interpreter
        self._cloud: nova_cloud.Cloud | None = None
        self._post_copy = False
        self.version = _version(interpreter)

    def attempt(self, choice: Choice | Crossing) -> list[TrialResult]:
        """Try something with nova-computes as that needs them."""
        assert isinstance(choice, Choice)
        post_copy = choice.phase is Phase.POST_COPY
        if self._cloud is None or post_copy is not self._post_copy:
            self._cloud = server_trial.start(
                self._world, self._interpreter, post_copy=post_copy
            )
            self._post_copy = post_copy
        trial = server_trial.ServerTrial(
            choice.fault, choice.phase, choice.seed, self.version
        )
        return [trial.run(self._world, self._cloud)]


def _broken_off(
    driver: str, choice: Choice | Crossing, err: Exception
) -> TrialResult:
    phase, fault = '', 'guests crossing'
    if isinstance(choice, Choice):
        fault = choice.fault.value
        phase = choice.phase.words if choice.phase else ''
    return TrialResult(
        driver=driver,
        phase=phase,
        fault=fault,
        seed=choice.seed,
        inflicted=False,
        outcome='broken off',
        truth='-',
        seconds=0.0,
        broken_off=f'{type(err).__name__}: {err}',
    )


def _version(interpreter: Path) -> str:
    code = 'import importlib.metadata as m; print(m.version("nova"))'
    done = subprocess.run(
        [interpreter, '-c', code], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _choices(wanted: Wanted) -> Iterator[Choice]:
    """Yield what to try, without end; a short one has one of each fault."""
    found = itertools.chain.from_iterable(
        _all(wanted, wanted.seed + number) for number in itertools.count()
    )
    if not wanted.short:
        yield from found
        return
    seen: set[Fault] = set()
    for choice in _all(wanted, wanted.seed):
        if choice.fault not in seen and choice.fault not in _SLOW:
            seen.add(choice.fault)
            yield choice


def _all(wanted: Wanted, seed: int) -> Iterator[Choice]:
    """Yield everything once, in a random order, with seeds of its own."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    nova = wanted.interpreter is not None
    all_ = [
        (fault, phase, direct)
        for fault in Fault
        if not (nova and fault in _NOT_OF_NOVA)
        if nova or fault not in _OF_NOVA
        if wanted.fault in (None, fault)
        for phase in (Phase if fault.has_phase else (None,))
        if wanted.phase in (None, phase)
        if phase is None or phase.allows(fault)
        for direct in ((False,) if nova else (False, True))
    ]
    chance.shuffle(all_)
    for fault, phase, direct in all_:
        yield Choice(fault, phase, chance.randrange(10**7), direct)
