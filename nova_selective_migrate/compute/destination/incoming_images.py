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

"""Fill the images that nova has made for incoming migrations.

What libvirt does not copy goes into them: read-only media, and the content of
base images that this host lacks.
"""

import contextlib
import os
import typing

from nova import exception
import nova.conf
from nova.virt.libvirt import utils as libvirt_utils
from oslo_concurrency import processutils

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import instance_disk_info
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.host.facts import image_digests

CONF = nova.conf.CONF


class IncomingImages:
    """Writes content from the source into images of this host."""

    def __init__(self, digests: image_digests.DigestCache) -> None:
        self._digests = digests

    def fill(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        disk_info: typing.Any,
    ) -> None:
        """Write content from the source into images, and check base images.

        nova has just made an image for each entry of disk_info.

        :param disk_info: entries of instance_disk_info.loads_disk_info
        :raises MigrationError: when content or a base image differs from
            the source's
        """
        try:
            for expected in instance_disk_info.expected_files(disk_info or ()):
                self._fill(context, instance, directory, expected)
        except (exceptions.SelectiveMigrateError, OSError) as err:
            raise exception.MigrationError(reason=str(err)) from err

    def _fill(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        made: instance_disk_info.ExpectedFile,
    ) -> None:
        if made.base_digest:
            base = os.path.join(
                CONF.instances_path,
                CONF.image_cache.subdirectory_name,
                made.base,
            )
            if self._digests.of(base) != made.base_digest:
                raise exceptions.PreparationFailed(
                    f'{base} is not the image of the same name on the '
                    'source; migrate again: it will be copied'
                )
        image = os.path.join(directory, made.name)
        if made.seed is not None:
            fill_image(made.seed, image)
        if made.medium is not None:
            media_transfer.unpack_medium(
                made.medium,
                image,
                lambda path: libvirt_utils.fetch_image(
                    context, path, instance.image_ref, instance.trusted_certs
                ),
            )


def fill_image(seed: media_transfer.MediumContent, image: str) -> None:
    """Write the content of a base image into an empty qcow2 image.

    :param seed: the base image, raw, as the source sent it
    :param image: path of the qcow2 image
    :raises PreparationFailed: when the content is not the source's, or
        larger than the image
    :raises OSError: when it cannot be written
    """
    raw = media_transfer.seed_path(image)
    try:
        media_transfer.unpack_medium(seed, raw, _never)
        processutils.execute(
            'qemu-img',
            'convert',
            '-n',
            '--target-is-zero',
            '-f',
            'raw',
            '-O',
            'qcow2',
            raw,
            image,
        )
    except processutils.ProcessExecutionError as err:
        said = (err.stderr or '').strip()
        raise exceptions.PreparationFailed(
            f'qemu-img cannot fill {image}: {said}'
        ) from err
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(raw)


def _never(path: str) -> None:
    raise exceptions.PreparationFailed(f'no content came for {path}')
