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

"""Choose what to try, by a seed."""

from collections.abc import Iterator
import itertools
import random

from lab.faults.fault import Fault
from lab.faults.phase import Phase
from lab.faults.trial import Trial

#: These wait for time-outs of the network: not where time is short.
_SLOW = (Fault.WIRE_CUT, Fault.NBD_FILTERED)


def trials(seed: int) -> Iterator[Trial]:
    """Yield everything once, in a random order, with seeds of its own."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    all_ = [
        (fault, phase, direct)
        for fault in Fault
        for phase in (Phase if fault.has_phase else (None,))
        for direct in (False, True)
    ]
    chance.shuffle(all_)
    for fault, phase, direct in all_:
        yield Trial(fault, phase, chance.randrange(10**7), direct)


def short(seed: int, count: int) -> Iterator[Trial]:
    """Yield a few that are quick, each of another fault."""
    seen: set[Fault] = set()
    quick = (t for t in trials(seed) if t.fault not in _SLOW)
    for trial in quick:
        if trial.fault not in seen and len(seen) < count:
            seen.add(trial.fault)
            yield trial


def long(seed: int) -> Iterator[Trial]:
    """Yield everything, again and again, with other seeds each time."""
    for number in itertools.count():
        yield from trials(seed + number)
