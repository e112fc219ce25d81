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

"""What our command told of a migration, and whether it is so."""

from dataclasses import dataclass

from lab.faults import host_inspection
from lab.faults import verification
from lab.faults.command_line import CommandLine
from lab.faults.command_line import Said


@dataclass(frozen=True)
class ToldOutcome:
    """One outcome, held against both hosts.

    :ivar untrue: it is not so, or it was never told
    :ivar afterwards: what was told once everything worked again, where it
        was unknown
    :ivar left: host and path of what was told to be left
    :ivar text: for who looks into it
    """

    untrue: bool
    afterwards: str
    left: frozenset[tuple[str, str]]
    text: str


def judge(
    program: CommandLine, said: Said, found: host_inspection.Inspection
) -> ToldOutcome:
    """Hold an outcome against what was found, once both hosts answer."""
    # It has to come to an end, whatever that is.
    untrue = said.outcome == 'hangs'
    untrue |= not verification.is_true(said.outcome, found)
    if said.outcome != 'unknown':
        return ToldOutcome(untrue, '', said.left, said.text)
    # Now it must be known.
    resumed = program.resume_report()
    return ToldOutcome(
        untrue or not verification.is_true(resumed.outcome, found),
        resumed.outcome,
        said.left | resumed.left,
        f'{said.text} | afterwards: {resumed.text}',
    )
