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

"""How fast the last migration to each destination was."""

import contextlib
import os

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.host.journal import journal_entries

LOG = plan_log.logger(__name__)
_FIELD = 'bytes_per_second'


class TransferRates:
    """A directory of rates, by the UUIDs of destination hosts.

    A plan does without an estimate where one cannot be read or written.

    :param directory: of the journal of migrations
    """

    def __init__(self, directory: str) -> None:
        self._entries = journal_entries.JournalEntries(
            os.path.join(directory, 'rates')
        )

    def note(self, host: str, bytes_per_second: int) -> None:
        """Write down how fast a migration to a host was; never raises."""
        try:
            self._entries.write(host, {_FIELD: bytes_per_second})
        except exceptions.JournalFailed as err:
            LOG.debug('the rate is not kept: %s', err)

    def of(self, host: str) -> int | None:
        """Return the bytes per second of the last migration to a host."""
        with contextlib.suppress(exceptions.JournalFailed):
            found = (self._entries.read(host) or {}).get(_FIELD)
            if type(found) is int and found > 0:
                return found
        return None
