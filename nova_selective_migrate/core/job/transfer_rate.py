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

"""How fast a migration that has ended was, for an estimate of the next one."""

import collections.abc
import typing

from nova_selective_migrate.core.job import migration_progress

#: Of less, what a migration takes in any case is too much of its time.
LEAST_BYTES = 64 * 2**20


def measured(
    progress: migration_progress.MigrationProgress | None,
    stats: collections.abc.Mapping[str, typing.Any],
) -> int | None:
    """Return the bytes per second of a migration that has succeeded.

    :param progress: its last one; libvirt counts no disks in the statistics
    :param stats: of the completed job; its memory is what was sent, without
        the pages that are zero
    :returns: None where too little was moved to tell
    """
    if progress is None or progress.seconds <= 0:
        return None
    memory = int(stats.get('memory_processed', 0))
    moved = sum(disk.processed for disk in progress.disks) + memory
    if moved < LEAST_BYTES:
        return None
    return int(moved / progress.seconds)
