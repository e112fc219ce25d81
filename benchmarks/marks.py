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

"""Run our command and note when it comes to which part of its work.

As a program, inside a host: ``marks.py STARTED FILE ARGUMENTS...``, where
STARTED is the clock when its process was asked for.
"""

import collections.abc
import json
import pathlib
import sys
import time
import typing

from nova_selective_migrate.cli import app
from nova_selective_migrate.cli import open_hosts
from nova_selective_migrate.cli import requested_case
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import created_images
from nova_selective_migrate.host.migration import migration_hosts
from nova_selective_migrate.host.migration import migrator

#: What lasts until the next one begins, in this order.
PHASES = (
    'start: Python, imports, command line',
    'connect to both hosts',
    'look at both hosts',
    'decide, print the plan',
    'look again, write the journal',
    'make the images',
    "libvirt's call: copy disks and memory",
    'notice its end',
    'look where the guest is',
    'print, end the process',
)
#: Where each but the first begins: at a call, or at its return.
_BEGINS: tuple[tuple[typing.Any, str, bool], ...] = (
    (open_hosts, 'both', True),
    (requested_case, 'now', True),
    (planner, 'plan', True),
    (migrator.Migrator, 'run', True),
    (created_images, 'create_images', True),
    (libvirt_guest.Guest, 'migrate_to_uri', True),
    (libvirt_guest.Guest, 'migrate_to_uri', False),
    (migration_hosts.MigrationHosts, 'conclude', True),
    (migration_hosts.MigrationHosts, 'conclude', False),
)


def main(started: str, file: str, *arguments: str) -> int:
    """Run the command; write when each phase began."""
    times = [float(started)]
    for owner, name, at_call in _BEGINS:
        setattr(owner, name, _noting(getattr(owner, name), times, at_call))
    status = app.main(list(arguments))
    pathlib.Path(file).write_text(json.dumps(times))
    return status


def _noting(
    function: collections.abc.Callable[..., typing.Any],
    times: list[float],
    at_call: bool,
) -> collections.abc.Callable[..., typing.Any]:
    def noted(*arguments: typing.Any, **more: typing.Any) -> typing.Any:
        if at_call:
            times.append(time.perf_counter())
        try:
            return function(*arguments, **more)
        finally:
            if not at_call:
                times.append(time.perf_counter())

    return noted


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
