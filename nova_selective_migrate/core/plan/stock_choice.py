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

"""What nova's own driver would copy, held against a plan.

It has one boolean for all of a server's storage, and copies by the names of
devices (nova.virt.libvirt.driver.LibvirtDriver, nova 27 to 34:
check_can_live_migrate_source, _is_shared_block_storage and
_live_migration_copy_disk_paths).
"""

import collections.abc
import dataclasses
import typing

from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import nova_servers
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import planned_disks

_COPIED_TYPES = (domains.SourceType.FILE, domains.SourceType.BLOCK)
_Disks = collections.abc.Sequence[planned_disks.PlannedDisk]


@dataclasses.dataclass(frozen=True)
class StockChoice:
    """What stock nova would do with a server's disks.

    :ivar block_migration: None where it depends on whether the destination
        sees the directory of instances, which is not known
    :ivar copied: targets that it copies; where block_migration is None
        those that it copies if that directory is not shared
    :ivar shared_copied: those of them that both hosts reach
    :ivar unproven_copied: those of them that nothing shows to be local
    :ivar left_behind: targets that it does not copy, and that are local
    :ivar refuses: why it refuses; else empty
    """

    block_migration: bool | None
    copied: tuple[str, ...]
    shared_copied: tuple[str, ...] = ()
    unproven_copied: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()
    refuses: str = ''

    @property
    def differs(self) -> bool:
        """Return whether it is not what the disks need."""
        return bool(
            self.refuses
            or self.shared_copied
            or self.unproven_copied
            or self.left_behind
        )

    @property
    def message(self) -> str:
        """Say it in one line."""
        if self.refuses:
            return f'stock nova refuses: {self.refuses}'
        parts = [f'stock nova copies {_listed(self.copied) or "nothing"}']
        if self.block_migration is None and self.copied:
            parts = [
                'stock nova copies '
                f'{_listed(self.copied)} where the destination does not see '
                'the directory of instances, else nothing'
            ]
        for targets, words in (
            (self.shared_copied, 'of which both hosts reach {}'),
            (self.unproven_copied, 'of which nothing shows {} to be local'),
            (self.left_behind, 'and leaves {} behind'),
        ):
            if targets:
                parts.append(words.format(_listed(targets)))
        return ', '.join(parts)

    def tree(self) -> dict[str, typing.Any]:
        """Return it as JSON's types; the field names are a contract."""
        return {
            'block_migration': self.block_migration,
            'copied': [*self.copied],
            'shared_copied': [*self.shared_copied],
            'unproven_copied': [*self.unproven_copied],
            'left_behind': [*self.left_behind],
            'refuses': self.refuses or None,
            'differs': self.differs,
            'message': self.message,
        }


def of_plan(
    plan: migration_plan.MigrationPlan, server: nova_servers.NovaServer
) -> StockChoice:
    """Return what stock nova would do for block_migration=auto.

    A destination is taken to have the same images_type.
    """
    volumes = _volume_targets(server)
    block = _block_migration(plan.disks, server, volumes)
    if server.tunnelled and volumes and block is not False:
        return StockChoice(
            block, (), refuses='it tunnels no migration with volumes'
        )
    found = [
        one
        for one in plan.disks
        if block is not False
        and not one.disk.readonly
        and not one.disk.shareable
        and one.disk.source is not None
        and one.disk.source.type in _COPIED_TYPES
        and (server.tunnelled or one.disk.target not in volumes)
    ]
    # Where they are local is where stock nova copies them.
    judged = [
        one
        for one in found
        if block is not None or not _below(one.disk, server)
    ]
    return StockChoice(
        block,
        tuple(one.disk.target for one in found),
        _targets(found, domains.Locality.SHARED),
        _targets(judged, domains.Locality.UNKNOWN),
        _targets(
            [
                one
                for one in plan.disks
                if one not in found
                and one.disk.source is not None
                and not one.disk.readonly
            ],
            domains.Locality.LOCAL,
        ),
    )


def _block_migration(
    disks: _Disks,
    server: nova_servers.NovaServer,
    volumes: collections.abc.Container[str],
) -> bool | None:
    if server.images_type == nova_servers.RBD:
        return False
    directory = _shared_directory(disks, server)
    if directory:
        return False
    # _get_instance_disk_info counts read-only drives as well.
    own = any(
        one.disk.source is not None
        and one.disk.source.type in _COPIED_TYPES
        and one.disk.target not in volumes
        for one in disks
    )
    if server.volume_backed and not own:
        return False
    return None if directory is None else True


def _shared_directory(
    disks: _Disks, server: nova_servers.NovaServer
) -> bool | None:
    """Tell whether both hosts see the server's directory.

    nova puts a file there. We take what is known of the disks in it.
    """
    found = {
        one.strategy.locality for one in disks if _below(one.disk, server)
    }
    found.discard(domains.Locality.UNKNOWN)
    if len(found) != 1:
        return None
    return found == {domains.Locality.SHARED}


def _below(disk: domains.Disk, server: nova_servers.NovaServer) -> bool:
    return (
        disk.source is not None
        and disk.source.type is domains.SourceType.FILE
        and server.holds(disk.source.path or '')
    )


def _volume_targets(server: nova_servers.NovaServer) -> frozenset[str]:
    """Return the devices that nova takes for its volumes, by its records.

    nova.virt.driver.get_block_device_info leaves out what has no
    connection_info.
    """
    rows = block_device_mapping.rows(server.block_device_info)
    return frozenset(
        str(row.get('mount_device') or '').rpartition('/')[2]
        for row in rows
        if row.get('connection_info')
    )


def _targets(disks: _Disks, locality: domains.Locality) -> tuple[str, ...]:
    return tuple(
        one.disk.target for one in disks if one.strategy.locality is locality
    )


def _listed(targets: collections.abc.Iterable[str]) -> str:
    return ', '.join(targets)
