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

"""Say what went wrong in the laboratory."""

from collections.abc import Sequence
import shlex
import subprocess


class LabError(Exception):
    """Something the laboratory cannot do, with the remedy in its text."""


class NotPrepared(LabError):
    """A Debian package is missing, or an ordinary user has no sub-ids."""


class ReleaseMissing(LabError):
    """A host was asked for a Debian release that nobody prepared."""

    def __init__(self, release: str) -> None:
        super().__init__(
            f'Debian {release} is not prepared; run: '
            f'python -m lab prepare --release {release}'
        )
        self.release = release


class StorageUnavailable(LabError):
    """This kind of storage cannot be had with these privileges."""


class NotInTime(LabError):
    """Something that was awaited did not happen before its deadline."""


class CommandFailed(LabError):
    """A command ended with a non-zero exit status."""

    def __init__(
        self,
        argv: Sequence[str],
        returncode: int,
        stdout: str,
        stderr: str,
    ) -> None:
        output = (stderr.strip() or stdout.strip())[-2000:]
        super().__init__(
            f'{shlex.join(argv)} ended with {returncode}: {output}'
        )
        self.argv = tuple(argv)
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr

    @classmethod
    def of(cls, result: 'subprocess.CompletedProcess[str]') -> 'CommandFailed':
        """Make the exception from the result that it reports."""
        return cls(
            result.args, result.returncode, result.stdout, result.stderr
        )
