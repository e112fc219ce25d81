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

"""What an operator asks of a drain."""

import dataclasses
import fnmatch
import re

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import flight_budgets

_SIZE = re.compile(r'([1-9][0-9]*)\s*(B|[KMGTP]iB)', re.ASCII)
_UNITS = ('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB')
_KEYS = ('name', 'flavor', 'status')


@dataclasses.dataclass(frozen=True)
class ServerFilter:
    """One condition that a server has to meet.

    :ivar key: name, flavor or status
    :ivar pattern: as a shell matches file names; case counts
    """

    key: str
    pattern: str

    @classmethod
    def of(cls, text: str) -> 'ServerFilter':
        """Read KEY=PATTERN.

        :raises InvalidInput: when it is none
        """
        key, equals, pattern = text.partition('=')
        if not equals or key not in _KEYS or not pattern:
            raise exceptions.InvalidInput(
                f'{text!r} is no filter: give KEY=PATTERN, where KEY is one '
                f'of {", ".join(_KEYS)}'
            )
        return cls(key, pattern)

    def takes(self, server: drain_servers.DrainServer) -> bool:
        """Tell whether a server meets it."""
        return fnmatch.fnmatchcase(getattr(server, self.key), self.pattern)


@dataclasses.dataclass(frozen=True)
class DrainOptions:
    """How a host is to be emptied.

    :ivar target: the only destination; None: any
    :ivar projects: ids; empty: all
    :ivar attempts: calls for one server, at most
    """

    host: str
    budget: flight_budgets.FlightBudget
    target: str | None = None
    projects: tuple[str, ...] = ()
    filters: tuple[ServerFilter, ...] = ()
    attempts: int = 3

    def takes(self, server: drain_servers.DrainServer) -> bool:
        """Tell whether a server is asked for."""
        if self.projects and server.project not in self.projects:
            return False
        return all(each.takes(server) for each in self.filters)


def read_size(text: str) -> int:
    """Read a size with its unit, such as 200GiB, as bytes.

    :raises InvalidInput: when it is none
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise exceptions.InvalidInput(
            f'{text!r} is no size: give a whole number and one of '
            f'{", ".join(_UNITS)}, such as 200GiB'
        )
    return int(found[1]) << (10 * _UNITS.index(found[2]))
