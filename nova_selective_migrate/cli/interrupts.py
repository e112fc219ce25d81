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

"""Let nobody interrupt us between making a thing and noting it."""

import collections.abc
import contextlib
import signal
import sys
import types

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# As a shell reports a command that a signal has ended.
_SIGNALLED = 128


@contextlib.contextmanager
def handled(
    handle: collections.abc.Callable[[int], None],
) -> collections.abc.Iterator[None]:
    """Let a function take Ctrl-C, SIGTERM and SIGHUP for a while."""

    def handler(number: int, _frame: types.FrameType | None) -> None:
        handle(number)

    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextlib.contextmanager
def deferred() -> collections.abc.Iterator[None]:
    """Take the first signal only at the end, when all is put away.

    A marker or a pool at the destination would be left behind otherwise.
    The second signal is taken at once.

    :raises SystemExit: at the end, when there was a signal
    """
    caught: list[int] = []

    def note(number: int) -> None:
        if caught:
            sys.exit(_SIGNALLED + number)
        caught.append(number)

    with handled(note):
        yield
    if caught:
        print('interrupted; nothing was changed', file=sys.stderr)
        sys.exit(_SIGNALLED + caught[0])
