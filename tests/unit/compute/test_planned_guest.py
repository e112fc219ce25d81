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

"""The call that nova makes is the plan's."""

import socket
import unittest
from unittest import mock
from xml.etree import ElementTree

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import planned_guest
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.migration import migration_attempt
from tests.unit.core import builders as b
from tests.unit.host import fake_daemon

HOME = '/nova/uuid'
DISK, BASE = f'{HOME}/disk', '/nova/_base/x'
OTHER = f'{HOME}/disk.eph0'
FLAGS = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
INCREMENTAL = libvirt.VIR_MIGRATE_NON_SHARED_INC
FULL = libvirt.VIR_MIGRATE_NON_SHARED_DISK
OVER = b.disk('vda', b.file(DISK), over=[b.file(BASE, 'raw')])
SHARED = b.disk('vdb', b.rbd())


def plan(*disks, base=None, seeded=(), **options):
    """Plan a guest of nova; ``base`` is what the base holds there."""
    case = b.case(
        *disks,
        source={
            DISK: b.local(),
            OTHER: b.local(),
            BASE: b.local(content='x'),
        },
        destination={BASE: {'exists': True, 'content': base}} if base else {},
        prepared={'directory': HOME, 'seeded': [*seeded]},
        **options,
    )
    made = planner.plan(migration_case.loads(b.text(case)))
    assert made.ready, made.refusals
    return made


class NovaGuest:
    """As nova.virt.libvirt.guest.Guest is."""

    def __init__(self, xml=''):
        self._domain = mock.Mock()
        self.get_xml_desc = mock.Mock(return_value=xml)
        self.asked = mock.Mock()

    def migrate(self, destination, **options):
        self.asked(destination, **options)
        params = {
            name: options[name]
            for name in ('bandwidth', 'migrate_uri')
            if options.get(name)
        }
        self._domain.migrateToURI3(
            destination, params=params, flags=options['flags']
        )


class PlannedGuestTest(unittest.TestCase):
    def migrate(
        self,
        made,
        flags=FLAGS | INCREMENTAL,
        xml=None,
        uri='qemu+tcp://10.0.0.9/system',
        **options,
    ):
        """Migrate and return what nova's guest was asked for."""
        self.real = NovaGuest(b.domain(*self.disks))
        self.attempt = migration_attempt.Attempt()
        planned = planned_guest.PlannedGuest(self.real, made, self.attempt)
        planned.migrate(
            uri,
            flags=flags,
            destination_xml=xml or b.domain(*self.disks),
            **options,
        )
        self.real.asked.assert_called_once()
        return self.real.asked.call_args

    @property
    def sent(self):
        """Return the parameters that libvirt was called with."""
        called = self.real._domain.migrateToURI3
        called.assert_called_once()
        return called.call_args.kwargs['params']

    def test_the_destination_listens_where_nova_connects(self):
        self.disks = (SHARED,)
        for uri, address in (
            ('tcp://10.0.0.7', '10.0.0.7'),
            ('tcp://10.0.0.7:49999', '10.0.0.7'),
            ('tcp://[fd00::7]', 'fd00::7'),
        ):
            with self.subTest(uri=uri):
                found = self.migrate(plan(*self.disks), migrate_uri=uri)
                self.assertEqual(uri, found.kwargs['migrate_uri'])
                self.assertEqual(
                    {'migrate_uri': uri, 'listen_address': address}, self.sent
                )

    def test_nova_s_other_flags_are_as_nova_has_them(self):
        self.disks = (OVER,)
        theirs = (
            libvirt.VIR_MIGRATE_AUTO_CONVERGE | libvirt.VIR_MIGRATE_POSTCOPY
        )
        for given in (0, theirs):
            found = self.migrate(
                plan(*self.disks), FLAGS | INCREMENTAL | given
            )
            self.assertEqual(FLAGS | FULL | given, found.kwargs['flags'])

    def test_synchronous_writes_are_the_plan_s(self):
        self.disks = (OVER,)
        flag = libvirt.VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES
        for options, given, wanted in (
            ({'synchronous_writes': True}, 0, flag),
            ({}, 0, 0),
            ({}, flag, 0),
        ):
            found = self.migrate(plan(*self.disks, **options), FLAGS | given)
            self.assertEqual(FLAGS | FULL | wanted, found.kwargs['flags'])

    def test_a_name_is_sent_as_a_number(self):
        self.disks = (SHARED,)
        with mock.patch.object(
            socket,
            'getaddrinfo',
            return_value=[(0, 0, 0, '', ('192.0.2.7', 0))],
        ) as asked:
            self.migrate(plan(*self.disks), migrate_uri='tcp://there')
        self.assertEqual('there', asked.call_args.args[0])
        self.assertEqual('192.0.2.7', self.sent['listen_address'])
        self.assertEqual('tcp://there', self.sent['migrate_uri'])

    def test_nova_names_no_address(self):
        self.disks = (SHARED,)
        for uri, address, data in (
            ('qemu+tcp://10.0.0.9/system', '10.0.0.9', 'tcp://10.0.0.9'),
            ('qemu+ssh://n@[fd00::9]:22/system', 'fd00::9', 'tcp://[fd00::9]'),
        ):
            with self.subTest(uri=uri):
                self.migrate(plan(*self.disks), uri=uri)
                self.assertEqual(
                    {'migrate_uri': data, 'listen_address': address}, self.sent
                )

    def test_with_tls_a_certificate_s_name_stays_as_it_is(self):
        self.disks = (SHARED,)
        flags = FLAGS | libvirt.VIR_MIGRATE_TLS
        self.migrate(plan(*self.disks), flags=flags)
        self.assertEqual({}, self.sent)
        self.migrate(
            plan(*self.disks), flags=flags, migrate_uri='tcp://10.0.0.7'
        )
        self.assertEqual('10.0.0.7', self.sent['listen_address'])

    def test_a_name_for_the_certificate_where_the_plan_wants_one(self):
        self.disks = (OVER,)
        flags = FLAGS | libvirt.VIR_MIGRATE_TLS | libvirt.VIR_MIGRATE_PARALLEL
        made = plan(*self.disks, base='x', tls=True, parallel=True)
        self.migrate(made, flags=flags, migrate_uri='tcp://10.0.0.7')
        self.assertEqual('10.0.0.7', self.sent['tls.destination'])
        self.migrate(made, flags=flags)
        self.assertEqual({'tls.destination': '10.0.0.9'}, self.sent)

    def test_through_a_tunnel_nothing_listens(self):
        self.disks = (SHARED,)
        flags = FLAGS | libvirt.VIR_MIGRATE_TUNNELLED
        self.migrate(plan(*self.disks), flags=flags)
        self.assertEqual({}, self.sent)

    def test_no_address_is_known(self):
        self.disks = (SHARED,)
        for options in (
            {'uri': 'qemu+unix:///system?socket=/s'},
            {'migrate_uri': 'tcp://no.such.host.invalid'},
        ):
            with (
                self.subTest(options=options),
                self.assertRaisesRegex(
                    exceptions.AddressUnknown, 'live_migration_inbound_addr'
                ),
            ):
                self.migrate(plan(*self.disks), **options)
            self.real.asked.assert_not_called()
            self.assertFalse(self.attempt.called)

    def test_everything_else_is_the_domain_s_own(self):
        domain = mock.Mock()
        wrapped = planned_guest.DomainWithParameters(domain, {}, {})
        self.assertIs(domain.info, wrapped.info)

    THIN = {
        'thin': 'auto',
        'disks_uri': 'tcp://10.7.0.9',
    }
    NEW = {side: {'libvirt': 10_009_000} for side in ('source', 'destination')}

    def test_a_raw_disk_is_kept_thin_and_its_definition_as_it_is(self):
        self.disks = (b.disk('vda', b.file(DISK, 'raw')), SHARED)
        made = plan(*self.disks, versions=self.NEW, **self.THIN)
        found = self.migrate(made)
        there = ElementTree.fromstring(found.kwargs['destination_xml'])
        driver = there.find("devices/disk/driver[@type='raw']")
        self.assertEqual('unmap', driver.get('discard'))
        self.assertEqual(['vda'], self.sent['migrate_disks_detect_zeroes'])
        self.assertEqual('tcp://10.7.0.9', self.sent['disks_uri'])
        self.assertNotIn('discard', self.sent['persistent_xml'])
        self.assertIn('vda', self.sent['persistent_xml'])

    def test_a_qcow2_disk_changes_nothing_there(self):
        self.disks = (b.disk('vda', b.file(DISK)),)
        made = plan(*self.disks, versions=self.NEW, **self.THIN)
        found = self.migrate(made)
        self.assertNotIn('discard', found.kwargs['destination_xml'])
        self.assertNotIn('persistent_xml', self.sent)

    def test_once_more_without_what_a_daemon_does_not_know(self):
        self.disks = (b.disk('vda', b.file(DISK)),)
        made = plan(*self.disks, versions=self.NEW, **self.THIN)
        real = NovaGuest(b.domain(*self.disks))
        call = real._domain.migrateToURI3
        call.side_effect = [
            fake_daemon.libvirt_error(
                libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
                "parameter 'migrate_disks_detect_zeroes' not supported",
            ),
            0,
        ]
        planned = planned_guest.PlannedGuest(
            real, made, migration_attempt.Attempt()
        )
        with self.assertLogs(planned_guest.__name__, 'WARNING') as logged:
            planned.migrate(
                'qemu+tcp://10.0.0.9/system',
                flags=FLAGS,
                destination_xml=b.domain(*self.disks),
            )
        first, second = (c.kwargs['params'] for c in call.call_args_list)
        self.assertIn('migrate_disks_detect_zeroes', first)
        self.assertNotIn('migrate_disks_detect_zeroes', second)
        self.assertEqual(first['disks_uri'], second['disks_uri'])
        self.assertIn('migrate_disks_detect_zeroes', logged.output[0])

    def test_an_identical_base(self):
        self.disks = (OVER, SHARED)
        found = self.migrate(
            plan(*self.disks, base='x'), migrate_disks=['vda', 'vdb']
        )
        self.assertEqual(['vda'], found.kwargs['migrate_disks'])
        self.assertEqual(FLAGS | INCREMENTAL, found.kwargs['flags'])
        self.assertEqual(
            b.domain(*self.disks), found.kwargs['destination_xml']
        )

    def test_another_base_is_copied_into_an_image_without(self):
        self.disks = (OVER, SHARED)
        found = self.migrate(plan(*self.disks, base='y'))
        self.assertEqual(['vda'], found.kwargs['migrate_disks'])
        self.assertEqual(FLAGS | FULL, found.kwargs['flags'])
        sent = ElementTree.fromstring(found.kwargs['destination_xml'])
        self.assertEqual([], list(sent.find('devices/disk/backingStore')))

    def test_nothing_to_copy_takes_the_flag_away(self):
        self.disks = (SHARED,)
        for flags in (FLAGS, FLAGS | INCREMENTAL, FLAGS | FULL):
            found = self.migrate(plan(*self.disks), flags=flags)
            self.assertEqual([], found.kwargs['migrate_disks'])
            self.assertEqual(FLAGS, found.kwargs['flags'])

    def test_a_flag_that_nova_forgot_is_set(self):
        self.disks = (OVER,)
        found = self.migrate(plan(*self.disks, base='x'), flags=FLAGS)
        self.assertEqual(FLAGS | INCREMENTAL, found.kwargs['flags'])

    def _volume(self, connection, **options):
        """Migrate a guest with a volume that nova itself leaves as it is."""
        self.disks = (
            b.disk('vdb', b.block('/dev/dm-4'), alias=f'ua-{b.VOLUME}'),
        )
        case = b.case(
            *self.disks,
            rows=[b.row('vdb', b.VOLUME, 'iscsi')],
            source={'/dev/dm-4': b.device('multipath', 'iscsi')},
            prepared={'directory': HOME, 'sets_volume_paths': True},
        )
        made = planner.plan(migration_case.loads(b.text(case)))
        self.assertTrue(made.ready, made.refusals)
        text = b.domain(*self.disks)
        self.real, self.attempt = (
            NovaGuest(text),
            migration_attempt.Attempt(),
        )
        planned = planned_guest.PlannedGuest(
            self.real, made, self.attempt, connection
        )
        options.setdefault('destination_xml', text)
        planned.migrate('qemu+tcp://10.0.0.9/system', flags=FLAGS, **options)
        return self.real.asked.call_args.kwargs['destination_xml']

    def test_a_volume_has_the_path_that_the_destination_has_connected(self):
        there = "<disk type='block'><source dev='/dev/dm-9'/>"
        there += "<target dev='vdb'/></disk>"
        sent = self._volume(lambda volume: there)
        self.assertIn('/dev/dm-9', sent)
        self.assertNotIn('/dev/dm-4', sent)

    def test_no_call_for_a_volume_that_would_be_another(self):
        for connection, options in (
            (lambda volume: None, {}),
            (lambda volume: '<disk/>', {'destination_xml': None}),
        ):
            with self.assertRaises(exceptions.PreparationFailed):
                self._volume(connection, **options)
            self.real.asked.assert_not_called()
            self.assertFalse(self.attempt.called)

    def test_what_else_nova_passes_is_passed_on(self):
        self.disks = (SHARED,)
        found = self.migrate(plan(*self.disks), bandwidth=7, parallel=2)
        self.assertEqual(('qemu+tcp://10.0.0.9/system',), found.args)
        self.assertEqual(7, found.kwargs['bandwidth'])
        self.assertEqual(2, found.kwargs['parallel'])

    def test_what_nova_means_for_all_disks_libvirt_takes_for_each(self):
        self.disks = (OVER, b.disk('vdc', b.file(OTHER)))
        made = plan(*self.disks, bandwidth=8)
        found = self.migrate(made, bandwidth=8)
        self.assertEqual(4, found.kwargs['bandwidth'])
        self.assertEqual(4, self.sent['bandwidth'])

    def test_a_stale_device_name_does_not_rename_the_disk(self):
        self.disks = (OVER, SHARED)
        renamed = b.domain(OVER, b.disk('vdq', b.rbd()))
        found = self.migrate(plan(*self.disks, base='x'), xml=renamed)
        sent = ElementTree.fromstring(found.kwargs['destination_xml'])
        self.assertEqual(
            ['vda', 'vdb'],
            [t.get('dev') for t in sent.iterfind('devices/disk/target')],
        )

    def test_a_disk_less_in_the_destination_xml(self):
        self.disks = (OVER, SHARED)
        with self.assertRaisesRegex(exceptions.InvalidDomain, '1 disks'):
            self.migrate(plan(*self.disks, base='x'), xml=b.domain(OVER))
        self.real.asked.assert_not_called()

    def test_no_xml_where_the_plan_needs_one(self):
        real = mock.Mock()
        planned = planned_guest.PlannedGuest(
            real, plan(OVER), migration_attempt.Attempt()
        )
        with self.assertRaises(exceptions.PreparationFailed):
            planned.migrate('uri', flags=FLAGS, destination_xml=None)
        real.migrate.assert_not_called()

    def test_a_migration_that_was_given_up(self):
        self.disks = (SHARED,)
        attempt = migration_attempt.Attempt()
        attempt.withdraw()
        real = NovaGuest()
        planned = planned_guest.PlannedGuest(real, plan(SHARED), attempt)
        with self.assertRaises(exceptions.PreparationFailed):
            planned.migrate('qemu+tcp://10.0.0.9/system', flags=FLAGS)
        real.asked.assert_not_called()

    def test_everything_else_is_the_guest_s_own(self):
        real = mock.Mock(uuid='u')
        planned = planned_guest.PlannedGuest(
            real, plan(SHARED), migration_attempt.Attempt()
        )
        self.assertEqual('u', planned.uuid)
        planned.abort_job()
        real.abort_job.assert_called_once_with()
