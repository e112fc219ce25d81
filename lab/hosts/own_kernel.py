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

"""Start a kernel of a host's own in its namespaces, and work inside it."""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import sys

from lab.errors import LabError
from lab.hosts.kernel_tree import KernelTree
from lab.hosts.namespaces import Namespace
from lab.lab_homes import Home
from lab.lab_homes import REPOSITORY
from lab.processes import commands
from lab.processes import daemon_processes
from lab.processes import waiting
from lab.processes.process_journal import Journal

_KIND = 'kernel-'
#: Where the agent listens, in each host.
_PORT = 7
_PROGRAMS = REPOSITORY / 'lab' / 'hosts'
_COMMAND = _PROGRAMS / 'kernel_command.py'
_MEMORY = '4096M'
#: Where the kernel keeps what is its memory: gone with the namespace.
_MEMORY_FILES = '/dev/shm'
#: What is the kernel's own: not to be had through the namespace.
_INSIDE = ('/var/lib', '/mnt', '/dev', '/run', '/tmp', '/proc', '/sys')


@dataclass(frozen=True)
class OwnKernel(Namespace):
    """A kernel that runs in a namespace, as if it were that namespace."""

    address: str
    #: In whose network the kernel can be reached.
    hub: Namespace

    def enter(self, argv: Sequence[str], cwd: str = '/') -> list[str]:
        """Return the command that runs another one inside."""
        return [
            *('nsenter', f'--target={self.hub.keeper.pid}', '--net', '--'),
            *(sys.executable, '-I', '-S', os.fspath(_COMMAND)),
            *(self.address, str(_PORT), cwd),
            *argv,
        ]

    def path(self, inside: str | Path) -> Path:
        """Return where a file of the host is for those outside.

        :raises LabError: it is on a file system of the kernel's own.
        """
        if any(Path(inside).is_relative_to(tree) for tree in _INSIDE):
            raise LabError(
                f'{inside} is inside the kernel of {self.name}: '
                'run a command there'
            )
        return super().path(inside)


def start(
    journal: Journal,
    home: Home,
    tree: KernelTree,
    namespace: Namespace,
    hub: Namespace,
    addresses: Sequence[str],
) -> OwnKernel:
    """Start the kernel; `await_ready` waits until commands can be run.

    Its device of the network is the namespace's eth0, which has no address
    of its own then.
    """
    name = namespace.name
    # Checksums that the sender leaves to a card that is not there.
    for space, device in ((namespace, 'eth0'), (hub, f'to-{name}')):
        commands.run(
            space.enter(
                ['ethtool', '--offload', device]
                + [
                    w
                    for o in ('tx', 'rx', 'gro', 'gso', 'tso')
                    for w in (o, 'off')
                ]
            )
        )
    environment = {
        'LAB_NAME': name,
        'LAB_ADDRESSES': ','.join(addresses),
        'LAB_PYTHON': sys.executable,
        'LAB_AGENT': os.fspath(_PROGRAMS / 'kernel_agent.py'),
        'LAB_PORT': str(_PORT),
    }
    kernel = [
        *(
            'setarch',
            '-R',
            'env',
            'LD_LIBRARY_PATH=.',
            f'TMPDIR={_MEMORY_FILES}',
        ),
        *(os.fspath(tree.program), f'mem={_MEMORY}', 'seccomp=auto'),
        *('rootfstype=hostfs', 'rootflags=/', 'rw', 'quiet'),
        f'init={_PROGRAMS / "kernel_init.sh"}',
        *(f'{key}={value}' for key, value in environment.items()),
        'vec0:transport=raw,ifname=eth0,depth=128,gro=0',
        *('con=null', 'con0=null,fd:2', 'ssl=null'),
    ]
    daemon_processes.start(
        journal,
        namespace,
        _name(namespace),
        kernel,
        _log(home, name),
        cwd=os.fspath(tree.root),
    )
    return OwnKernel(
        name, namespace.keeper, namespace.of_user, addresses[0], hub
    )


def await_ready(journal: Journal, home: Home, kernel: OwnKernel) -> None:
    """Wait until the agent of a kernel runs commands.

    :raises LabError: the kernel has ended, with the last it had to say.
    """
    log = _log(home, kernel.name)

    def answers() -> bool:
        daemon_processes.check(journal, _name(kernel), log)
        return _ends_well(kernel)

    waiting.until(answers, f'the kernel of host {kernel.name}', 60, 0.2)
    # Where it has devices of its own, their names are there too.
    commands.run(kernel.enter(['udevadm', 'settle']))


@contextlib.contextmanager
def frozen(home: Home, name: str) -> Iterator[None]:
    """Have a host answer nobody, as one whose machine has stopped."""
    kernel = Journal(home.journal).processes(daemon_processes.KIND)[
        f'{_KIND}{name}'
    ]
    os.kill(kernel.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kernel.pid, signal.SIGCONT)


def _ends_well(kernel: OwnKernel) -> bool:
    try:
        commands.run(kernel.enter(['true']), timeout=10)
    except (LabError, TimeoutError):
        return False
    return True


def _name(namespace: Namespace) -> str:
    return f'{_KIND}{namespace.name}'


def _log(home: Home, name: str) -> Path:
    return home.run / f'{name}-kernel.log'
