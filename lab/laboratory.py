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

"""Bring the laboratory up, use it, take it down."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
import fcntl
import os
from types import TracebackType

from lab.errors import LabError
from lab.errors import NotPrepared
from lab.hosts import debian_packages
from lab.hosts import host_layout
from lab.hosts import host_reset
from lab.hosts import kernel_hosts
from lab.hosts import libvirtd
from lab.hosts import namespaces
from lab.hosts import network_wires
from lab.hosts import privileges
from lab.hosts import releases
from lab.hosts import teardown
from lab.hosts.host_layout import ADDRESSES
from lab.hosts.host_layout import HUB
from lab.hosts.host_layout import NAMES
from lab.hosts.host_layout import STORAGE
from lab.hosts.lab_host import Host
from lab.hosts.namespaces import Namespace
from lab.lab_homes import Home
from lab.processes import daemon_processes
from lab.processes.process_identity import Process
from lab.processes.process_journal import Journal
from lab.storage import gluster
from lab.storage import nbd_server
from lab.storage import storage_support

_UP = 'up'


@dataclass(frozen=True)
class Lab:
    """Two hosts, `a` and `b`, and a hub with the storage they share."""

    home: Home
    hub: Namespace
    hosts: tuple[Host, ...]
    #: The host that serves storage, where hosts have their own kernels.
    storage: Host | None = None
    #: Whether `open` found it running: then leaving it does not end it.
    reused: bool = False

    @classmethod
    def open(
        cls,
        releases: Mapping[str, str] | None = None,
        home: Home | None = None,
        *,
        keep: bool = False,
        own_kernels: bool = False,
    ) -> 'Lab':
        """Take the laboratory that runs, or bring one up.

        As a context manager it is taken down at the end if it was brought
        up here. One whose owner died without doing that is brought up
        anew.

        :param releases: host name -> Debian release; a laboratory that
            runs with others is brought up anew. None takes any.
        :param keep: belong to nobody: stay until `down`.
        :param own_kernels: each host has a kernel of its own; a laboratory
            that runs otherwise is brought up anew.
        :raises ReleaseMissing: such a release was not prepared.
        :raises NotPrepared: a package is missing on this machine.
        """
        home = home or Home.of_user()
        for host, release in (releases or {}).items():
            _check(home, host, release)
        with _locked(home):
            running = cls.running(home)
            if (
                running
                and releases in (None, running.releases)
                and own_kernels == running.own_kernels
            ):
                return running
            teardown.tear_down(home)
            try:
                if own_kernels:
                    return cls._bring_up_kernels(home, keep=keep)
                return cls._bring_up(home, releases or {}, keep=keep)
            except BaseException:
                # Not after a kill: then it is the next one who cleans up.
                teardown.tear_down(home)
                raise

    @classmethod
    def running(cls, home: Home | None = None) -> 'Lab | None':
        """Return the laboratory if it runs as a whole."""
        home = home or Home.of_user()
        journal = Journal(home.journal)
        ups = [entry for entry in journal.entries() if entry.kind == _UP]
        keepers = journal.processes(namespaces.KIND)
        daemons = journal.processes(daemon_processes.KIND)
        needed = [*keepers.values(), *daemons.values()]
        # Its owner, if it has one: what that left half done is no use.
        needed += [entry.process for entry in ups if entry.process]
        if not ups or not all(each.alive for each in needed):
            return None
        of_user = not privileges.is_root()
        spaces = {
            name: Namespace(name, keeper, of_user)
            for name, keeper in keepers.items()
        }
        if ups[-1].details.get('own_kernels'):
            return cls._of_kernels(home, spaces, reused=True)
        wanted = ups[-1].details['releases']
        hosts = tuple(
            Host(name, ADDRESSES[name], spaces[name], wanted.get(name))
            for name in NAMES
        )
        return cls(home, spaces[HUB], hosts, reused=True)

    @classmethod
    def _bring_up(
        cls, home: Home, wanted: Mapping[str, str], *, keep: bool
    ) -> 'Lab':
        missing = debian_packages.missing()
        if missing:
            raise NotPrepared(missing)
        home.run.mkdir(parents=True)
        journal = Journal(home.journal)

        def space(name: str, owner: Namespace | None) -> Namespace:
            view = host_layout.view(home, name, wanted.get(name))
            return namespaces.create(journal, view, home, owner)

        hub = space(HUB, None)
        hosts = tuple(
            Host(name, ADDRESSES[name], space(name, hub), wanted.get(name))
            for name in NAMES
        )
        network_wires.join(
            hub, {h.name: h.namespace for h in hosts}, ADDRESSES
        )

        with_files = 'shared-file' not in storage_support.unavailable()
        if with_files:
            gluster.start(journal, hub, home)
        for host in hosts:
            libvirtd.start(journal, host)
        nbd_server.start(journal, hub, home, ADDRESSES[HUB])
        if with_files:
            gluster.export(journal, hub, home)
            gluster.mount(journal, hub, home, hosts)
        for host in hosts:
            libvirtd.await_ready(journal, host)
        owner = None if keep else Process.of(os.getpid())
        journal.note(_UP, HUB, owner, releases=dict(wanted))
        return cls(home, hub, hosts)

    @classmethod
    def _bring_up_kernels(cls, home: Home, *, keep: bool) -> 'Lab':
        missing = debian_packages.missing(own_kernels=True)
        if missing:
            raise NotPrepared(missing)
        home.run.mkdir(parents=True)
        journal = Journal(home.journal)
        spaces = kernel_hosts.bring_up(journal, home)
        owner = None if keep else Process.of(os.getpid())
        journal.note(_UP, HUB, owner, own_kernels=True)
        return cls._of_kernels(home, spaces)

    @classmethod
    def _of_kernels(
        cls, home: Home, spaces: Mapping[str, Namespace], reused: bool = False
    ) -> 'Lab':
        hosts = kernel_hosts.of_spaces(spaces)
        storage = hosts.pop(STORAGE)
        return cls(home, spaces[HUB], tuple(hosts.values()), storage, reused)

    @property
    def own_kernels(self) -> bool:
        """Whether each host has a kernel of its own."""
        return self.storage is not None

    @property
    def a(self) -> Host:
        """Return the first host."""
        return self.hosts[0]

    @property
    def b(self) -> Host:
        """Return the second host."""
        return self.hosts[1]

    @property
    def releases(self) -> dict[str, str]:
        """Return the hosts that are not of the machine's own release."""
        return {h.name: h.release for h in self.hosts if h.release}

    def reset(self) -> None:
        """Remove all guests, pools and disks: as after `up`, but quicker."""
        host_reset.reset(self.home, self.hosts)

    def down(self) -> None:
        """End everything and remove the hosts' files."""
        with _locked(self.home):
            teardown.tear_down(self.home)

    def __enter__(self) -> 'Lab':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.reused:
            self.down()


def down(home: Home | None = None) -> None:
    """End what runs or was left behind by a crash; twice is fine."""
    home = home or Home.of_user()
    if home.root.exists():
        with _locked(home):
            teardown.tear_down(home)


def _check(home: Home, host: str, release: str) -> None:
    if host not in NAMES:
        raise LabError(f'no such host: {host}')
    releases.tree(home, release)


@contextlib.contextmanager
def _locked(home: Home) -> Iterator[None]:
    home.root.mkdir(parents=True, exist_ok=True)
    with open(home.lock, 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
