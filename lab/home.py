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

"""Know where the laboratory keeps its files."""

from dataclasses import dataclass
import hashlib
import os
from pathlib import Path

#: First part of the source of the mount that marks our namespaces.
MARK = 'nsm-lab'


@dataclass(frozen=True)
class Home:
    """Name the places below one laboratory's directory."""

    root: Path

    @classmethod
    def of_user(cls) -> 'Home':
        """Take $LAB_HOME, or a directory of this user's own."""
        default = f'/var/tmp/nova-selective-migrate-lab-{os.getuid()}'
        return cls(Path(os.environ.get('LAB_HOME') or default).resolve())

    @property
    def cache(self) -> Path:
        """Return what survives `down`: kernels, releases."""
        return self.root / 'cache'

    @property
    def run(self) -> Path:
        """Return what `down` removes."""
        return self.root / 'run'

    @property
    def journal(self) -> Path:
        """Return the record of everything that was started."""
        # Beside run/, so that it outlives a clean-up that is cut short.
        return self.root / 'journal.jsonl'

    @property
    def lock(self) -> Path:
        """Return the file whose lock `up` and `down` hold."""
        return self.root / 'lock'

    @property
    def mark(self) -> str:
        """Return what tells the namespaces of this laboratory from others.

        The mount source, not a namespace's inode number: those are used
        again, and a process must not be ended because of an accident.
        """
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()
        return f'{MARK}:{digest[:12]}'

    def beside(self, name: str) -> 'Home':
        """Make another one, that takes what this one has in its cache."""
        other = Home(self.root.with_name(f'{self.root.name}-{name}'))
        other.root.mkdir(parents=True, exist_ok=True)
        if not other.cache.is_symlink():
            self.cache.mkdir(parents=True, exist_ok=True)
            other.cache.symlink_to(self.cache)
        return other

    def of_host(self, name: str) -> Path:
        """Return the directory with the files of one host."""
        return self.run / name

    def release(self, name: str) -> Path:
        """Return the tree of another Debian release."""
        return self.cache / 'releases' / name


#: The directory with this package, for running it as a program.
REPOSITORY = Path(__file__).resolve().parent.parent
