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

"""Choose the media and base images whose content is sent."""

import collections.abc
import dataclasses
import os

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import image_digests


def base_candidates(
    domain: domains.Domain, request: planned_migrations.LiveMigrationRequest
) -> dict[str, str]:
    """Return the paths of base images that could be sent, by target.

    Each is the backing file of an image of the instance: a raw file that
    nobody writes, in the folder of the base images that nova makes. The one
    made from the instance's image is not among them.
    """
    folder = os.path.dirname(request.image_base)
    found = {}
    for disk in domain.disks:
        if not disk.writable or len(disk.chain) != 2:
            continue
        top, base = disk.chain
        if (
            top.format == 'qcow2'
            and base.type is domains.SourceType.FILE
            and base.format == 'raw'
            and base.path
            and base.path != request.image_base
            and os.path.dirname(base.path) == folder
        ):
            found[disk.target] = base.path
    return found


def choose_bases(
    bases: collections.abc.Mapping[str, str],
    limit: int,
    deadline: image_digests.Deadline,
) -> dict[str, media_transfer.PlannedMedium]:
    """Return all of the base images, or none where one cannot be sent.

    :param bases: paths by target
    :param limit: bytes for all of them, compressed
    :param deadline: for all that is read
    """
    seeds = {}
    for target, path in bases.items():
        try:
            medium = media_transfer.read_medium(
                path, None, refetched=False, deadline=deadline
            )
        except exceptions.PreparationFailed:
            return {}
        limit -= medium.weight
        if limit < 0:
            return {}
        seeds[target] = media_transfer.PlannedMedium(
            path, medium.digest, refetched=False
        )
    return seeds


@dataclasses.dataclass(frozen=True)
class Choice:
    """The media that are sent.

    :ivar carried: media to send, by target
    :ivar not_carried: why others are not sent, by target
    :ivar room: bytes of the limit that are left
    """

    carried: dict[str, media_transfer.PlannedMedium]
    not_carried: dict[str, str]
    room: int


def choose_media(
    domain: domains.Domain,
    storage: storage_facts.Storage,
    request: planned_migrations.LiveMigrationRequest,
    contents: image_digests.DigestCache | None,
    limit: int,
    deadline: image_digests.Deadline,
) -> Choice:
    """Choose which read-only files are sent, and say why others are not.

    :param contents: cache of digests of large files; None: compute none
    :param limit: bytes for all of them, compressed
    :param deadline: for all that is read
    """
    carried: dict[str, media_transfer.PlannedMedium] = {}
    not_carried: dict[str, str] = {}
    room = limit
    for disk in domain.disks:
        if disk.writable or disk.source is None:
            continue
        try:
            path = _portable(disk, storage, request)
            again = path == request.image_root and not disk.backing
            medium = media_transfer.read_medium(
                path, contents, refetched=again, deadline=deadline
            )
        except exceptions.PreparationFailed as err:
            not_carried[disk.target] = str(err)
            continue
        if medium.weight > room:
            not_carried[disk.target] = (
                f'it takes {medium.weight} bytes, compressed, of the '
                f'{room} that media_limit leaves'
            )
            continue
        room -= medium.weight
        carried[disk.target] = media_transfer.PlannedMedium(
            path, medium.digest, again
        )
    return Choice(carried, not_carried, room)


def _portable(
    disk: domains.Disk,
    storage: storage_facts.Storage,
    request: planned_migrations.LiveMigrationRequest,
) -> str:
    """Return the path of a read-only file that can be sent.

    :raises PreparationFailed: saying why it cannot be
    """
    top, *lower = disk.chain
    path = top.path or ''
    if top.type is not domains.SourceType.FILE or not path:
        raise exceptions.PreparationFailed('it is not a file')
    if os.path.dirname(path) != request.instance_directory:
        raise exceptions.PreparationFailed(
            f'it is not below {request.instance_directory}'
        )
    if request.peer is None:
        raise exceptions.PreparationFailed(
            'the destination does not run this plugin'
        )
    if request.shared_directory:
        raise exceptions.PreparationFailed(
            f'both hosts see one {request.instance_directory}'
        )
    for image in lower:
        known = storage.source.get(image.path or '')
        other = storage.destination.get(image.path or '')
        if not known or not known.content or not other:
            raise exceptions.PreparationFailed(
                f'nothing shows that the destination has {image.label}'
            )
        if known.content != other.content:
            raise exceptions.PreparationFailed(
                f'the destination has another {image.label}'
            )
    return path
