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

"""Awaiting the end of what nova does in the background."""

import functools
import threading
import typing

import fixtures

WAIT = 60.0


class Watched(fixtures.Fixture):
    """Makes the ends of a method's calls something that a test awaits."""

    def __init__(self, owner: type, name: str) -> None:
        super().__init__()
        self._owner = owner
        self._name = name
        self._ended = threading.Semaphore(0)

    def _setUp(self) -> None:
        method = getattr(self._owner, self._name)

        @functools.wraps(method)
        def watched(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            try:
                return method(*args, **kwargs)
            finally:
                self._ended.release()

        self.useFixture(
            fixtures.MockPatchObject(self._owner, self._name, watched)
        )

    def wait(self) -> None:
        """Wait for the end of one more call."""
        if not self._ended.acquire(timeout=WAIT):
            raise AssertionError(f'{self._name} did not end')
