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

from collections.abc import Iterator
from dataclasses import dataclass
import itertools
from pathlib import Path
import random
import subprocess

from lab.faults import crossing
from lab.faults import server_trial
from lab.faults.fault import Fault
from lab.faults.phase import Phase
from lab.faults.row import Row
from lab.faults.trial import Trial
from lab.faults.world import World
from lab.lab import Lab
from lab.nova import cloud as cloud_

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
#: Then the hosts are brought up anew: their logs are read from the start.
_BATCH = 12


@dataclass(frozen=True)
class Wanted:
    """What a campaign is to try.

    :ivar interpreter: of an environment with nova; None is our command line
    :ivar short: quick faults, each of them once
    """

    seed: int
    runs: int
    short: bool = False
    interpreter: Path | None = None
    fault: Fault | None = None
    phase: Phase | None = None


@dataclass(frozen=True)
class Choice:
    """One of the things that can be tried."""

    fault: Fault
    phase: Phase | None
    seed: int
    direct: bool


def run(wanted: Wanted) -> Iterator[Row]:
    """Run a campaign, and yield what each trial has shown."""
    choices = itertools.islice(_choices(wanted), wanted.runs)
    number = 0
    while batch := list(itertools.islice(choices, _BATCH)):
        with Lab.open() as lab:
            world = World(lab)
            world.hurry()
            if wanted.interpreter is not None:
                yield from _with_nova(world, wanted.interpreter, batch)
                continue
            for choice in batch:
                yield Trial(
                    choice.fault, choice.phase, choice.seed, choice.direct
                ).run(world)
            if wanted.fault is None:
                seed = wanted.seed + number
                yield from crossing.run(world, seed, cut=bool(number % 2))
            number += 1


def _with_nova(
    world: World, interpreter: Path, batch: list[Choice]
) -> Iterator[Row]:
    version = _version(interpreter)
    cloud = server_trial.start(world, interpreter)
    try:
        for choice in batch:
            yield server_trial.ServerTrial(
                choice.fault, choice.phase, choice.seed, version
            ).run(world, cloud)
    finally:
        cloud_.stop(world.lab)


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
        if nova or fault is not Fault.PEER
        if wanted.fault in (None, fault)
        for phase in (Phase if fault.has_phase else (None,))
        if wanted.phase in (None, phase)
        for direct in ((False,) if nova else (False, True))
    ]
    chance.shuffle(all_)
    for fault, phase, direct in all_:
        yield Choice(fault, phase, chance.randrange(10**7), direct)
