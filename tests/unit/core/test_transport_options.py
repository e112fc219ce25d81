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


import unittest

from nova_selective_migrate.cli import plan_table
from nova_selective_migrate.core.model import transport_options
from tests.unit.core import builders as b
from tests.unit.core import planned


def plan(*, defined=True, flattened=False, **transport):
    base = [b.file('/d/base')] if flattened else []
    return planned.plan(
        b.case(
            b.disk('vda', b.file('/d/a'), over=base),
            source={'/d/a': b.local(), '/d/base': b.local()},
            destination={
                '/d': {'exists': True, 'kind': 'directory'},
                '/d/a': b.GONE,
                '/d/base': b.GONE,
            },
            state={'state': 'running', 'persistent': defined},
            create_images=True,
            transport=transport,
            persistent_xml=b.domain(b.disk('vda', b.file('/d/a'), ends=False))
            if defined
            else None,
        )
    )


class DefinitionTest(unittest.TestCase):
    def flags(self, **asked):
        return {
            flag.removeprefix('VIR_MIGRATE_')
            for flag in plan(**asked)['flags']
        } & {'PERSIST_DEST', 'UNDEFINE_SOURCE'}

    def test_as_it_is_here(self):
        both = {'PERSIST_DEST', 'UNDEFINE_SOURCE'}
        self.assertEqual(both, self.flags())
        self.assertEqual(set(), self.flags(defined=False))

    def test_the_last_definition_stays(self):
        self.assertEqual(set(), self.flags(persistent=False))

    def test_it_goes_by_the_word_of_the_operator_alone(self):
        self.assertEqual(
            {'UNDEFINE_SOURCE'},
            self.flags(persistent=False, undefine_source=True),
        )

    def test_both_may_have_one(self):
        self.assertEqual({'PERSIST_DEST'}, self.flags(undefine_source=False))

    def test_what_was_never_defined(self):
        for asked, flags in (
            ({'persistent': True}, {'PERSIST_DEST'}),
            ({'undefine_source': True}, set()),
        ):
            self.assertEqual(flags, self.flags(defined=False, **asked))

    def test_it_is_defined_as_it_arrives(self):
        """libvirt would define it with the chain that it had here."""
        found = plan(defined=False, flattened=True, persistent=True)
        parameters = found['parameters']
        self.assertEqual(
            parameters['destination_xml'], parameters['persistent_xml']
        )

    def test_what_stays_is_noted(self):
        said = plan(undefine_source=False)['notes']
        self.assertTrue([n for n in said if 'must not be started there' in n])
        said = plan(persistent=False)['notes']
        self.assertTrue([n for n in said if 'not defined at the dest' in n])


class CallTest(unittest.TestCase):
    def test_parameters(self):
        found = plan(
            dname='other',
            suspend=True,
            compression={
                'compressed': True,
                'methods': ['xbzrle', 'mt'],
                'xbzrle_cache': 8,
                'mt_level': 1,
                'mt_threads': 2,
                'mt_dthreads': 3,
            },
        )
        for flag in ('VIR_MIGRATE_PAUSED', 'VIR_MIGRATE_COMPRESSED'):
            self.assertIn(flag, found['flags'])
        parameters = found['parameters']
        del parameters['migrate_disks']
        self.assertEqual(
            {
                'destination_name': 'other',
                'compression': ['xbzrle', 'mt'],
                'compression.xbzrle.cache': 8,
                'compression.mt.level': 1,
                'compression.mt.threads': 2,
                'compression.mt.dthreads': 3,
            },
            parameters,
        )

    def test_the_name_counts_at_the_destination(self):
        told = {'domains': [{'name': 'other', 'uuid': 'u', 'active': False}]}
        for dname, reasons in (('other', ['name-taken']), ('third', [])):
            case = b.case(
                b.disk('vda', b.rbd()),
                readiness=told,
                transport={'dname': dname},
            )
            refused = planned.plan(case)['refusals']
            self.assertEqual(reasons, [r['reason'] for r in refused])

    def test_whoever_logs_in_is_noted(self):
        for uri, direct, noted in (
            ('qemu+ssh://there/system', False, True),
            ('qemu+libssh2://there/system', False, True),
            ('qemu+ssh://there/system', True, False),
            ('qemu+tls://there/system', False, False),
            ('qemu:///system', False, False),
        ):
            case = b.case(
                b.disk('vda', b.rbd()), destination_uri=uri, direct=direct
            )
            said = planned.plan(case)['notes']
            found = any('logs in at the destination' in n for n in said)
            self.assertEqual(noted, found, uri)


class SummaryTest(unittest.TestCase):
    def summary(self, told=None, **options):
        case = b.case(
            b.disk('vda', b.file('/d/a')),
            source={'/d/a': b.local()},
            state={'state': options.pop('state', 'running')},
            readiness=told,
            **options,
        )
        return planned.plan(case)['summary']

    def test_bytes_and_time(self):
        told = {'memory': {'needed_bytes': 512 * b.MIB}}
        found = self.summary(told, bandwidth=16)
        self.assertEqual(b.MIB, found['disk_bytes'])
        self.assertEqual(512 * b.MIB, found['memory_bytes'])
        # Zeroes of a disk count under a limit.
        self.assertEqual((1024 + 512) // 16, found['seconds'])

    def test_time_at_the_rate_of_the_last_migration(self):
        """A limit goes before it: it is what the next one is held to."""
        told = {
            'memory': {'needed_bytes': 511 * b.MIB},
            'bytes_per_second': 16 * b.MIB + b.MIB // 4,
        }
        found = self.summary(told)
        self.assertEqual(16.2, found['measured_rate'])
        self.assertEqual(32, found['seconds'])
        self.assertNotIn('rate', found)
        line = plan_table.summary_line({'summary': found})
        self.assertIn(
            'about 32 s at the 16.2 MiB/s of the last migration to that '
            'host, and longer',
            line,
        )
        limited = self.summary(told, bandwidth=8)
        self.assertNotIn('measured_rate', limited)
        self.assertEqual((1024 + 511 + 7) // 8, limited['seconds'])
        line = plan_table.summary_line({'summary': limited})
        self.assertIn('at 8 MiB/s, and longer', line)

    def test_memory_of_qemu_itself_does_not_move(self):
        told = {'memory': {'needed_bytes': 200 * b.MIB}}
        told['memory']['guest_bytes'] = 96 * b.MIB
        self.assertEqual(96 * b.MIB, self.summary(told)['memory_bytes'])

    def test_what_is_not_known_is_absent(self):
        found = self.summary()
        for name in ('memory_bytes', 'rate', 'measured_rate', 'seconds'):
            self.assertNotIn(name, found)

    def test_of_a_refused_plan_there_is_none(self):
        self.assertIsNone(self.summary(state='shutoff'))

    def test_what_the_guest_notices(self):
        for said, options in (
            ('pauses for a moment', {}),
            ('stays paused', {'state': 'paused'}),
            ('slowed down', {'auto_converge': True}),
            ('writes wait', {'synchronous_writes': True}),
            ('lost where the link', {'postcopy': True}),
            ('is paused at', {'transport': {'suspend': True}}),
            ('suspended after 9 s', {'transport': {'timeout': 9}}),
        ):
            notices = self.summary(**options)['notices']
            self.assertTrue([n for n in notices if said in n], said)


class NameTest(unittest.TestCase):
    def test_a_name(self):
        self.assertIsNone(transport_options.name_problem('web-1'))
