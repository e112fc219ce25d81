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

"""Make, prove and remove the logical volumes of incoming migrations.

Its UUID proves a volume, never its name, which another one can have by now.
"""

import collections.abc
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_volume_groups
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.wire import instance_disk_info
from nova_selective_migrate.compute.wire import volume_transfer
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users

LOG = migration_log.logger(__name__)


def expected(
    disk_info: str | None, *, shared: bool
) -> list[volume_transfer.ExpectedVolume]:
    """Return the logical volumes that the source lists.

    :param disk_info: JSON text of instance_disk_info.dumps_disk_info, or
        nova's own
    :param shared: whether both hosts see one directory of the instance
    :raises PreparationFailed: when they are damaged, or nova would not roll
        them back
    """
    try:
        entries = instance_disk_info.loads_disk_info(disk_info)
    except exceptions.PreparationFailed:
        return []  # what cannot be read is refused as it is journalled
    volumes = instance_disk_info.expected_volumes(entries)
    if volumes and shared:
        raise exceptions.PreparationFailed(
            'both hosts see one directory of the instance, so that nova '
            'would not roll back its logical volumes here'
        )
    return volumes


def make(
    journal: incoming_journal.IncomingJournal,
    instance: str,
    wanted: collections.abc.Iterable[volume_transfer.ExpectedVolume],
) -> None:
    """Make volumes through nova's code, each written down as it is made.

    What is made stays where another one fails: the rollback removes it.

    :param journal: has an entry of the instance
    :param instance: UUID
    :raises PreparationFailed: when one cannot be made as it has to be
    :raises JournalFailed: when one cannot be written down
    """
    group = nova_volume_groups.configured()
    for volume in wanted:
        name = os.path.basename(volume.path)
        expected = nova_volume_groups.device(group, name)
        if (
            not group
            or volume.path != expected
            or not name.startswith(f'{instance}_')
        ):
            raise exceptions.PreparationFailed(
                f'{volume.path} is no volume of the instance in the volume '
                f'group of this host, {group or "which has none"}'
            )
        if name in nova_volume_groups.names(group):
            raise exceptions.PreparationFailed(
                f'{volume.path} is there already, and not ours to overwrite'
            )
        nova_volume_groups.create(group, name, volume.virtual_bytes)
        made = nova_volume_groups.read_volume(volume.path)
        journal.add_volume(instance, made)
        _check(volume, made)
        LOG.info(
            'Made %s of %d bytes for a live migration',
            volume.path,
            volume.virtual_bytes,
            instance_uuid=instance,
        )


def _check(
    wanted: volume_transfer.ExpectedVolume,
    made: logical_volumes.LogicalVolume,
) -> None:
    """Assert that the source can copy into a volume.

    :raises PreparationFailed: saying why it cannot
    """
    if made.group_uuid == wanted.source_group:
        raise exceptions.PreparationFailed(
            f'both hosts have the volume group with the UUID '
            f'{made.group_uuid}: {wanted.path} would be copied onto itself'
        )
    size = nova_volume_groups.size(wanted.path)
    if size != wanted.virtual_bytes:
        raise exceptions.PreparationFailed(
            f'{wanted.path} has {size} bytes here and {wanted.virtual_bytes} '
            'on the source: the extents of the volume groups differ'
        )


def remove(
    host: connection.Connection, claim: incoming_journal.IncomingMigration
) -> tuple[list[str], list[str]]:
    """Remove the volumes of an entry that are still the proven ones.

    :returns: the paths of those that are removed, and why others are left
    """
    removed, left = [], []
    for volume in claim.volumes:
        try:
            if _is_there(host, volume):
                nova_volume_groups.remove(volume.path)
                removed.append(volume.path)
        except exceptions.SelectiveMigrateError as err:
            left.append(str(err))
    try:
        left.extend(unproven(claim))
    except exceptions.PreparationFailed as err:
        left.append(str(err))
    return removed, left


def unproven(claim: incoming_journal.IncomingMigration) -> list[str]:
    """List volumes that may be ours, and are not written down.

    A process that ended in between has made one, lvcreate did not come to
    its end, or somebody else has made one.

    :returns: a sentence for each
    :raises PreparationFailed: when LVM does not tell
    """
    proven = {volume.path for volume in claim.volumes}
    return [
        f'{path} may have been made for it, which nothing proves'
        for path in claim.volume_paths
        if path not in proven and _is_named(path)
    ]


def _is_named(path: str) -> bool:
    folder, name = os.path.split(path)
    return name in nova_volume_groups.names(os.path.basename(folder))


def _is_there(
    host: connection.Connection, volume: logical_volumes.LogicalVolume
) -> bool:
    """Tell whether a volume is there, and may be removed.

    :raises NotOurs: when its name is another's, or a domain uses it
    :raises PreparationFailed: when LVM does not tell
    :raises HypervisorError: when libvirt does not tell
    """
    if not _is_named(volume.path):
        return False
    found = nova_volume_groups.read_volume(volume.path)
    if not found.is_same(volume):
        raise exceptions.NotOurs(
            f'{volume.path} is another logical volume than the one that was '
            f'made: its UUID is {found.uuid} instead of {volume.uuid}'
        )
    users = path_users.users_of(host, volume.path)
    if users:
        raise exceptions.NotOurs(
            f'{volume.path} is used by {", ".join(users)}'
        )
    return True
