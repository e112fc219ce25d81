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

"""nova's rules for its images, which both hosts of a migration apply."""

import os

import nova.conf
from nova.virt.libvirt import imagecache

from nova_selective_migrate.core.model import migration_options

CONF = nova.conf.CONF


def images_type(option: str) -> str:
    """Resolve "default" and "flat" of an images_type.

    The rule is nova.virt.libvirt.imagebackend.Backend.backend's. It reads
    use_cow_images of this host, also for a destination without the plugin.
    """
    if option == 'default':
        option = 'qcow2' if CONF.use_cow_images else 'raw'
    return 'raw' if option == 'flat' else option


def thin(option: migration_options.Thin) -> migration_options.Thin:
    """Return the thin option; off where nova preallocates images."""
    if CONF.preallocate_images != 'none':
        return migration_options.Thin.OFF
    return option


def image_base(image: str) -> str:
    """Return the path of the base image that nova makes of a Glance image.

    The rule is nova.virt.libvirt.imagebackend.Image.cache's.

    :param image: id of the image
    """
    return os.path.join(
        str(CONF.instances_path),
        str(CONF.image_cache.subdirectory_name),
        str(imagecache.get_cache_fname(image)),
    )
