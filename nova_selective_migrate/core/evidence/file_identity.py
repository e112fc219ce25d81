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

"""Whether two hosts see one file; no copy may run onto itself."""

import enum

from nova_selective_migrate.core.model import storage_facts


class Sameness(enum.Enum):
    """Whether both hosts have the same file or device at a path."""

    SAME = 'same'
    OTHER = 'other'
    UNKNOWN = 'unknown'


def compare(
    facts: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
) -> Sameness:
    """Compare what the hosts know of one path: is it one file?

    That one host has the file on a local file system proves nothing: that host
    can be the file server of the other. Local file systems on both hosts prove
    two files. Logical volumes are compared by UUID: one name means two volumes
    on two hosts.

    :param facts: what the source host knows
    :param known: what the destination knows
    """
    if known is None:
        return Sameness.UNKNOWN
    if facts and facts.identity and facts.identity == known.identity:
        # Whatever else is said of it: no proof of another device outweighs it.
        return Sameness.SAME
    if facts and facts.group_uuid and known.group_uuid:
        # Before existence is asked: a volume that both reach may be inactive
        # there.
        return _compare_volumes(facts, known)
    if known.exists is False:
        return Sameness.OTHER
    if facts is None:
        return Sameness.UNKNOWN
    if facts.volume_uuid and known.volume_uuid:
        same = facts.volume_uuid == known.volume_uuid
        return Sameness.SAME if same else Sameness.OTHER
    if facts.identity is not None and known.identity is not None:
        return Sameness.OTHER
    if _on_local_filesystem(facts) and _on_local_filesystem(known):
        return Sameness.OTHER
    return Sameness.UNKNOWN


def _compare_volumes(
    facts: storage_facts.StorageFacts, known: storage_facts.StorageFacts
) -> Sameness:
    """Compare logical volumes: a device belongs to one volume group alone.

    Another volume of the same group at one path shows only that a host was
    made from a copy of the other, or that it reads what is outdated.
    """
    if facts.group_uuid != known.group_uuid:
        return Sameness.OTHER
    if facts.volume_uuid and facts.volume_uuid == known.volume_uuid:
        return Sameness.SAME
    return Sameness.UNKNOWN


def _on_local_filesystem(facts: storage_facts.StorageFacts) -> bool:
    """Return whether a path is a file on a file system of this host."""
    return (
        facts.kind is not storage_facts.PathKind.BLOCK
        and storage_facts.filesystem_reach(facts.fstype or '')
        is storage_facts.Reach.LOCAL
    )
