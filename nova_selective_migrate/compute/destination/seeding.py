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

"""Fill an image with what lies below it on the source."""

import contextlib
import os

from oslo_concurrency import processutils

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import media


def fill(seed: media.Medium, image: str) -> None:
    """Write the content of a base into a qcow2 image that is empty.

    :param seed: the base, a raw image, as it arrived
    :raises PreparationFailed: when it is not that of the source, or larger
        than the image
    :raises OSError: when it cannot be written
    """
    raw = media.seed_path(image)
    try:
        media.unpack(seed, raw, _never)
        processutils.execute(
            *('qemu-img', 'convert', '-n', '--target-is-zero'),
            *('-f', 'raw', '-O', 'qcow2', raw, image),
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
