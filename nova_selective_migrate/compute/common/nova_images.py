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

"""nova's rules for its images, as both hosts of a migration apply them."""

import os

import nova.conf
from nova.virt.libvirt import imagecache

CONF = nova.conf.CONF


def images_type(option: str) -> str:
    """Return what an images_type comes to.

    As nova.virt.libvirt.imagebackend.Backend has it; a destination without
    the plugin is taken to resolve its "default" as we do.
    """
    if option == 'default':
        option = 'qcow2' if CONF.use_cow_images else 'raw'
    return 'raw' if option == 'flat' else option


def image_base(image: str) -> str:
    """Return where the base image made from a Glance image lies.

    As nova.virt.libvirt.imagebackend.Image.cache has it.
    """
    return os.path.join(
        str(CONF.instances_path),
        str(CONF.image_cache.subdirectory_name),
        str(imagecache.get_cache_fname(image)),
    )
