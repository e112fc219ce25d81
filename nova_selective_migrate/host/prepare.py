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

"""Make the destination images of a plan, and take them back."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import images as images_
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pools
from nova_selective_migrate.host.hypervisor import volumes


@dataclasses.dataclass(frozen=True)
class Cleaned:
    """What became of images that a failed migration leaves behind."""

    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def create(
    peer: connection.Connection,
    images: collections.abc.Sequence[images_.DestinationImage],
) -> tuple[str, ...]:
    """Make the images, all or none.

    :returns: their paths
    :raises PreparationFailed: when one cannot be made; the others are
        removed again, and the message names what could not be
    """
    made: list[images_.DestinationImage] = []
    for image in images:
        try:
            _create(peer, image, made)
        except exceptions.SelectiveMigrateError as err:
            left = remove(peer, made).left
            about = f'; left behind: {", ".join(left)}' if left else ''
            raise exceptions.PreparationFailed(f'{err}{about}') from err
    return tuple(image.path for image in made)


def remove(
    peer: connection.Connection,
    images: collections.abc.Iterable[images_.DestinationImage],
) -> Cleaned:
    """Remove images that we made; never raises.

    To be called only while the source has the guest and the destination
    has not.
    """
    removed: list[str] = []
    left: list[str] = []
    for image in images:
        done = _remove(peer, image)
        if done is not None:
            (removed if done else left).append(image.path)
    return Cleaned(tuple(removed), tuple(left))


def _create(
    peer: connection.Connection,
    image: images_.DestinationImage,
    made: list[images_.DestinationImage],
) -> None:
    folder = os.path.dirname(image.path)
    with pools.directory(peer, folder) as seen:
        if not isinstance(seen, volumes.Directory):
            raise exceptions.PreparationFailed(
                f'cannot create {image.path}: the destination does not see '
                f'{folder} any more'
            )
        seen.create(image)
        # Inside: it is made even if the directory cannot be released.
        made.append(image)


def _remove(
    peer: connection.Connection, image: images_.DestinationImage
) -> bool | None:
    try:
        with pools.directory(peer, os.path.dirname(image.path)) as seen:
            if not isinstance(seen, volumes.Directory):
                return False
            return seen.delete(image)
    except exceptions.HypervisorError:
        return False
