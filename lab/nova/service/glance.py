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

"""A Glance of files in one directory."""

import json
from pathlib import Path
import shutil
from typing import Any

from nova import exception


class Images:
    """Stand in for nova.image.glance.API: what nova-compute asks for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, context: object, image: str, **_: object) -> dict[str, Any]:
        """Return the description of an image."""
        try:
            text = (self._directory / f'{image}.json').read_text()
        except FileNotFoundError as err:
            raise exception.ImageNotFound(image_id=image) from err
        return dict(json.loads(text))

    def download(
        self, context: object, image: str, *, dest_path: str, **_: object
    ) -> None:
        """Copy the bits of an image to a file."""
        self.get(context, image)
        shutil.copyfile(self._directory / image, dest_path)

    def generate_image_url(self, image: str, context: object) -> str:
        """Return what notifications name an image by."""
        return f'lab:{image}'
