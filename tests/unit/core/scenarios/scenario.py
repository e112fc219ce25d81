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

"""One case with what the rules decide of it."""

import dataclasses

from tests.unit.core import builders


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A case and its decision.

    :ivar disks: per target the action, and after a blank the reason code
        where the rules leave no other
    :ivar plan: reason codes of the refusals whose target is null
    :ivar also: refusals of disks that are not themselves refused
    """

    name: str
    case: builders.Tree
    disks: dict[str, str]
    plan: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()

    @property
    def __name__(self) -> str:
        """Name the test that ddt makes."""
        return self.name

    @property
    def ready(self) -> bool:
        refused = any(d.startswith('refuse') for d in self.disks.values())
        return not (refused or self.plan or self.also)
