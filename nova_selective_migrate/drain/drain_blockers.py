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

"""Why a server cannot leave its host: told before anything is moved."""

import dataclasses

from nova_selective_migrate.core.model import refusal_reasons
from nova_selective_migrate.drain import drain_servers


class DrainBlocker(refusal_reasons.RefusalReason):
    """What keeps a server on the host, with its remedy."""

    NOT_RUNNING = (
        'server-not-running',
        'nova live-migrates only servers that are ACTIVE or PAUSED.',
        'start it and drain again, or move it while it is off with openstack '
        'server migrate',
    )
    IN_ERROR = (
        'server-in-error',
        'The server is in ERROR.',
        'find out why; if it runs on this host, reset its state',
    )
    BUSY = (
        'server-busy',
        'The server has a task in progress.',
        'wait until its task state is none, and drain again',
    )
    NOT_PLANNED = (
        'not-planned',
        'The audit could not plan it.',
        'solve what the audit reports, audit the host again and drain again',
    )
    OVER_BUDGET = (
        'over-budget',
        'It may have more bytes to move than may be on the way at once.',
        'raise --bytes-in-flight and --link-bytes-in-flight; without --audit '
        'whole disks are counted, and with it the bytes to copy',
    )
    NO_DESTINATION = (
        'no-destination',
        'No other host of the cloud is enabled and up.',
        'enable nova-compute of another host',
    )


@dataclasses.dataclass(frozen=True)
class Blocked:
    """One reason for which a server stays.

    :ivar code: of this module, or the reason code of an audit or the driver
    :ivar message: one line for a person, with the remedy
    """

    code: str
    message: str

    @classmethod
    def by(cls, blocker: DrainBlocker, detail: str = '') -> 'Blocked':
        """State a blocker of this module."""
        about = f' ({detail})' if detail else ''
        return cls(
            str(blocker.value),
            f'{blocker.meaning[:-1]}{about}. Remedy: {blocker.remedy}.',
        )


def of_server(server: drain_servers.DrainServer) -> Blocked | None:
    """Return why nova would not migrate a server live as it is."""
    if server.status == 'ERROR':
        return Blocked.by(DrainBlocker.IN_ERROR, server.fault)
    if server.task is not None:
        return Blocked.by(DrainBlocker.BUSY, server.task)
    if server.status not in drain_servers.LIVE_STATUSES:
        return Blocked.by(DrainBlocker.NOT_RUNNING, server.status)
    return None
