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

"""Build a directory so that nobody sees it half done."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import shutil
import tempfile


@contextlib.contextmanager
def appearing(directory: Path) -> Iterator[Path]:
    """Give a directory to fill that gets its name when that is done.

    After an error, or a crash, there is nothing under that name.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=directory.parent, prefix='building-'))
    try:
        yield building
        building.chmod(0o755)
        # Another process may have built the same meanwhile.
        if not directory.is_dir():
            building.rename(directory)
    finally:
        shutil.rmtree(building, ignore_errors=True)
