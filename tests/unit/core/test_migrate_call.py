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

"""The one libvirt call: flags and typed parameters."""

import unittest

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import planned

LIVE = 'VIR_MIGRATE_LIVE'
P2P = 'VIR_MIGRATE_PEER2PEER'
FULL = 'VIR_MIGRATE_NON_SHARED_DISK'
TOP = 'VIR_MIGRATE_NON_SHARED_INC'
COPIED = b.disk('vda', b.file('/data/a'))
KEPT = b.disk('vdb', b.rbd())
FACTS = {'/data/a': b.local()}


def call_of(*disks, **more):
    return planned.plan(b.case(*disks, source=FACTS, **more))


class FlagTest(unittest.TestCase):
    def test_values_are_libvirts(self):
        # virDomainMigrateFlags of libvirt-domain.h
        for name, value in (
            ('LIVE', 1),
            ('PEER2PEER', 2),
            ('TUNNELLED', 4),
            ('PERSIST_DEST', 8),
            ('UNDEFINE_SOURCE', 16),
            ('NON_SHARED_DISK', 64),
            ('NON_SHARED_INC', 128),
            ('POSTCOPY', 32768),
            ('TLS', 65536),
            ('PARALLEL', 131072),
            ('NON_SHARED_SYNCHRONOUS_WRITES', 262144),
        ):
            with self.subTest(flag=name):
                self.assertEqual(value, migrate_call.MigrateFlag[name])

    def test_unsafe_cannot_be_said(self):
        self.assertNotIn('UNSAFE', migrate_call.MigrateFlag.__members__)
        self.assertFalse(any(flag & 512 for flag in migrate_call.MigrateFlag))

    def test_names_are_of_the_flags_that_are_set(self):
        made = planner.plan(
            migration_case.loads(b.text(b.case(COPIED, source=FACTS)))
        ).call
        self.assertEqual(1 | 2 | 64, int(made.flags))
        self.assertEqual({LIVE, P2P, FULL}, set(made.flag_names))

    def test_peer_to_peer_is_the_default(self):
        self.assertEqual({LIVE, P2P, FULL}, set(call_of(COPIED)['flags']))

    def test_direct_is_not_peer_to_peer(self):
        plan = call_of(COPIED, direct=True)
        self.assertEqual({LIVE, FULL}, set(plan['flags']))

    def test_tls(self):
        plan = call_of(COPIED, tls=True)
        self.assertEqual(
            {LIVE, P2P, FULL, 'VIR_MIGRATE_TLS'}, set(plan['flags'])
        )

    def test_other_options(self):
        for option, flag in (
            ('postcopy', 'VIR_MIGRATE_POSTCOPY'),
            ('parallel', 'VIR_MIGRATE_PARALLEL'),
            ('auto_converge', 'VIR_MIGRATE_AUTO_CONVERGE'),
            (
                'synchronous_writes',
                'VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES',
            ),
        ):
            with self.subTest(option=option):
                plan = call_of(COPIED, **{option: True})
                self.assertEqual({LIVE, P2P, FULL, flag}, set(plan['flags']))

    def test_no_memory_follows_a_paused_guest(self):
        # "post-copy migration is not supported with ... paused migration"
        plan = call_of(COPIED, postcopy=True, state={'state': 'paused'})
        self.assertEqual({LIVE, P2P, FULL}, set(plan['flags']))

    def test_a_persistent_guest_is_defined_there_and_undefined_here(self):
        for persistent, expected in (
            (
                True,
                {'VIR_MIGRATE_PERSIST_DEST', 'VIR_MIGRATE_UNDEFINE_SOURCE'},
            ),
            (False, set()),
            (None, set()),
        ):
            with self.subTest(persistent=persistent):
                plan = call_of(
                    COPIED,
                    state={'state': 'running', 'persistent': persistent},
                )
                self.assertEqual(
                    {LIVE, P2P, FULL} | expected, set(plan['flags'])
                )

    def test_nothing_to_copy_sets_no_storage_flag(self):
        plan = call_of(KEPT, bandwidth=9)
        self.assertTrue(plan['ready'])
        self.assertEqual({LIVE, P2P}, set(plan['flags']))
        self.assertEqual({'bandwidth': 9}, plan['parameters'])


class ParameterTest(unittest.TestCase):
    def test_targets_are_a_list_of_text_in_the_order_of_the_xml(self):
        plan = planned.plan(
            b.case(
                b.disk('vdc', b.file('/data/c')),
                KEPT,
                b.disk('vda', b.file('/data/a')),
                source={'/data/c': b.local(), **FACTS},
            )
        )
        self.assertEqual({'migrate_disks': ['vdc', 'vda']}, plan['parameters'])

    def test_scalars(self):
        plan = call_of(
            COPIED,
            bandwidth=5,
            migrate_uri='tcp://there:49152',
            listen_address='10.0.0.2',
            disks_port=49300,
        )
        self.assertEqual(
            {
                'migrate_disks': ['vda'],
                'disks_port': 49300,
                'bandwidth': 5,
                'migrate_uri': 'tcp://there:49152',
                'listen_address': '10.0.0.2',
            },
            plan['parameters'],
        )

    def test_no_bandwidth_is_no_parameter(self):
        self.assertNotIn('bandwidth', call_of(COPIED)['parameters'])

    def test_duplicates_are_sent_once(self):
        made = migrate_call.build(
            ['vda', 'vdb', 'vda'],
            migration_options.MigrationOptions(),
            incremental=False,
            persistent=False,
            xml={},
        )
        self.assertEqual(['vda', 'vdb'], made.parameters['migrate_disks'])
        self.assertIs(list, type(made.parameters['migrate_disks']))


class IncrementalTest(unittest.TestCase):
    """One flag holds for all disks: which one is right?"""

    FACTS = {
        '/top': b.local(),
        '/base': b.local(identity='i'),
        '/data/a': b.local(),
        '/data/b': b.local(),
        '/deep': b.local(),
    }
    TOP_ONLY = b.disk('vdt', b.file('/top'), over=[b.file('/base')])
    WHOLE = b.disk('vdw', b.file('/data/b'), over=[b.file('/deep')])

    def _flags(self, *disks, **more):
        plan = planned.plan(
            b.case(
                *disks,
                source=self.FACTS,
                destination={'/base': b.local(identity='i')},
                **more,
            )
        )
        self.assertTrue(plan['ready'], plan)
        return set(plan['flags']) & {FULL, TOP}

    def test_top_image_alone(self):
        self.assertEqual({TOP}, self._flags(self.TOP_ONLY))

    def test_whole_content(self):
        self.assertEqual({FULL}, self._flags(self.WHOLE))
        self.assertEqual({FULL}, self._flags(COPIED))

    def test_a_local_image_in_the_middle_is_not_left_out(self):
        # Of local over local over shared two images must travel.
        disk = b.disk(
            'vda', b.file('/data/a'), over=[b.file('/deep'), b.file('/base')]
        )
        self.assertEqual({FULL}, self._flags(disk))
        disk = b.disk(
            'vda', b.file('/data/a'), over=[b.file('/deep'), b.rbd()]
        )
        self.assertEqual({FULL}, self._flags(disk))

    def test_a_whole_chain_beside_a_top_image_is_copied_whole(self):
        # sync=top would leave out what lies below the other disk's top.
        self.assertEqual({FULL}, self._flags(self.TOP_ONLY, self.WHOLE))

    def test_an_image_that_may_be_stale_is_written_whole(self):
        # QEMU's sync=top leaves what the source has not allocated as it is at
        # the destination.
        self.assertEqual(
            {FULL}, self._flags(self.TOP_ONLY, COPIED, existing=['vda'])
        )


class LimitTest(unittest.TestCase):
    def test_what_libvirt_adds_and_keeps(self):
        # libvirt (qemuMigrationSrcPerformPeer2Peer3): destination_xml,
        # migrate_uri and destination_name are added where they are not
        # passed; the source daemon sends persistent_xml to nobody.
        peer, direct = (
            migrate_call.MigrateFlag.PEER2PEER,
            migrate_call.MigrateFlag.LIVE,
        )
        both = ('persistent_xml', 'destination_xml')
        added = ('destination_xml', 'migrate_uri', 'destination_name')
        for flags, names, also_sent, count in (
            (peer, (), (), 3),
            (direct, (), (), 3),
            (peer, both, (), 3),
            (direct, both, (), 4),
            (peer, (*added, 'persistent_xml'), (), 4),
            *((peer, (), (name,), 3) for name in added),
            (peer, ('bandwidth',), ('bandwidth', 'compression'), 5),
        ):
            with self.subTest(names=names, also_sent=also_sent):
                made = migrate_call.MigrateCall(
                    flags, dict.fromkeys(names, 'x'), also_sent
                )
                self.assertEqual(count, made.parameter_count)

    def test_parameters_of_a_flattened_chain_count(self):
        # destination_xml is passed then, so that libvirt adds two.
        def plan(count):
            disks = [
                b.disk(f'vd{n}', b.file(f'/d/{n}'), over=[b.file('/b')])
                for n in range(count)
            ]
            paths = [f'/d/{n}' for n in range(count)]
            return planned.plan(
                b.case(
                    *disks,
                    source={
                        '/b': b.local(),
                        **dict.fromkeys(paths, b.local()),
                    },
                    destination={
                        '/d': {'exists': True, 'kind': 'directory'},
                        **dict.fromkeys(paths, b.GONE),
                    },
                    create_images=True,
                )
            )

        self.assertTrue(plan(61)['ready'])
        self.assertIn('destination_xml', plan(61)['parameters'])
        self.assertFalse(plan(62)['ready'])
