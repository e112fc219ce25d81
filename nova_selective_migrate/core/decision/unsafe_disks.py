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

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import file_systems
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import reasons


def refuse(
    decisions: collections.abc.Iterable[decision.Decision], case: case_.Case
) -> list[decision.Decision]:
    """Refuse what libvirt would, with "Migration is unsafe" (error 81).

    qemuMigrationSrcIsSafe: a disk that is not copied, neither empty nor
    read-only and of type file has to be on a file system that libvirt knows
    as shared, by its top image alone. VIR_MIGRATE_UNSAFE is never set.
    """
    return [_judged(chosen, case) for chosen in decisions]


def notes(
    decisions: collections.abc.Iterable[decision.Decision], case: case_.Case
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


def _judged(chosen: decision.Decision, case: case_.Case) -> decision.Decision:
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
        action=model.DiskAction.REFUSE,
        reason=reasons.Reason.UNSAFE_FOR_LIBVIRT
        if libvirt < file_systems.OVERRIDE_SINCE
        else reasons.Reason.UNSAFE_UNLESS_CONFIGURED,
        detail=f'it is on {fstype}',
    )


def _fstype(chosen: decision.Decision, case: case_.Case) -> str | None:
    """Return the file system that libvirt looks at; None where it does not.

    One that shared_filesystems covers is none either.
    """
    disk = chosen.disk
    if chosen.action is not model.DiskAction.KEEP or not disk.writable:
        return None
    place = storage_.in_pool(disk.chain[0], case.storage.pools)
    if place is None or place.type is not model.SourceType.FILE:
        return None
    facts = storage_.find(case.storage.source, place)
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
