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

"""Files that the user names."""

import pathlib

from nova_selective_migrate import exceptions


def read(path: str) -> str:
    """Read a text file.

    :raises InvalidInput: when it cannot be read
    """
    try:
        return pathlib.Path(path).read_text(encoding='utf-8')
    except (OSError, ValueError) as err:
        raise exceptions.InvalidInput(
            f'cannot read {path}: {one_line(err)}'
        ) from err


def write(path: str, text: str) -> None:
    """Write a text file.

    :raises InvalidInput: when it cannot be written
    """
    try:
        pathlib.Path(path).write_text(text, encoding='utf-8')
    except (OSError, ValueError) as err:
        raise exceptions.InvalidInput(
            f'cannot write {path}: {one_line(err)}'
        ) from err


def one_line(err: Exception) -> str:
    """Say what is wrong with a file, without its name."""
    reason = err.strerror if isinstance(err, OSError) else str(err)
    return ' '.join((reason or str(err)).split())
