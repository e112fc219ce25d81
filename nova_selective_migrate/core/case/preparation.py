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

"""What a caller such as nova does at the destination before the call."""

import collections.abc
import dataclasses


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How the caller prepares the destination.

    It makes a fresh, sparse image of its own for every disk to copy, and
    brings over read-only content that libvirt cannot copy, in one directory.

    :ivar directory: that directory, at the same path on both hosts
    :ivar shared_directory: whether both hosts were seen to have one
        directory there, in which nothing is prepared
    :ivar block_migration: whether the request asks for disks to be copied
        (True) or forbids it (False); None leaves it to the plan
    :ivar carried: targets whose read-only content the caller brings over
    :ivar not_carried: why it does not bring over that of the others, by
        target
    :ivar seeded: targets whose base image the caller's fresh image has the
        content of, without a base, before the call
    :ivar makes_images: whether the destination makes images also where
        other disks of the guest are shared
    :ivar images_type: what images the destination makes and looks for:
        nova's images_type, with "default" resolved
    :ivar same_images_type: whether it is the source's as well; otherwise
        the destination can later look elsewhere, or for another format
    :ivar fetched_bytes: what else the caller puts into the directory, such
        as kernel and ramdisk
    :ivar sets_volume_paths: whether it gives each volume the path that the
        destination has connected, also where nova itself would not
    :ivar also_sent: parameters of the call besides those of the plan
    """

    directory: str
    shared_directory: bool = False
    block_migration: bool | None = None
    carried: tuple[str, ...] = ()
    not_carried: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    seeded: tuple[str, ...] = ()
    makes_images: bool = True
    images_type: str = 'qcow2'
    same_images_type: bool = True
    fetched_bytes: int = 0
    sets_volume_paths: bool = False
    also_sent: tuple[str, ...] = ()
