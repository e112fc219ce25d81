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

"""Run a command on the machine itself."""

from collections.abc import Mapping
from collections.abc import Sequence
import os
from pathlib import Path
import subprocess

from lab.errors import CommandFailed


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600,
    said: str | None = None,
) -> str:
    """Run a command to its end and return what it printed.

    :param environment: variables besides those of this process.
    :param said: what it reads from its standard input
    :raises CommandFailed: it ended with another status than 0.
    """
    words = [os.fspath(word) for word in argv]
    result = subprocess.run(
        words,
        check=False,
        capture_output=True,
        text=True,
        input=said,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        timeout=timeout,
    )
    if result.returncode:
        raise CommandFailed.of(result)
    return result.stdout
