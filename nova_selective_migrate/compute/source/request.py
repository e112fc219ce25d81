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

"""A live migration as nova asks whether it can be done."""

import dataclasses
import typing

from nova_selective_migrate.compute.wire import peer as peer_
from nova_selective_migrate.core.model import migration_options


@dataclasses.dataclass(frozen=True)
class Request:
    """One live migration as nova asks whether it can be done.

    :ivar block_device_info: nova's, with the rows that it leaves out
    :ivar instances_path: where all instances have their directories
    :ivar instance_directory: the instance's own
    :ivar shared_directory: whether both hosts see one instances_path
    :ivar image_base: path of the base image made from the instance's
        image; empty where the destination makes none, or none that is
        checked
    :ivar image_root: path of the root disk that is a copy of the image
    :ivar images_type: the destination's, with "default" resolved
    :ivar same_images_type: whether both hosts have the same images_type
    :ivar fetched_bytes: of kernel and ramdisk, which the destination fetches
    :ivar block_migration: True, False or None, as it was asked for
    :ivar options: those of [libvirt] that shape the call
    """

    block_device_info: typing.Any
    instances_path: str
    instance_directory: str
    shared_directory: bool
    image_base: str
    image_root: str
    images_type: str
    same_images_type: bool
    fetched_bytes: int
    block_migration: bool | None
    peer: peer_.Peer | None
    options: migration_options.MigrationOptions
