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

"""Say whose disk it is: where its storage is named after it."""

from dataclasses import dataclass
from pathlib import Path

from lab.hosts.lab_host import IMAGES
from lab.hosts.lab_host import SHARED
from lab.laboratory import Lab


@dataclass(frozen=True)
class Place:
    """One target of one guest, such as `vda` of `web`."""

    lab: Lab
    guest: str
    target: str

    @property
    def stem(self) -> str:
        """Return the name that the disk's files begin with."""
        return f'{self.guest}-{self.target}'

    def local(self, suffix: str) -> str:
        """Return a path that is each host's own."""
        return f'{IMAGES}/{self.stem}.{suffix}'

    def shared(self, suffix: str) -> str:
        """Return a path on the shared file system."""
        return f'{SHARED}/{self.stem}.{suffix}'

    @property
    def node(self) -> str:
        """Return the path of a block device."""
        return f'/dev/lab/{self.stem}'

    def backing_file(self, owner: str) -> Path:
        """Return the file behind a block device or network disk.

        :param owner: the host that it belongs to, or the hub.
        """
        directory = self.lab.home.of_host(owner) / 'backing'
        directory.mkdir(exist_ok=True)
        return directory / self.stem
