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

"""Make the destination images of a plan."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pools
from nova_selective_migrate.host.hypervisor import volumes
from nova_selective_migrate.host.journal import run as run_

Note = collections.abc.Callable[[run_.Image], None]


def create(
    peer: connection.Connection,
    images: collections.abc.Iterable[destination_images.DestinationImage],
    note: Note,
) -> None:
    """Make the images.

    :param note: told of each as soon as it is made
    :raises PreparationFailed: when one cannot be made, and those that
        have been noted are there
    """
    for image in images:
        folder = os.path.dirname(image.path)
        try:
            with pools.directory(peer, folder) as seen:
                if not isinstance(seen, volumes.Directory):
                    raise exceptions.PreparationFailed(
                        f'cannot create {image.path}: the destination does '
                        f'not see {folder} any more'
                    )
                seen.create(image)
                # Inside: it is made even if the directory cannot be
                # released. A stamp that is not told fits no file.
                stamp = seen.stamp(os.path.basename(image.path))
                planned = run_.Image.planned(image)
                note(
                    dataclasses.replace(
                        planned, stamp=stamp or storage_facts.FileStamp('', '')
                    )
                )
        except (
            exceptions.HypervisorError,
            exceptions.JournalFailed,
        ) as err:
            raise exceptions.PreparationFailed(str(err)) from err
