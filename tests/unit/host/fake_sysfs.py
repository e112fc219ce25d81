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

"""A sysfs tree in a folder, laid out as the kernel does."""

import os
import pathlib


class FakeSysfs:
    """Block devices below a folder that stands for /sys."""

    def __init__(self, top: str) -> None:
        # The real /sys is no symbolic link, and paths below are searched.
        self.top = pathlib.Path(top).resolve()
        self._minor = 0

    def device(
        self,
        path: str,
        *slaves: pathlib.Path,
        files: dict[str, str] | None = None,
        stacked: bool = False,
    ) -> tuple[int, int]:
        """Make a device below /sys/devices; return major and minor."""
        where = self.top / 'devices' / path
        where.mkdir(parents=True, exist_ok=True)
        for name, text in (files or {}).items():
            (where / name).parent.mkdir(exist_ok=True)
            (where / name).write_text(f'{text}\n')
        if slaves or stacked:
            (where / 'slaves').mkdir()
        for slave in slaves:
            target = self.top / 'devices' / slave
            link = where / 'slaves' / target.name
            link.symlink_to(os.path.relpath(target, link.parent))
        self._minor += 1
        numbers = self.top / 'dev/block'
        numbers.mkdir(parents=True, exist_ok=True)
        link = numbers / f'8:{self._minor}'
        link.symlink_to(os.path.relpath(where, numbers))
        return 8, self._minor

    def write(self, path: str, text: str) -> None:
        """Write an attribute below /sys/devices."""
        file = self.top / 'devices' / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{text}\n')

    def link(self, path: str, target: str) -> None:
        """Link from below /sys/devices to there."""
        file = self.top / 'devices' / path
        file.parent.mkdir(parents=True, exist_ok=True)
        goal = self.top / 'devices' / target
        file.symlink_to(os.path.relpath(goal, file.parent))
