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

"""Two fake hosts, a guest with one local disk, and its plan."""

import contextlib
import dataclasses
import pathlib
import tempfile
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.migration import copy_call
from nova_selective_migrate.host.migration import migration_hosts
from nova_selective_migrate.host.migration import migration_outcome
from nova_selective_migrate.host.migration import migrator
from nova_selective_migrate.host.migration import settlement
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

FOLDER = '/srv/images'
DISK = f'{FOLDER}/disk'
HERE = 'qemu+tcp://here/system'
THERE = 'qemu+tcp://there/system'
SECRET = 's3cret'
GRAPHICS = f"<graphics type='vnc' passwd='{SECRET}'/>"
MIB = 1 << 20

LOCAL = storage_facts.StorageFacts(
    exists=True,
    kind=storage_facts.PathKind.FILE,
    fstype='ext4',
    mount_source='/dev/vda1',
    virtual_bytes=MIB,
    allocated_bytes=MIB,
)
VERSIONS = domains.Hypervisors(
    # The copy may begin again with synchronous writes.
    domains.Versions(9_000_000, 8_000_000),
    domains.Versions(9_000_000),
)
GONE = storage_facts.StorageFacts(exists=False)
THEIRS = dataclasses.replace(LOCAL, format='raw')
DIRECTORY = storage_facts.StorageFacts(
    exists=True, kind=storage_facts.PathKind.DIRECTORY
)


def chained_disk() -> str:
    """A disk whose chain will be flattened at the destination."""
    return (
        "<disk type='file' device='disk'>"
        "<driver name='qemu' type='qcow2'/>"
        f"<source file='{DISK}'/><backingStore type='file'>"
        f"<format type='raw'/><source file='{FOLDER}/base'/>"
        '<backingStore/></backingStore>'
        "<target dev='vda' bus='virtio'/></disk>"
    )


class MigrationCase(unittest.TestCase):
    """What a migration needs; no test waits longer than it must."""

    #: Of the migrator; None for its own.
    limits: watchdog_limits.AbortLimits | None = None

    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.folder = pathlib.Path(top.name, FOLDER[1:])
        self.folder.mkdir(parents=True)
        self.here = fake_daemon.FakeDaemon()
        self.there = fake_daemon.FakeDaemon(top.name)
        self.domain = fake_domain.FakeDomain(
            fake_domain.file_disk(DISK), secret=GRAPHICS
        )
        self.here.domains[fake_domain.UUID] = self.domain
        self.reports = []
        self.journal = migration_journal.MigrationJournal(
            f'{top.name}/journal'
        )
        daemons = {HERE: self.here, THERE: self.there}
        for target, name, value in (
            (libvirt, 'open', daemons.__getitem__),
            (copy_call, '_POLL_SECONDS', 0.002),
            (settlement, '_POLL_SECONDS', 0.001),
            (settlement, '_SETTLE_SECONDS', 0.01),
        ):
            patch = mock.patch.object(target, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def plan(self, **options) -> migration_plan.MigrationPlan:
        base = f'{FOLDER}/base'
        there = THEIRS if options.get('existing') else GONE
        case = migration_case.Case(
            domain_xml=redaction.domain_xml(self.domain.XMLDesc()),
            persistent_xml=redaction.domain_xml(self.domain.XMLDesc()),
            domain_state=domains.DomainState(
                state='running', persistent=self.domain.persistent
            ),
            hypervisors=VERSIONS,
            storage=storage_facts.Storage(
                source={DISK: LOCAL, base: LOCAL},
                destination={FOLDER: DIRECTORY, DISK: there, base: GONE},
            ),
            options=migration_options.MigrationOptions(
                create_images=True, **options
            ),
        )
        plan = planner.plan(case)
        self.assertEqual((), plan.refusals)
        self.assertEqual(['vda'], plan.migrate_disks)
        return plan

    def migrator(self, **options) -> migrator.Migrator:
        return migrator.Migrator(
            self.hosts(),
            libvirt_guest.Guest(self.domain),
            self.plan(**options),
            THERE,
            self.limits,
        )

    def hosts(self) -> migration_hosts.MigrationHosts:
        return migration_hosts.MigrationHosts(
            fake_daemon.connect(self.here, HERE),
            fake_daemon.connect(self.there, THERE),
            self.journal,
        )

    def run_it(self, **options) -> migration_outcome.MigrationOutcome:
        return self.migrator(**options).run(self.reports.append)

    def move(self) -> None:
        """Move the guest, as a migration that succeeds does."""
        self.here.domains.clear()
        arrived = fake_domain.FakeDomain(*self.domain.disks)
        arrived.completed = {'downtime': 42, 'memory_processed': 7}
        self.there.domains[fake_domain.UUID] = arrived

    def images(self) -> list[str]:
        return [file.name for file in self.folder.iterdir()]

    @contextlib.contextmanager
    def nothing_is_left(self):
        yield
        self.assertEqual([], self.images())
        self.assertTrue(self.there.released)
        self.assertEqual([], self.journal.runs())
