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

"""The program nova-selective-migrate: one command in one process."""

import contextlib
import gc
import io
import os
import pathlib
import signal
import sys
import typing

#: Objects that Python makes before it looks for reference cycles.
_ALLOCATIONS = 1_000_000


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Plans and cases have no reference cycles: looking for them took a quarter
    # of the time of a thousand plans.
    gc.set_threshold(_ALLOCATIONS)
    # Here, so that it is not done while they are imported either.
    from nova_selective_migrate.cli import command_line
    from nova_selective_migrate.cli import commands
    from nova_selective_migrate.cli import signals

    arguments = sys.argv[1:] if argv is None else argv
    # The caller has closed it: output is lost, the command still runs.
    nowhere = pathlib.Path(os.devnull)
    sys.stdout = sys.stdout or nowhere.open('w')
    sys.stderr = sys.stderr or nowhere.open('w')
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path that the locale cannot encode is shown with escapes.
            stream.reconfigure(errors='backslashreplace')
    # Unwind as after Ctrl-C, so that no marker or pool is left behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(commands.TERMINATED))
    try:
        status = command_line.run(arguments)
    except SystemExit as ended:
        if signals.at_work():
            _end(int(ended.code or 0))
        raise
    except KeyboardInterrupt:
        return commands.INTERRUPTED
    except BrokenPipeError:
        status = commands.USAGE
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        commands.discard_output()
    if signals.at_work():
        _end(status)
    # The process ends: without this Python looks for reference cycles.
    gc.freeze()
    return status


def _end(status: int) -> typing.NoReturn:
    """End at once: a thread of ours may wait for libvirt for ever."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == '__main__':
    sys.exit(main())
