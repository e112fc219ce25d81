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

"""How much may be on the way at once: in number, and in bytes."""

import collections.abc
import dataclasses


@dataclasses.dataclass(frozen=True)
class Flight:
    """A migration on its way, as it counts.

    :ivar bytes: what it moves at most; None: not known
    :ivar destination: None until nova has said which
    """

    bytes: int | None
    destination: str | None


@dataclasses.dataclass(frozen=True)
class FlightBudget:
    """The bounds of a drain; None: no bound.

    A flight of unknown size takes all of a bound, and one whose destination
    is not known yet counts at each: so that none is above its bound whatever
    nova chooses.

    :ivar concurrent: migrations at once
    :ivar destination_bytes: on the way to one destination
    :ivar link_bytes: on the way from the host, to all of them
    """

    concurrent: int
    destination_bytes: int | None = None
    link_bytes: int | None = None

    @property
    def smallest(self) -> int | None:
        """Return the bound that a single flight meets first."""
        bounds = (self.destination_bytes, self.link_bytes)
        return min((b for b in bounds if b is not None), default=None)

    def leaves(
        self, flights: collections.abc.Collection[Flight], size: int | None
    ) -> bool:
        """Tell whether one more of this size may leave the host."""
        if len(flights) >= self.concurrent:
            return False
        return _fits(flights, size, self.link_bytes)

    def has_room(
        self,
        flights: collections.abc.Iterable[Flight],
        size: int | None,
        destination: str,
    ) -> bool:
        """Tell whether one more of this size may go to a destination."""
        there = [f for f in flights if f.destination in (None, destination)]
        return _fits(there, size, self.destination_bytes)


def _fits(
    flights: collections.abc.Iterable[Flight],
    size: int | None,
    bound: int | None,
) -> bool:
    if bound is None:
        return True
    sizes = [flight.bytes for flight in flights]
    if size is None or None in sizes:
        return not sizes
    return sum(each or 0 for each in sizes) + size <= bound
