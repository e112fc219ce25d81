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

"""Choose the read-only files that travel to the destination."""

import dataclasses
import os

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import request as request_
from nova_selective_migrate.compute.wire import media
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import image_digests


@dataclasses.dataclass(frozen=True)
class Choice:
    """What was chosen.

    :ivar carried: what travels, by target
    :ivar not_carried: why the others do not, by target
    :ivar room: bytes that are left
    """

    carried: dict[str, media.Carriage]
    not_carried: dict[str, str]
    room: int


def choose(
    domain: domains.Domain,
    storage: storage_facts.Storage,
    request: request_.Request,
    contents: image_digests.DigestCache | None,
    limit: int,
    deadline: image_digests.Deadline,
) -> Choice:
    """Say which read-only files can travel, and why others cannot.

    :param contents: digests of large files; None asks for none of these
    :param limit: bytes that all of them may take, compressed
    :param deadline: of who waits
    """
    carried: dict[str, media.Carriage] = {}
    not_carried: dict[str, str] = {}
    room = limit
    for disk in domain.disks:
        if disk.writable or disk.source is None:
            continue
        try:
            path = _portable(disk, storage, request)
            again = path == request.image_root and not disk.backing
            medium = media.read(
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
        carried[disk.target] = media.Carriage(path, medium.digest, again)
    return Choice(carried, not_carried, room)


def _portable(
    disk: domains.Disk,
    storage: storage_facts.Storage,
    request: request_.Request,
) -> str:
    """Return the path of a read-only file that the destination can take.

    :raises PreparationFailed: saying why it cannot
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
