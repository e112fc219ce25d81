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

"""The mark of an instance directory that a live migration has made."""

import os

_NAME = '.selective-migrate'


def put(directory: str) -> None:
    """Mark a directory; again is fine.

    :raises OSError: when it cannot be marked
    """
    flags = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(os.path.join(directory, _NAME), flags, 0o600))


def there(directory: str) -> bool:
    """Tell whether a directory bears the mark."""
    return os.path.lexists(os.path.join(directory, _NAME))


def take(directory: str) -> None:
    """Take the mark away, where there is one.

    :raises OSError: when it cannot be taken away
    """
    try:
        os.unlink(os.path.join(directory, _NAME))
    except FileNotFoundError:
        return
