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

"""Find kept disks for which libvirt would refuse the migration."""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import file_systems
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_DETACH = (
    'detach the volume before the migration, or have Cinder move it to '
    'storage that both hosts reach; do not declare its directory as shared, '
    'since the guest would go on without its data'
)


def problems(
    facts: case_facts.Facts, kept: disk_strategy.Strategies
) -> disk_strategy.Refusals:
    """Refuse what libvirt would, with "Migration is unsafe" (error 81).

    qemuMigrationSrcIsSafe: a disk that is not copied, neither empty nor
    read-only and of type file has to be on a file system that libvirt knows
    as shared, by its top image alone. VIR_MIGRATE_UNSAFE is never set.
    """
    libvirt = facts.hypervisors.source.libvirt
    if libvirt is None:
        return ()
    reason = (
        disk_refusals.DiskRefusal.UNSAFE_FOR_LIBVIRT
        if libvirt < file_systems.OVERRIDE_SINCE
        else disk_refusals.DiskRefusal.UNSAFE_UNLESS_CONFIGURED
    )
    return tuple(
        _refusal(each, reason, fstype, facts)
        for each in kept
        if (fstype := _fstype(each.disk, facts)) is not None
        and not file_systems.shared_for_libvirt(fstype, libvirt)
    )


def _refusal(
    strategy: disk_strategy.Strategy,
    reason: disk_refusals.DiskRefusal,
    fstype: str,
    facts: case_facts.Facts,
) -> refusals.Refusal:
    """Refuse a disk; nobody is to tell libvirt that local files are shared.

    A volume of nova's driver type "local" is kept on the word of the mapping
    alone.
    """
    local = file_systems.of(fstype).reach is file_systems.Reach.LOCAL
    attached = strategy.reason is reasons.Reason.VOLUME_ATTACHMENT
    path = strategy.disk.chain[0].path or ''
    declared = path.startswith('/') and facts.case.policy.declared((path,))
    if local and attached and not declared:
        return refusals.Refusal.of_disk(
            strategy.disk,
            reasons.Reason.CONFLICTING_EVIDENCE,
            f'nova names it as a volume, and it is on {fstype}; libvirt on '
            'the source refuses every migration that keeps it',
            instead=_DETACH,
        )
    return refusals.Refusal.of_disk(
        strategy.disk, reason, f'it is on {fstype}'
    )


def notes(
    facts: case_facts.Facts, kept: disk_strategy.Strategies
) -> collections.abc.Iterator[str]:
    """Note the disks of which it is not known whether libvirt refuses them."""
    libvirt = facts.hypervisors.source.libvirt
    for strategy in kept:
        fstype = _fstype(strategy.disk, facts)
        if fstype is None:
            continue
        target = strategy.disk.target
        if libvirt is None and not _every_release_knows(fstype):
            yield (
                f'{target}: not every libvirt takes {fstype} for shared, and '
                'the version on the source is not known'
            )
        elif fstype == 'cifs':
            yield (
                f'{target}: libvirt may take a mount with SMB 2 or later for '
                'local, and refuse the migration'
            )


def _fstype(disk: domains.Disk, facts: case_facts.Facts) -> str | None:
    """Return the file system that libvirt looks at; None where it does not.

    None for one that shared_filesystems covers, too.

    :param disk: one that is kept, so that it is neither empty nor read-only
    """
    place = pool_facts.in_pool(disk.chain[0], facts.storage.pools)
    if place is None or place.type is not domains.SourceType.FILE:
        return None
    known = storage_facts.find(facts.storage.source, place)
    if known is None or not known.fstype:
        return None
    source = facts.hypervisors.source
    path = known.resolved or place.path or ''
    takes_list = source.libvirt is None or (
        source.libvirt >= file_systems.OVERRIDE_SINCE
    )
    if takes_list and file_systems.overridden(path, source.shared_filesystems):
        return None
    return known.fstype


def _every_release_knows(fstype: str) -> bool:
    return file_systems.shared_for_libvirt(fstype, 0)
