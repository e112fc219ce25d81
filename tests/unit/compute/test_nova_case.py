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

"""What nova and this host know becomes a case, and the case a plan."""

import dataclasses
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.source import nova_case
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.facts import image_digests
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.hypervisor import libvirt_guest
from tests.unit.core import builders as b
from tests.unit.host import fake_domain

PEER = protocol.DestinationReport(
    free_bytes=b.GIB, directory_exists=False, libvirt=9_000_000, qemu=7_002_022
)
VERSIONS = domains.Versions(9_000_000, 7_002_022)


class PlanningTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        top = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.instances = top / 'instances'
        self.home = self.instances / 'uuid'
        self.base = self.instances / '_base' / 'image'
        self.home.mkdir(parents=True)
        self.base.parent.mkdir()
        self.root = self.write('disk')
        self.config = self.write('disk.config', b'config drive')
        self.base.write_bytes(b'base')
        real = local_storage.local_facts
        # Whatever the tests run on, one host alone mounts it.
        self.fstype = 'ext4'
        self.enterContext(
            mock.patch.object(
                local_storage,
                'local_facts',
                lambda path: dataclasses.replace(
                    real(path), fstype=self.fstype
                ),
            )
        )

    def write(self, name, data=b''):
        path = self.home / name
        path.write_bytes(data)
        return path

    def plan(
        self,
        *disks,
        limit=8 * b.MIB,
        rows=(),
        mode=driver_settings.Mode.ENFORCE,
        writes=driver_settings.SynchronousWrites.AUTO,
        **request,
    ):
        domain = fake_domain.FakeDomain(*disks)
        domain.sizes = dict.fromkeys(('vda', 'vdb'), (b.GIB, b.MIB, 0))
        planner = nova_case.CaseGatherer(
            driver_settings.DriverSettings(
                mode,
                declared_paths.LocalityPolicy(),
                limit,
                parallel_mirrors=3,
                synchronous_writes=writes,
            ),
            image_digests.DigestCache(),
        )
        asked = {
            'block_device_info': b.mapping(*rows),
            'instances_path': str(self.instances),
            'instance_directory': str(self.home),
            'shared_directory': False,
            'image_base': str(self.base),
            'image_root': '',
            'images_type': 'qcow2',
            'same_images_type': True,
            'fetched_bytes': 0,
            'block_migration': None,
            'peer': PEER,
            'options': migration_options.MigrationOptions(),
            **request,
        }
        return planner.plan(
            libvirt_guest.Guest(domain),
            VERSIONS,
            planned_migrations.LiveMigrationRequest(**asked),
        )

    def disk(self, base=None, format='qcow2'):
        over = [b.file(str(base), 'raw')] if base else []
        return b.disk('vda', b.file(str(self.root), format), over=over)

    def drive(self, *over):
        return b.disk(
            'hda',
            b.file(str(self.config), 'raw'),
            'readonly',
            device='cdrom',
            over=over,
        )

    def reasons(self, planned):
        return {(r.target, r.reason.value) for r in planned.plan.refusals}


@ddt.ddt
class PlanningTest(PlanningTestCase):
    def test_the_case_has_what_is_set_for_all_migrations(self):
        planned = self.plan(self.disk(self.base))
        self.assertEqual(3, planned.case.options.parallel_mirrors)

    def test_volumes_get_their_paths_from_us_unless_nova_acts(self):
        for mode in driver_settings.Mode:
            planned = self.plan(self.disk(), mode=mode)
            self.assertEqual(
                mode is driver_settings.Mode.ENFORCE,
                planned.case.options.prepared.sets_volume_paths,
            )

    def test_synchronous_writes_are_the_operator_s(self):
        for writes, asked in (
            (driver_settings.SynchronousWrites.AUTO, (False, True)),
            (driver_settings.SynchronousWrites.ON, (True, False)),
            (driver_settings.SynchronousWrites.OFF, (False, False)),
        ):
            planned = self.plan(self.disk(), writes=writes)
            found = planned.case.options
            self.assertEqual(asked, (found.synchronous_writes, found.converge))

    def test_the_case_replays_to_the_same_plan(self):
        planned = self.plan(self.disk(self.base), self.drive())
        again = migration_case.loads(migration_case.dumps(planned.case))
        self.assertEqual(planned.plan, planner.plan(again))

    def test_a_base_that_the_destination_makes(self):
        planned = self.plan(self.disk(self.base))
        self.assertTrue(planned.plan.disks[0].top_only)

    def test_a_base_that_the_destination_has(self):
        there = dataclasses.replace(
            PEER, base=image_digests.digest_of(str(self.base))
        )
        planned = self.plan(self.disk(self.base), peer=there)
        self.assertTrue(planned.plan.disks[0].top_only)

    def test_another_base_at_the_destination(self):
        there = dataclasses.replace(PEER, base='sha256-other')
        planned = self.plan(self.disk(self.base), peer=there)
        self.assertFalse(planned.plan.disks[0].top_only)
        self.assertEqual(('vda',), planned.plan.flattened)

    def test_a_base_whose_digest_takes_too_long(self):
        with mock.patch.object(
            image_digests.DigestCache, 'within', return_value=None
        ):
            planned = self.plan(self.disk(self.base))
        self.assertFalse(planned.plan.disks[0].top_only)
        self.assertTrue(planned.plan.ready)

    def test_no_base_is_read_in_vain(self):
        other = self.write('disk.swap')
        swap = b.disk(
            'vdb', b.file(str(other)), over=[b.file('/b/swap', 'raw')]
        )
        with mock.patch.object(image_digests.DigestCache, 'within') as asked:
            self.plan(self.disk(self.base), swap)
            self.plan(self.disk(self.base), mode=driver_settings.Mode.AUDIT)
            self.plan(self.disk(self.base), peer=None)
        asked.assert_not_called()

    def test_a_destination_that_makes_no_overlay(self):
        planned = self.plan(self.disk(self.base), images_type='raw')
        self.assertFalse(planned.plan.disks[0].top_only)

    def test_a_base_of_another_image(self):
        other = self.base.with_name('other')
        other.write_bytes(b'base')
        planned = self.plan(self.disk(other))
        self.assertFalse(planned.plan.disks[0].top_only)

    def test_a_destination_without_the_plugin_proves_no_base(self):
        planned = self.plan(self.disk(self.base), peer=None)
        self.assertFalse(planned.plan.disks[0].top_only)
        self.assertFalse(planned.peer)

    def test_what_is_read_ends_before_nova_gives_up(self):
        with mock.patch.object(
            image_digests.Deadline,
            'after',
            return_value=image_digests.Deadline(0),
        ) as asked:
            planned = self.plan(self.disk(), self.drive())
        (seconds,) = asked.call_args.args
        self.assertLess(seconds, 60)  # rpc_response_timeout
        self.assertIn('media-not-carried', str(self.reasons(planned)))
        self.assertIn(
            'takes too long', str(planned.case.options.prepared.not_carried)
        )

    def test_a_shared_instances_path(self):
        self.fstype = 'nfs'
        planned = self.plan(
            self.disk(self.base), self.drive(), shared_directory=True
        )
        self.assertEqual(set(), self.reasons(planned))
        self.assertEqual([], planned.plan.migrate_disks)
        self.assertTrue(planned.shared_block_storage)
        self.assertEqual({}, planned.carried)

    def test_a_shared_instances_path_that_only_one_host_has(self):
        self.fstype = 'nfs'
        planned = self.plan(self.disk())
        self.assertEqual({('vda', 'shared-disproved')}, self.reasons(planned))

    def test_two_hosts_on_one_local_directory(self):
        planned = self.plan(self.disk(), shared_directory=True)
        self.assertEqual(
            {('vda', 'same-file-at-destination')}, self.reasons(planned)
        )

    def test_a_link_out_of_the_shared_directory(self):
        elsewhere = self.instances.parent / 'local'
        elsewhere.write_bytes(b'')
        self.root.unlink()
        self.root.symlink_to(elsewhere)
        planned = self.plan(self.disk(), shared_directory=True)
        self.assertEqual(
            {('vda', 'shared-instance-directory')}, self.reasons(planned)
        )

    def test_the_directory_is_at_the_destination(self):
        there = dataclasses.replace(PEER, directory_exists=True)
        self.assertEqual(
            {(None, 'instance-directory-exists')},
            self.reasons(self.plan(self.disk(), peer=there)),
        )

    def test_no_room(self):
        there = dataclasses.replace(PEER, free_bytes=0)
        self.root.write_bytes(b'x' * 10000)
        self.assertEqual(
            {(None, 'destination-full')},
            self.reasons(self.plan(self.disk(), peer=there)),
        )

    @ddt.data(
        ([], True),
        (['vda'], False),
        (['rbd'], True),
        (['rbd', 'vda'], True),
        (['volume'], True),
        (['volume', 'vda'], False),
        (['volume', 'hda'], False),
        (['rbd', 'hda'], True),
        (['drive', 'vda'], True),
    )
    @ddt.unpack
    def test_what_nova_s_clean_up_may_delete(self, names, shared):
        made = {
            'vda': self.disk(),
            'hda': self.drive(),
            'rbd': b.disk('vdc', b.rbd('vms/uuid_disk')),
            'drive': b.cdrom('hdb', b.rbd('vms/uuid_disk.config')),
            'volume': b.disk('vdd', b.rbd('v/x'), serial=b.VOLUME),
        }
        rows = [b.row('vdd', b.VOLUME, 'rbd', name='v/x')]
        planned = self.plan(
            *(made[name] for name in names),
            rows=rows if 'volume' in names else (),
        )
        self.assertEqual(set(), self.reasons(planned))
        self.assertIs(shared, planned.shared_block_storage)


class MediaTest(PlanningTestCase):
    def refused(self, planned):
        self.assertEqual({('hda', 'media-not-carried')}, self.reasons(planned))
        return planned.plan.refusals[0].message

    def test_a_config_drive_is_carried(self):
        planned = self.plan(self.drive())
        carriage = planned.carried['hda']
        self.assertEqual(str(self.config), carriage.path)
        self.assertFalse(carriage.refetched)
        self.assertTrue(planned.plan.ready)

    def test_no_plugin_at_the_destination(self):
        message = self.refused(self.plan(self.drive(), peer=None))
        self.assertIn('does not run this plugin', message)

    def test_more_than_the_limit(self):
        self.config.write_bytes(os.urandom(2000))
        message = self.refused(self.plan(self.drive(), limit=1000))
        self.assertIn('1000', message)

    def test_the_limit_is_for_all_of_a_guest_s_media(self):
        self.config.write_bytes(os.urandom(1000))
        other = self.write('disk.other', os.urandom(1000))
        second = b.cdrom('hdb', b.file(str(other), 'raw'))
        planned = self.plan(self.drive(), second, limit=1500)
        self.assertEqual({('hdb', 'media-not-carried')}, self.reasons(planned))

    def test_a_file_elsewhere(self):
        path = self.instances / 'x.iso'
        path.write_bytes(b'iso')
        disk = b.cdrom('hda', b.file(str(path), 'raw'))
        self.assertIn('not below', self.refused(self.plan(disk)))

    def test_a_file_that_cannot_be_read(self):
        self.config.unlink()
        self.assertIn('No such file', self.refused(self.plan(self.drive())))

    def test_an_iso_root_is_fetched_again(self):
        planned = self.plan(self.drive(), image_root=str(self.config), limit=1)
        self.assertTrue(planned.carried['hda'].refetched)

    def test_an_iso_root_over_its_base(self):
        over = b.file(str(self.base), 'raw')
        planned = self.plan(self.drive(over), image_root=str(self.config))
        self.assertFalse(planned.carried['hda'].refetched)

    def test_an_iso_root_over_another_base(self):
        over = b.file(str(self.base), 'raw')
        there = dataclasses.replace(PEER, base='sha256-other')
        message = self.refused(self.plan(self.drive(over), peer=there))
        self.assertIn('another', message)

    def test_an_iso_root_over_a_base_that_nobody_compares(self):
        over = b.file('/elsewhere/base', 'raw')
        message = self.refused(self.plan(self.drive(over)))
        self.assertIn('nothing shows', message)


@ddt.ddt
class SeedTest(PlanningTestCase):
    """The content of a base that no other host has travels."""

    def setUp(self):
        super().setUp()
        self.swap_base = self.base.with_name('swap_1')
        self.swap_base.write_bytes(os.urandom(1000))
        self.swap_file = self.write('disk.swap', b'x')
        self.root.write_bytes(b'x')

    def swap(self, base=None, *, target='vdb', format='qcow2', **like):
        over = [b.file(str(base or self.swap_base), like.pop('of', 'raw'))]
        top = b.file(str(self.swap_file), format)
        return b.disk(target, top, *like.pop('flags', ()), over=over, **like)

    def actions(self, planned):
        """Return which disks have their tops copied alone."""
        self.assertEqual(set(), self.reasons(planned))
        return {
            disk.disk.target: (
                disk.top_only,
                disk.seeded,
            )
            for disk in planned.plan.disks
        }

    def assert_whole(self, planned):
        self.assertEqual(
            dict.fromkeys(('vda', 'vdb'), (False, False)),
            self.actions(planned),
        )
        self.assertEqual({}, planned.seeds)

    def test_it_travels(self):
        planned = self.plan(self.disk(self.base), self.swap())
        self.assertEqual(
            {'vda': (True, False), 'vdb': (True, True)}, self.actions(planned)
        )
        self.assertEqual(('vdb',), planned.plan.flattened)
        seed = planned.seeds['vdb']
        self.assertEqual(str(self.swap_base), seed.path)
        self.assertEqual(image_digests.digest_of(seed.path), seed.digest)
        self.assertEqual(
            planned.plan,
            planner.plan(
                migration_case.loads(migration_case.dumps(planned.case))
            ),
        )

    def test_without_the_image_s_base_it_is_not_read(self):
        with mock.patch('builtins.open') as opened:
            planned = self.plan(self.swap())
        self.assertEqual({'vdb': (False, False)}, self.actions(planned))
        opened.assert_not_called()

    def test_an_audit_reads_none(self):
        planned = self.plan(
            self.disk(self.base), self.swap(), mode=driver_settings.Mode.AUDIT
        )
        self.assert_whole(planned)

    def test_another_image_s_base_at_the_destination(self):
        there = dataclasses.replace(PEER, base='sha256-other')
        self.assert_whole(
            self.plan(self.disk(self.base), self.swap(), peer=there)
        )

    def test_a_destination_that_does_not_know_it(self):
        self.assert_whole(
            self.plan(self.disk(self.base), self.swap(), peer=None)
        )

    def test_more_than_the_limit(self):
        self.assert_whole(
            self.plan(self.disk(self.base), self.swap(), limit=500)
        )

    def test_the_limit_is_for_read_only_content_first(self):
        self.config.write_bytes(os.urandom(1000))
        disks = self.disk(self.base), self.swap(), self.drive()
        planned = self.plan(*disks, limit=1500)
        self.assertEqual(['hda'], [*planned.carried])
        self.assertEqual({}, planned.seeds)
        self.assertIn('vdb', self.plan(*disks, limit=3000).seeds)

    def test_all_or_none(self):
        other = self.swap(target='vdc')
        planned = self.plan(
            self.disk(self.base), self.swap(), other, limit=1500
        )
        self.assertEqual({}, planned.seeds)

    def test_one_that_cannot_be_read(self):
        why = exceptions.PreparationFailed('no')
        with mock.patch.object(media_transfer, 'read_medium', side_effect=why):
            self.assert_whole(self.plan(self.disk(self.base), self.swap()))

    @ddt.data('elsewhere', 'qcow2 base', 'raw top')
    def test_what_nova_s_cache_does_not_hold(self, why):
        swap = {
            'elsewhere': lambda: self.swap(self.write('base', b'x')),
            'qcow2 base': lambda: self.swap(of='qcow2'),
            'raw top': lambda: self.swap(format='raw'),
        }[why]()
        self.assert_whole(self.plan(self.disk(self.base), swap))

    def test_a_read_only_disk_has_none(self):
        planned = self.plan(
            self.disk(self.base),
            self.swap(flags=['readonly'], target='vdb'),
        )
        self.assertEqual({}, planned.seeds)


class CountTest(PlanningTestCase):
    """What nova and the driver pass besides the plan's is counted."""

    def sent(self, **asked):
        planned = self.plan(
            self.disk(), options=migration_options.MigrationOptions(**asked)
        )
        return planned.plan.call

    def test_besides_the_disks(self):
        call = self.sent()
        self.assertEqual(
            {
                *('bandwidth', 'destination_xml', 'persistent_xml'),
                *('migrate_uri', 'listen_address'),
            },
            set(call.also_sent),
        )
        self.assertEqual(1 + 5, call.parameter_count)

    def test_parallel_connections_are_one_more(self):
        call = self.sent(parallel=True)
        self.assertIn('parallel.connections', call.also_sent)
        self.assertEqual(1 + 6, call.parameter_count)

    def test_the_name_for_the_certificate_goes_to_the_source_alone(self):
        # VERSIONS has libvirt 9.0, and before 10.3.0 a mirror with TLS and
        # parallel connections needs the name that the certificate has.
        call = self.sent(parallel=True, tls=True)
        self.assertIn('tls.destination', call.also_sent)
        self.assertEqual(1 + 7, call.parameter_count)
