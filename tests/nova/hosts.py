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

"""Two nova-computes in one process, on a libvirt that migrates."""

import os
import threading
import typing

import fixtures
from futurist import _thread
from nova.compute import manager as compute
from nova.compute import rpcapi
from nova.conductor import manager as conductor
from nova.conductor import rpcapi as conductor_rpcapi
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.libvirt import base
from nova.virt.libvirt import driver
from nova.virt.libvirt import host as libvirt_host
from nova.virt.libvirt import utils as libvirt_utils
from nova.virt.libvirt.volume import remotefs

from tests.nova import libvirt_fixture
from tests.nova import watched

STOCK = 'libvirt.LibvirtDriver'
OURS = 'selective_migrate.SelectiveMigrateDriver'
#: Where hosts expect what is migrated to them; their names mean nothing.
ADDRESS = '192.0.2.2'
#: nova 27 has the API wait for the conductor in all of its tests.
CASTS_ARE_CALLS = not hasattr(base.ServersTestBase, 'CAST_AS_CALL')
#: How long an idle thread of a pool waits before it asks whether to end.
_IDLE_SECONDS = 0.05
AT_DESTINATION = (
    'check_can_live_migrate_destination',
    'cleanup_live_migration_destination_check',
    'pre_live_migration',
    'post_live_migration_at_destination',
    'rollback_live_migration_at_destination',
)


class HostsTest(base.ServersTestBase):
    """Real manager, API, conductor, scheduler and placement.

    The hosts `src` and `dest` are in one process. A server's directory has
    one path on both of them; what dest does with it happens elsewhere.
    """

    # 2.74: a server on a chosen host; 2.84: the details of an event.
    microversion = '2.84'
    ADMIN_API = True
    # As in production: the API has answered before anything is checked.
    CAST_AS_CALL = False
    DRIVER = STOCK

    def setUp(self):
        if CASTS_ARE_CALLS:
            self.useFixture(
                fixtures.MockPatchObject(
                    *(nova_fixtures, 'CastAsCallFixture'),
                    lambda test: fixtures.Fixture(),
                )
            )
        super().setUp()
        # nova's 10 ms have each idle thread look a hundred times a second.
        _thread.ThreadWorker.MAX_IDLE_FOR = _IDLE_SECONDS
        # Who waits for a reply waits no longer than the test does.
        self.flags(long_rpc_timeout=int(watched.WAIT))
        self.background: list[watched.Watched] = []
        # For the journals; the API has found its files below the default.
        self.flags(state_path=self.useFixture(fixtures.TempDir()).path)
        # nova's rule has it below instances_path as well.
        self._there = os.path.join(base.CONF.instances_path, 'there')
        os.makedirs(self._there)
        # Before 30.1 stock copies the config drive by ssh; no host is there.
        self.useFixture(
            fixtures.MockPatchObject(remotefs.SshDriver, 'copy_file')
        )
        self._at = threading.local()
        self.fake = self.useFixture(
            libvirt_fixture.MigratingLibvirt(lambda: self.connection('dest'))
        )
        #: URIs of other hosts that libvirt was opened with.
        self.opened: list[str] = []
        #: What opening one raises.
        self.out_of_reach: Exception | None = None
        self.useFixture(
            fixtures.MockPatchObject(
                libvirt_host.Host,
                '_connect',
                lambda _host, uri, read_only: self._connect(uri),
            )
        )
        self.conducted = self.watch(
            *(conductor.ComputeTaskManager, 'live_migrate_instance'),
            (conductor_rpcapi.ComputeTaskAPI, 'live_migrate_instance'),
        )
        self.migrated = self.watch(
            *(compute.ComputeManager, '_do_live_migration'),
            (rpcapi.ComputeAPI, 'live_migration'),
        )
        # The source does not wait for it.
        self.rolled_back = self.watch(
            *(
                compute.ComputeManager,
                'rollback_live_migration_at_destination',
            ),
            (rpcapi.ComputeAPI, 'rollback_live_migration_at_destination'),
        )
        self.patch_driver(
            '_check_shared_storage_test_file',
            lambda driver, filename, instance: False,
        )
        real = libvirt_utils.get_instance_path

        def path(instance, relative=False):
            if relative or not getattr(self._at, 'destination', False):
                return real(instance, relative)
            return self.path_there(instance.uuid)

        for name, function in {
            'get_instance_path': path,
            'get_instance_path_at_destination': (
                lambda instance, migrate_data=None: self.path_there(
                    instance.uuid
                )
            ),
        }.items():
            self.useFixture(
                fixtures.MockPatchObject(libvirt_utils, name, function)
            )

    def tearDown(self):
        # Before any clean-up, which ends the hosts' services.
        self.settle()
        super().tearDown()

    def watch(
        self, owner: type, name: str, asked: tuple[type, str]
    ) -> watched.Watched:
        """Make the ends of a method's calls known, and awaited at the end."""
        found = watched.Watched(owner, name, asked)
        self.background.append(found)
        return self.useFixture(found)

    def settle(self) -> None:
        """Let all end that the test has begun.

        What went on would find the host's services gone, and wait for
        replies that nobody sends.
        """
        self.fake.let_go()
        # In the order in which one begins another.
        for each in self.background:
            each.settle()

    def _setup_compute_service(self):
        # Its default is one; the others wait in a queue.
        self.flags(
            compute_driver=self.DRIVER, max_concurrent_live_migrations=2
        )
        self.flags(live_migration_inbound_addr=ADDRESS, group='libvirt')

    def patch_driver(self, name: str, method: typing.Any) -> None:
        """Replace a method of nova's driver for the test."""
        self.useFixture(
            fixtures.MockPatchObject(driver.LibvirtDriver, name, method)
        )

    def path_there(self, uuid: str) -> str:
        """Where the destination has a server's directory."""
        return os.path.join(self._there, uuid)

    def connection(self, host: str) -> typing.Any:
        """The fake libvirt of a host."""
        return self.computes[host].driver._host.get_connection()

    def _connect(self, uri: str) -> typing.Any:
        """Connect to another host; both have one inbound address."""
        self.opened.append(uri)
        if self.out_of_reach is not None:
            raise self.out_of_reach
        return self.connection('src' if '://src/' in uri else 'dest')

    def start_hosts(self) -> None:
        """Start a nova-compute on src and one on dest."""
        for host in ('src', 'dest'):
            self.start_compute(host)
        self.separate()

    def separate(self) -> None:
        """Have dest keep its files apart."""
        for name in AT_DESTINATION:
            self._separate(self.computes['dest'].driver, name)

    def _separate(self, owner: typing.Any, name: str) -> None:
        method = getattr(owner, name)

        def separated(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            self._at.destination = True
            try:
                return method(*args, **kwargs)
            finally:
                self._at.destination = False

        setattr(owner, name, separated)
