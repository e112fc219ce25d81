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

"""Find kept disks that libvirt takes for local: it would not migrate them."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import file_systems
from nova_selective_migrate.core.model import storage_facts


def refuse(
    decisions: collections.abc.Iterable[disk_strategy.Decision],
    case: migration_case.Case,
) -> list[disk_strategy.Decision]:
    """Refuse what libvirt would, with "Migration is unsafe" (error 81).

    qemuMigrationSrcIsSafe: a disk that is not copied, neither empty nor
    read-only and of type file has to be on a file system that libvirt knows
    as shared, by its top image alone. VIR_MIGRATE_UNSAFE is never set.
    """
    return [_judged(chosen, case) for chosen in decisions]


def notes(
    decisions: collections.abc.Iterable[disk_strategy.Decision],
    case: migration_case.Case,
) -> collections.abc.Iterator[str]:
    """Note where it hangs on what is not known."""
    libvirt = case.hypervisors.source.libvirt
    for chosen in decisions:
        fstype = _fstype(chosen, case)
        if fstype is None:
            continue
        target = chosen.disk.target
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


def _judged(
    chosen: disk_strategy.Decision, case: migration_case.Case
) -> disk_strategy.Decision:
    libvirt = case.hypervisors.source.libvirt
    fstype = _fstype(chosen, case)
    if (
        fstype is None
        or libvirt is None
        or file_systems.shared_for_libvirt(fstype, libvirt)
    ):
        return chosen
    return dataclasses.replace(
        chosen,
        action=domains.DiskAction.REFUSE,
        reason=reasons.Reason.UNSAFE_FOR_LIBVIRT
        if libvirt < file_systems.OVERRIDE_SINCE
        else reasons.Reason.UNSAFE_UNLESS_CONFIGURED,
        detail=f'it is on {fstype}',
    )


def _fstype(
    chosen: disk_strategy.Decision, case: migration_case.Case
) -> str | None:
    """Return the file system that libvirt looks at; None where it does not.

    One that shared_filesystems covers is none either.
    """
    disk = chosen.disk
    if chosen.action is not domains.DiskAction.KEEP or not disk.writable:
        return None
    place = storage_facts.in_pool(disk.chain[0], case.storage.pools)
    if place is None or place.type is not domains.SourceType.FILE:
        return None
    facts = storage_facts.find(case.storage.source, place)
    if facts is None or not facts.fstype:
        return None
    source = case.hypervisors.source
    path = facts.resolved or place.path or ''
    knows = source.libvirt is None or (
        source.libvirt >= file_systems.OVERRIDE_SINCE
    )
    if knows and file_systems.overridden(path, source.shared_filesystems):
        return None
    return facts.fstype


def _every_release_knows(fstype: str) -> bool:
    return file_systems.shared_for_libvirt(fstype, 0)
