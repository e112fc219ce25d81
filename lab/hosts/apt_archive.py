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

"""Fetch packages of any Debian release without installing them."""

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import re

from lab.processes import commands

_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

# Valid-Until is not looked at: mirrors may be frozen on purpose. Signatures
# are.
_SETTINGS = """\
Dir "{root}";
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc "{root}/etc";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "-";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
"""


@dataclass(frozen=True)
class Archive:
    """One Debian release as apt sees it on a machine with nothing on it.

    An apt of its own: neither the machine's sources nor its installed
    packages matter, and no privileges are needed.
    """

    root: Path
    release: str

    def update(self) -> None:
        """Fetch the lists of the packages."""
        for part in (
            'state/lists/partial',
            'cache/archives/partial',
            'etc/apt.conf.d',
            'etc/preferences.d',
            'etc/trusted.gpg.d',
        ):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        (self.root / 'status').touch()
        mirror = os.environ.get('LAB_MIRROR', 'http://deb.debian.org/debian')
        (self.root / 'sources.list').write_text(
            f'deb [signed-by={_KEYRING}] {mirror} {self.release} main\n'
        )
        (self.root / 'apt.conf').write_text(_SETTINGS.format(root=self.root))
        self._apt('apt-get', '--quiet', 'update')

    def dependency(self, package: str) -> str:
        """Return the first package that another one depends on."""
        text = self._apt('apt-cache', 'depends', package)
        found = re.search(r'Depends: (\S+)', text)
        if not found:
            raise LookupError(f'{package} depends on nothing')
        return found[1]

    def fetch(self, packages: Iterable[str]) -> list[Path]:
        """Download packages and all that they depend on."""
        archives = self.root / 'cache' / 'archives'
        self._apt(
            *('apt-get', '--quiet', '--yes', '--download-only', 'install'),
            *packages,
        )
        return sorted(archives.glob('*.deb'))

    def fetch_alone(self, package: str) -> Path:
        """Download one package without what it depends on."""
        downloads = self.root / 'downloads'
        downloads.mkdir(exist_ok=True)
        self._apt('apt-get', '--quiet', 'download', package, cwd=downloads)
        (file,) = downloads.glob(f'{package}_*.deb')
        return file

    def _apt(self, *argv: str, cwd: Path | None = None) -> str:
        settings = {
            'APT_CONFIG': os.fspath(self.root / 'apt.conf'),
            'LC_ALL': 'C.UTF-8',
        }
        words: Sequence[str] = argv
        return commands.run(words, cwd=cwd, environment=settings, timeout=540)
