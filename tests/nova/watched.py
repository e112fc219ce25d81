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
    """Makes the ends of a method's calls something that a test awaits.

    Nova asks for some of them, and goes on: a test that ends before they
    have would take from under them what they need.
    """

    def __init__(
        self, owner: type, name: str, asked: tuple[type, str] | None = None
    ) -> None:
        """Describe it.

        :param asked: the method that somebody calls to have this one called
            some time later; its calls are what is begun
        """
        super().__init__()
        self._owner = owner
        self._name = name
        self._asked = asked
        self._ended = threading.Semaphore(0)
        self._under_way = 0
        self._changed = threading.Condition()

    def _setUp(self) -> None:
        method = getattr(self._owner, self._name)

        @functools.wraps(method)
        def watched(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            try:
                return method(*args, **kwargs)
            finally:
                self._count(-1)
                self._ended.release()

        self.useFixture(
            fixtures.MockPatchObject(self._owner, self._name, watched)
        )
        if self._asked is not None:
            self._watch_asking(*self._asked)

    def _watch_asking(self, owner: type, name: str) -> None:
        method = getattr(owner, name)

        @functools.wraps(method)
        def asking(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            self._count(1)
            try:
                return method(*args, **kwargs)
            except Exception:
                self._count(-1)
                raise

        self.useFixture(fixtures.MockPatchObject(owner, name, asking))

    def _count(self, change: int) -> None:
        with self._changed:
            self._under_way += change
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait for the end of one more call."""
        if not self._ended.acquire(timeout=WAIT):
            raise AssertionError(f'{self._name} did not end')

    def settle(self) -> None:
        """Wait for the ends of all calls that were asked for."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._under_way <= 0, timeout=WAIT
            ):
                raise AssertionError(
                    f'the test is over, and {self._name} is not'
                )
