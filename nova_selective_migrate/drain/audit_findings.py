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

"""What an audit of the host says of its servers.

It reads the JSON of ``nova-selective-migrate host audit -f json``, or the
file that the driver leaves.
"""

import collections.abc
import dataclasses

from nova_selective_migrate.core.plan import written_audit
from nova_selective_migrate.drain import drain_blockers


@dataclasses.dataclass(frozen=True)
class AuditFinding:
    """What the audit says of one server.

    :ivar blocked: why it cannot move; empty where it can
    :ivar bytes: disks to copy and memory; None where it is not known
    :ivar copies: whether a disk is copied
    """

    uuid: str
    blocked: tuple[drain_blockers.Blocked, ...]
    bytes: int | None
    copies: bool


@dataclasses.dataclass(frozen=True)
class AuditFindings:
    """The findings of an audit, by server."""

    findings: collections.abc.Mapping[str, AuditFinding]

    def of(self, uuid: str) -> AuditFinding | None:
        """Return what is said of a server; None where nothing is."""
        return self.findings.get(uuid)


def read(text: str) -> AuditFindings:
    """Read the JSON of an audit.

    :raises InvalidInput: when it is no such JSON
    """
    found = map(_finding, written_audit.WrittenAudit(text).guests())
    return AuditFindings({each.uuid: each for each in found})


def _finding(guest: written_audit.WrittenGuest) -> AuditFinding:
    copied, memory = guest.copy_bytes, guest.memory_bytes
    known = copied is not None and memory is not None
    return AuditFinding(
        guest.uuid,
        () if guest.movable else _reasons(guest),
        (copied or 0) + (memory or 0) if known and guest.movable else None,
        bool(guest.copied),
    )


def _reasons(
    guest: written_audit.WrittenGuest,
) -> tuple[drain_blockers.Blocked, ...]:
    refusals = tuple(
        drain_blockers.Blocked(code, message)
        for code, message in guest.refusals
    )
    return refusals or (
        drain_blockers.Blocked.by(
            drain_blockers.DrainBlocker.NOT_PLANNED, guest.problem
        ),
    )
