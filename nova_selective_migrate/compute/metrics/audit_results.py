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
"""The results of the last audit of this host, from its file."""

import collections.abc
import dataclasses
import os

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.plan import written_audit

#: Bytes; an audit of 300 guests with 4 disks each takes less than 2 MiB.
_LARGEST = 64 << 20
#: What may stand as a reason in a label: nothing that came from elsewhere.
KNOWN_CODES = frozenset(
    reason.value
    for kind in (
        reasons.Reason,
        disk_refusals.DiskRefusal,
        plan_refusals.PlanRefusal,
    )
    for reason in kind
)


@dataclasses.dataclass(frozen=True)
class AuditResults:
    """How many guests of this host can move, as the audit has found.

    :ivar time: Unix time at which the audit was written
    :ivar refused_by: guests that each reason code refuses
    """

    time: float
    movable: int
    refused: int
    not_planned: int
    copy_bytes: int
    memory_bytes: int
    refused_by: collections.abc.Mapping[str, int]


class AuditFile:
    """Reads the audit again when its file is another one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], AuditResults] | None = None

    def results(self) -> AuditResults | None:
        """Return the results; None where there is no audit.

        :raises InvalidInput: when the file is no audit
        :raises OSError: when it cannot be read
        """
        try:
            with open(self._path, 'rb') as file:
                found = os.fstat(file.fileno())
                stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
                if self._read is not None and self._read[0] == stamp:
                    return self._read[1]
                text = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return None
        results = _results(self._path, text, found.st_mtime)
        self._read = stamp, results
        return results


def _results(path: str, text: bytes, time: float) -> AuditResults:
    if len(text) > _LARGEST:
        raise exceptions.InvalidInput(f'{path} is no audit: it is too large')
    try:
        totals = written_audit.WrittenAudit(text).totals()
    except exceptions.InvalidInput as err:
        raise exceptions.InvalidInput(f'{path} is no audit: {err}') from err
    return AuditResults(
        time,
        totals.movable,
        totals.refused,
        totals.not_planned,
        totals.copy_bytes,
        totals.memory_bytes,
        {
            code: count
            for code, count in totals.reasons.items()
            if code in KNOWN_CODES
        },
    )
