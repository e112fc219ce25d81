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

"""A wire between the hosts that is no faster than a real one."""

import collections.abc
import contextlib

from lab import errors
from lab import laboratory
from lab.processes import commands

_BURST = '1mb'
_LATENCY = '20ms'


@contextlib.contextmanager
def limited(lab: laboratory.Lab, mbit: int) -> collections.abc.Iterator[None]:
    """Let each host receive so many Mbit/s, while this context is open.

    :raises errors.CommandFailed: where the kernel has no such queue
    """
    devices = [f'to-{host.name}' for host in lab.hosts]
    try:
        for device in devices:
            _tc(
                lab,
                'qdisc',
                'add',
                'dev',
                device,
                'root',
                'tbf',
                'rate',
                f'{mbit}mbit',
                'burst',
                _BURST,
                'latency',
                _LATENCY,
            )
        yield
    finally:
        for device in devices:
            with contextlib.suppress(errors.CommandFailed):
                _tc(lab, 'qdisc', 'del', 'dev', device, 'root')


def _tc(lab: laboratory.Lab, *words: str) -> None:
    commands.run(lab.hub.enter(['tc', *words]))
