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

"""Keep the images that the hosts' Glance serves."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import uuid


@dataclass(frozen=True)
class Images:
    """The directory that lab.nova.service.glance reads."""

    directory: Path

    def add(
        self,
        file: Path,
        disk_format: str,
        properties: Mapping[str, str] | None = None,
    ) -> str:
        """Copy a file there; return the id of the image."""
        identifier = str(uuid.uuid4())
        self.directory.mkdir(exist_ok=True)
        shutil.copyfile(file, self.directory / identifier)
        description = {
            'id': identifier,
            'name': file.name,
            'status': 'active',
            'disk_format': disk_format,
            'container_format': 'bare',
            'size': file.stat().st_size,
            'min_ram': 0,
            'min_disk': 0,
            'owner': 'lab',
            'checksum': None,
            'created_at': None,
            'updated_at': None,
            'deleted_at': None,
            'deleted': False,
            'is_public': True,
            'properties': dict(properties or {}),
        }
        text = json.dumps(description)
        (self.directory / f'{identifier}.json').write_text(text)
        return identifier
