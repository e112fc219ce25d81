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
"""The plans of all guests of a host: which can move, and what it takes."""

import collections
import dataclasses
import functools
import typing

from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.model import nova_servers
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import stock_choice

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class GuestAudit:
    """What a migration of one guest would do.

    :ivar plan: None where none could be made
    :ivar problem: why none could be made; else empty
    :ivar memory_bytes: memory that the guest has now; None: not known
    :ivar server: what nova knows of it; None where nova was not asked, or
        knows nothing of it
    """

    name: str
    uuid: str
    plan: migration_plan.MigrationPlan | None
    problem: str = ''
    memory_bytes: int | None = None
    server: nova_servers.NovaServer | None = None

    @property
    def movable(self) -> bool:
        """Return whether its plan is ready."""
        return self.plan is not None and self.plan.ready

    @property
    def taken(self) -> bool:
        """Return whether it can move now: what nova's API says changes."""
        refused = self.server is not None and bool(self.server.refuses)
        return self.movable and not refused

    @functools.cached_property
    def stock(self) -> stock_choice.StockChoice | None:
        """Return what nova's own driver would do; None: not known."""
        if self.plan is None or self.server is None:
            return None
        return stock_choice.of_plan(self.plan, self.server)

    def duties(self) -> list[dict[str, str]]:
        """Return the duties of its plan as JSON's types.

        What is in the directory of a server is brought over by the driver.
        """
        duties = self.plan.duties if self.plan else ()
        return [self._duty(duty) for duty in duties]

    def _duty(self, duty: media_duties.Duty) -> dict[str, str]:
        tree = plan_formats.duty_tree(duty)
        if self.server is not None and self.server.holds(duty.path):
            tree['message'] = media_duties.brought_over(duty.target, duty.path)
        return tree

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the reason codes that refuse it, each once."""
        if self.plan is None:
            return ()
        return tuple(dict.fromkeys(r.reason.value for r in self.plan.refusals))

    @property
    def copy_bytes(self) -> int:
        """Return the bytes of disks that move; 0 where it cannot move."""
        return self.plan.copy_bytes if self.plan else 0

    @property
    def moved_bytes(self) -> int:
        """Return the bytes of disks and memory that move at least."""
        return self.copy_bytes + (self.memory_bytes or 0) * self.movable


@dataclasses.dataclass(frozen=True)
class NovaHost:
    """A host as nova's records have it.

    :ivar host: by nova's name
    :ivar mode: of [selective_migrate], or disabled
    :ivar not_running: its servers of which no guest runs, by name; None:
        not looked for
    """

    host: str
    mode: str
    not_running: tuple[nova_servers.NovaServer, ...] | None = None

    def tree(self) -> dict[str, typing.Any]:
        """Return it as JSON's types."""
        found = self.not_running
        return {
            'host': self.host,
            'mode': self.mode,
            'not_running': None
            if found is None
            else [{'uuid': one.uuid, 'name': one.name} for one in found],
        }


@dataclasses.dataclass(frozen=True)
class HostAudit:
    """All running guests of a host, in the order of their names.

    :ivar host: libvirt URI without secrets, as is the destination's
    :ivar destination: None where the guests were planned without one
    :ivar rate: MiB/s that a migration is taken to have; None: not known
    :ivar nova: None where nova was not asked
    """

    host: str
    destination: str | None
    rate: int | None
    guests: tuple[GuestAudit, ...]
    nova: NovaHost | None = None

    @property
    def movable(self) -> bool:
        """Return whether every guest can move now."""
        return all(guest.taken for guest in self.guests)

    def seconds(self, count: int) -> float | None:
        """Estimate how long so many bytes take; None without a rate.

        What the guest writes meanwhile is sent again and not counted.
        """
        return round(count / (self.rate * MIB), 1) if self.rate else None

    def tree(self) -> dict[str, typing.Any]:
        """Return the audit as JSON's types; the field names are a contract.

        What nova says is there only where nova was asked.
        """
        found = {
            'host': self.host,
            'destination': self.destination,
            'rate_mib_s': self.rate,
            'guests': [self._guest(guest) for guest in self.guests],
            'totals': self._totals(),
        }
        return found | ({'nova': self.nova.tree()} if self.nova else {})

    def _guest(self, guest: GuestAudit) -> dict[str, typing.Any]:
        plan = plan_formats.plan_tree(guest.plan) if guest.plan else {}
        return {
            'name': guest.name,
            'uuid': guest.uuid,
            'movable': guest.movable,
            'problem': guest.problem or None,
            'copied': plan.get('migrate_disks', []),
            'copy_bytes': guest.copy_bytes,
            'memory_bytes': guest.memory_bytes,
            'seconds': self.seconds(guest.moved_bytes)
            if guest.movable
            else None,
            'refusals': plan.get('refusals', []),
            'duties': guest.duties(),
            'notes': plan.get('notes', []),
        } | ({'nova': _server(guest)} if self.nova else {})

    def _totals(self) -> dict[str, typing.Any]:
        movable = [guest for guest in self.guests if guest.movable]
        failed = [guest for guest in self.guests if guest.plan is None]
        stock = [found for guest in self.guests if (found := guest.stock)]
        reasons = collections.Counter(
            code for guest in self.guests for code in guest.codes
        )
        moved = sum(guest.moved_bytes for guest in movable)
        return {
            'guests': len(self.guests),
            'movable': len(movable),
            'refused': len(self.guests) - len(movable) - len(failed),
            'not_planned': len(failed),
            'copy_bytes': sum(guest.copy_bytes for guest in movable),
            'memory_bytes': sum(guest.memory_bytes or 0 for guest in movable),
            'seconds': self.seconds(moved),
            'reasons': dict(sorted(reasons.items())),
        } | (
            {'stock_differs': sum(each.differs for each in stock)}
            if self.nova
            else {}
        )


def _server(guest: GuestAudit) -> dict[str, typing.Any] | None:
    server = guest.server
    if server is None:
        return None
    return {
        'name': server.name,
        'vm_state': server.vm_state,
        'task_state': server.task_state,
        'refuses': server.refuses or None,
        'stock': guest.stock.tree() if guest.stock else None,
    }
