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

"""The journal: one file for each migration that has not been ended."""

import contextlib
import json
import os
import pathlib
import tempfile

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import run as run_

_SUFFIX = '.json'


class Journal:
    """A directory of runs; safe against a crash at any moment."""

    def __init__(self, directory: str) -> None:
        self.directory = pathlib.Path(directory)

    def write(self, run: run_.Run) -> None:
        """Write a run, in place of what was known of it, to the disk.

        :raises PreparationFailed: when it cannot be written
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(self._path(run), json.dumps(run.dumps(), indent=1))
        except OSError as err:
            raise exceptions.PreparationFailed(
                f'cannot write the journal in {self.directory}: '
                f'{err.strerror}; name another directory with --journal'
            ) from err

    def end(self, run: run_.Run) -> None:
        """Forget a run: nothing is left of it; never raises."""
        # What stays is looked at again by cleanup, and harms nothing.
        with contextlib.suppress(OSError):
            self._path(run).unlink()

    def runs(self) -> list[run_.Run]:
        """Read all runs, the oldest first.

        :raises InvalidInput: when the directory or a file of it cannot be
            read
        """
        try:
            files = sorted(self.directory.glob(f'[!.]*{_SUFFIX}'))
        except OSError as err:
            raise exceptions.InvalidInput(
                f'cannot read the journal {self.directory}: {err.strerror}'
            ) from err
        return sorted(map(_read, files), key=lambda run: run.began)

    def newest(self, domain: str) -> run_.Run | None:
        """Return the newest run of a domain, by its name or UUID.

        :raises InvalidInput: when the journal cannot be read
        """
        found = [r for r in self.runs() if domain in (r.domain, r.uuid)]
        return found[-1] if found else None

    def _path(self, run: run_.Run) -> pathlib.Path:
        return self.directory / f'{run.plan_id}{_SUFFIX}'

    def _replace(self, path: pathlib.Path, text: str) -> None:
        # mkstemp makes it for its owner alone.
        handle, name = tempfile.mkstemp(dir=self.directory, prefix='.')
        try:
            with open(handle, 'w', encoding='utf-8') as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
        folder = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: pathlib.Path) -> run_.Run:
    try:
        return run_.Run.loads(json.loads(path.read_text(encoding='utf-8')))
    except OSError as err:
        raise exceptions.InvalidInput(
            f'cannot read {path}: {err.strerror}'
        ) from err
    except (ValueError, RecursionError, exceptions.InvalidInput) as err:
        raise exceptions.InvalidInput(
            f'{path} is not of this program: {err}; move it away after '
            'looking into it'
        ) from err


def default_directory() -> str:
    """Return where the journal of this user is."""
    if os.geteuid() == 0:
        return '/var/lib/nova-selective-migrate/journal'
    state = os.environ.get('XDG_STATE_HOME') or os.path.expanduser(
        '~/.local/state'
    )
    return os.path.join(state, 'nova-selective-migrate', 'journal')
