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

"""The hosts of the laboratory, to be broken and mended."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import os
import select
import signal
import subprocess
import sys

from lab.faults import host_inspection
from lab.hosts import libvirtd
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.laboratory import Lab
from lab.processes import daemon_processes
from lab.processes.process_identity import Process
from lab.processes.process_journal import Journal
from lab.storage import gluster

#: The port that libvirt takes for NBD when one guest comes.
_NBD_PORT = '49153'
#: About 13 s to 25 s; Linux's own is 15 and takes as many minutes.
_RETRIES = 6
_LINUX_RETRIES = 15


@dataclass(frozen=True)
class FaultHosts:
    """Both hosts."""

    lab: Lab

    def hurry(self) -> None:
        """Have TCP give up after seconds.

        doc/source/reference/limits.rst advises it: a cut wire is a matter of a
        quarter of an hour otherwise.
        """
        self._retry(_RETRIES)

    def take_time(self) -> None:
        """Have TCP give up when it would, for those who come after."""
        self._retry(_LINUX_RETRIES)

    def _retry(self, number: int) -> None:
        for host in self.lab.hosts:
            host.run(['sysctl', '-qw', f'net.ipv4.tcp_retries2={number}'])

    @property
    def _journal(self) -> Journal:
        return Journal(self.lab.home.journal)

    def libvirtd(self, host: Host) -> Process:
        """Return the libvirt daemon of a host."""
        return self._journal.processes(daemon_processes.KIND)[
            f'libvirtd-{host.name}'
        ]

    def kill_libvirtd(self, host: Host) -> None:
        """Kill the libvirt daemon; guests go on."""
        kill([self.libvirtd(host)])

    def kill_emulator(self, host: Host, guest: str) -> None:
        """Kill the emulator of a guest on a host, if there is one."""
        kill(host_inspection.emulators_of(self.lab.home, host, guest))

    @contextlib.contextmanager
    def frozen(self, host: Host) -> Iterator[None]:
        """Let the libvirt daemon of a host stand still."""
        with stopped([self.libvirtd(host)]):
            yield

    def cut(self) -> None:
        """Cut the wire of host b."""
        self._wire('down')

    def heal(self) -> None:
        """Join it again."""
        self._wire('up')

    def _wire(self, state: str) -> None:
        argv = ['ip', 'link', 'set', f'to-{self.lab.b.name}', state]
        subprocess.run(self.lab.hub.enter(argv), check=True)

    def filter_nbd(self, *, on: bool) -> None:
        """Drop what host b's NBD server answers, or let it through."""
        self.lab.b.run(
            ['ip', 'rule', 'add' if on else 'del', 'sport', _NBD_PORT]
            + ['ipproto', 'tcp', 'blackhole'],
            check=on,
        )

    def shrink(self, mib: int) -> None:
        """Give host b little room for images."""
        options = f'size={mib}m,mode=755'
        self.lab.b.run(['mount', '-t', 'tmpfs', '-o', options, 'x', IMAGES])

    def start_libvirtds(self) -> None:
        """Start the daemons that have ended, as systemd does."""
        for host in self.lab.hosts:
            if not self.libvirtd(host).alive:
                libvirtd.start_again(self._journal, host)

    def mend(self) -> None:
        """Make everything work again, whatever was broken."""
        self.heal()
        self.filter_nbd(on=False)
        self.start_libvirtds()
        for host in self.lab.hosts:
            libvirtd.await_ready(self._journal, host)
        lost = gluster.await_ready(
            self._journal, self.lab.hub, self.lab.home, self.lab.hosts
        )
        for name in lost:
            print(
                f'the shared file system of host {name} was lost and is '
                'mounted anew',
                file=sys.stderr,
            )

    def widen(self) -> None:
        """Give host b its room for images back."""
        self.lab.b.run(['umount', '-l', IMAGES], check=False)


@contextlib.contextmanager
def stopped(processes: Iterable[Process]) -> Iterator[None]:
    """Let processes stand still; those that end meanwhile are no error."""
    processes = list(processes)
    for each in processes:
        _signal(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            _signal(each, signal.SIGCONT)


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.alive:
            os.kill(process.pid, number)


def kill(processes: Iterable[Process]) -> None:
    """Kill processes and wait until they are gone."""
    for each in processes:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(each.pid)
            try:
                if each.alive:
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    # Readable at its end.
                    _await_end(descriptor)
            finally:
                os.close(descriptor)
            # A child of ours stays a zombie until somebody asks.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(each.pid, os.WNOHANG)


def _await_end(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll(10_000)
