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

"""Choose the base images whose content travels to the destination.

libvirt copies the tops alone of all disks or of none. nova makes the bases
of ephemeral and swap disks anew on each host, with mkfs and mkswap, so that
no two are alike; what they hold is little.
"""

import collections.abc
import os

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import request as request_
from nova_selective_migrate.compute.wire import media
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.host.facts import image_digests


def candidates(
    domain: domains.Domain, request: request_.Request
) -> dict[str, str]:
    """Return the bases whose content could travel, by target.

    They are raw files beside the base image made from the guest's image,
    which nobody writes, directly below an image of the instance's.
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


def choose(
    bases: collections.abc.Mapping[str, str],
    limit: int,
    deadline: image_digests.Deadline,
) -> dict[str, media.Carriage]:
    """Return all of them, or none where one cannot travel.

    :param bases: paths by target
    :param limit: bytes that all of them may take, compressed
    :param deadline: of who waits
    """
    seeds = {}
    for target, path in bases.items():
        try:
            medium = media.read(path, None, refetched=False, deadline=deadline)
        except exceptions.PreparationFailed:
            return {}
        limit -= medium.weight
        if limit < 0:
            return {}
        seeds[target] = media.Carriage(path, medium.digest, refetched=False)
    return seeds
