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

"""What one trial has shown, and what a campaign adds up to."""

from collections.abc import Iterable
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import Any


@dataclass(frozen=True)
class TrialResult:
    """One migration with one fault.

    :ivar driver: 'cli peer to peer', 'cli direct' or 'nova VERSION'
    :ivar phase: in which the fault was inflicted; empty for none
    :ivar inflicted: whether it was; a phase may never have come
    :ivar outcome: what was said of the migration
    :ivar truth: the host that has the guest, 'both' or 'none'
    :ivar lost_records: acknowledged by the guest, and on no disk of it
    :ivar shared_written: QEMU was told to copy, or to export, a shared disk
    :ivar double_run: the guest was left running on both hosts
    :ivar on_both: for how many seconds it did, however that ended
    :ivar untrue: what was said is not so
    :ivar unlisted: leftovers that nobody has named
    :ivar listed: how many leftovers were named
    :ivar afterwards: what was said once everything worked again, where the
        outcome was unknown
    :ivar broken_off: what the laboratory could not do; then nothing is known
        of the migration, and this is no trial
    """

    driver: str
    phase: str
    fault: str
    seed: int
    inflicted: bool
    outcome: str
    truth: str
    seconds: float
    lost_records: int = 0
    shared_written: bool = False
    double_run: bool = False
    on_both: float = 0.0
    untrue: bool = False
    unlisted: tuple[str, ...] = ()
    listed: int = 0
    afterwards: str = ''
    broken_off: str = ''
    #: For who looks into it: what was said, and what was found.
    said: str = ''
    found: tuple[str, ...] = field(default_factory=tuple)

    @property
    def clean(self) -> bool:
        """Tell whether nothing that must not be was seen."""
        return not (
            self.lost_records
            or self.shared_written
            or self.double_run
            or self.untrue
            or self.unlisted
            or self.broken_off
        )

    @property
    def words(self) -> str:
        """Return a line, and more where there is something to see."""
        mark = 'ok ' if self.clean else 'OFF' if self.broken_off else 'BAD'
        said = (
            f'{mark} {self.driver}, {self.fault}'
            f'{", " + self.phase if self.phase else ""}, seed {self.seed}: '
            f'{self.outcome}, guest on {self.truth}'
            f'{"" if self.inflicted else ", NOT INFLICTED"}, {self.seconds} s'
        )
        if self.broken_off:
            return f'{said}\n    {self.broken_off}'
        if self.clean and self.outcome not in ('unknown', 'failed'):
            return said
        return (
            f'{said}\n    lost {self.lost_records} shared '
            f'{self.shared_written} double {self.double_run} on both '
            f'{self.on_both} s untrue {self.untrue} unlisted {self.unlisted}\n'
            f'    {self.said}\n    {self.found}'
        )


def totals(rows: Iterable[TrialResult]) -> dict[str, Any]:
    """Add up a campaign: the content of faults.json."""
    rows = list(rows)
    return {
        'runs': sum(not row.broken_off for row in rows),
        'broken_off': sum(bool(row.broken_off) for row in rows),
        'faults': sum(row.inflicted for row in rows),
        'lost_records': sum(row.lost_records for row in rows),
        'shared_written': sum(row.shared_written for row in rows),
        'double_runs': sum(row.double_run for row in rows),
        'on_both': sum(row.on_both > 0 for row in rows),
        'untrue_outcomes': sum(row.untrue for row in rows),
        'unlisted_leftovers': sum(len(row.unlisted) for row in rows),
        'rows': [asdict(row) for row in rows],
    }
