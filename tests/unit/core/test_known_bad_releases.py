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

"""Releases that break a migration, from the first to the last of each."""

import itertools
import unittest

import ddt

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import planned

COPIED = b.disk('vda', b.file('/data/a'))
KEPT = b.disk('vdb', b.rbd())
FACTS = {'/data/a': b.local()}
SIDES = ('source', 'destination')
PROGRAMS = ('libvirt', 'qemu')
NAME = 'tls.destination'
PARALLEL = {'tls': True, 'parallel': True}
POSTCOPY = {'tls': True, 'postcopy': True}


def plan(*disks, side='source', program='libvirt', version=None, **options):
    versions = {side: {program: version}} if version else None
    return planned.plan(
        b.case(*disks, source=FACTS, versions=versions, **options)
    )


@ddt.ddt
class OptionTest(unittest.TestCase):
    """An option is refused where it does harm, and nowhere else."""

    @ddt.data(
        ('synchronous_writes', True, 'qemu', 6_002_000, 7_002_999),
        ('synchronous_writes', True, 'qemu', 10_001_000, 10_002_001),
        ('disks_port', 49300, 'libvirt', 8_000_000, 10_000_999),
    )
    @ddt.unpack
    def test_range(self, option, value, program, first, last):
        harmed = 'destination' if option == 'disks_port' else 'source'
        flag = f'--{option.replace("_", "-")}'
        for side, version in itertools.product(SIDES, (first, last)):
            at = {'side': side, 'program': program, 'version': version}
            with self.subTest(**at):
                found = plan(COPIED, **at, **{option: value})
                self.assertEqual(side != harmed, found['ready'])
                for refusal in found['refusals']:
                    self.assertEqual('known-bad-version', refusal['reason'])
                    self.assertIn(side, refusal['message'])
                    self.assertIn(flag, refusal['message'])
                # Without the option, and where nothing is copied.
                self.assertTrue(plan(COPIED, **at)['ready'])
                self.assertTrue(plan(KEPT, **at, **{option: value})['ready'])

    @ddt.data(
        ('synchronous_writes', True, 'qemu', 8_000_000),
        ('synchronous_writes', True, 'qemu', 10_000_013),
        ('synchronous_writes', True, 'qemu', 10_002_002),
        ('synchronous_writes', True, 'qemu', 11_000_000),
        ('disks_port', 49300, 'libvirt', 10_001_000),
        ('disks_port', 49300, 'libvirt', 12_008_000),
        # What is harmed by one program is not by the other's number.
        ('synchronous_writes', True, 'libvirt', 10_001_000),
        ('disks_port', 49300, 'qemu', 9_000_000),
    )
    @ddt.unpack
    def test_what_works(self, option, value, program, version):
        for side in SIDES:
            found = plan(
                COPIED,
                side=side,
                program=program,
                version=version,
                **{option: value},
            )
            self.assertTrue(found['ready'], found['refusals'])

    def test_nothing_to_copy_drops_the_options(self):
        found = plan(KEPT, synchronous_writes=True, disks_port=49300)
        self.assertEqual({}, found['parameters'])
        self.assertEqual(2, len(found['flags']))


@ddt.ddt
class CertificateTest(unittest.TestCase):
    """TLS for disks while QEMU itself connects for memory."""

    @ddt.data(
        (PARALLEL, 8_000_000, True),
        (PARALLEL, 9_000_000, True),
        (PARALLEL, 10_002_999, True),
        (PARALLEL, 10_003_000, False),
        (PARALLEL, None, True),
        # Seen to work.
        (POSTCOPY, 9_000_000, False),
        (POSTCOPY, 9_001_000, True),
        (POSTCOPY, 10_002_000, True),
        (POSTCOPY, 10_003_000, False),
        (POSTCOPY, None, True),
        ({'tls': True}, 9_000_000, False),
        ({'parallel': True, 'postcopy': True}, 10_000_000, False),
    )
    @ddt.unpack
    def test_the_name_is_passed(self, options, version, wanted):
        found = plan(COPIED, version=version, **options)
        self.assertTrue(found['ready'], found['refusals'])
        self.assertEqual(wanted, NAME in found['parameters'])

    def test_whose_name(self):
        for uris, name in (
            ({'destination_uri': 'qemu+tls://b.example/system'}, 'b.example'),
            ({'migrate_uri': 'tcp://data.example:49152'}, 'data.example'),
            ({'migrate_uri': 'tcp://[fd00::2]'}, 'fd00::2'),
        ):
            with self.subTest(name=name):
                found = plan(COPIED, version=9_000_000, **PARALLEL, **uris)
                self.assertEqual(name, found['parameters'][NAME])

    def test_no_name_is_known(self):
        for options, version in (
            (PARALLEL, 9_000_000),
            (POSTCOPY, 10_000_000),
        ):
            found = plan(
                COPIED,
                version=version,
                destination_uri='qemu:///system',
                **options,
            )
            (refusal,) = found['refusals']
            self.assertEqual('known-bad-version', refusal['reason'])
            self.assertIn('--migrate-uri', refusal['message'])

    def test_the_destination_s_release_does_not_matter(self):
        versions = {
            'source': {'libvirt': 10_003_000},
            'destination': {'libvirt': 9_000_000},
        }
        found = planned.plan(
            b.case(COPIED, source=FACTS, versions=versions, **PARALLEL)
        )
        self.assertNotIn(NAME, found['parameters'])

    def test_nothing_is_copied(self):
        found = plan(KEPT, version=9_000_000, **PARALLEL)
        self.assertEqual({}, found['parameters'])

    def test_nova_adds_the_name_itself(self):
        for version, expected in (
            (9_000_000, (NAME,)),
            (10_003_000, ()),
        ):
            made = planner.plan(
                migration_case.loads(
                    b.text(
                        b.case(
                            b.disk('vda', b.file('/nova/uuid/disk')),
                            source={'/nova/uuid/disk': b.local()},
                            versions={'source': {'libvirt': version}},
                            prepared={'directory': '/nova/uuid'},
                            **PARALLEL,
                        )
                    )
                )
            )
            self.assertTrue(made.ready, made.refusals)
            self.assertEqual(expected, made.call.also_sent)
            self.assertNotIn(NAME, made.call.parameters)


class ListAloneTest(unittest.TestCase):
    """libvirt before 10.0 copies nothing of a list without a flag."""

    LIST = {'migrate_disks': ['vda']}

    def test_it_is_seen(self):
        alone = migrate_call.MigrateCall(
            migrate_call.MigrateFlag.LIVE, self.LIST
        )
        for version, expected in ((9_010_000, 1), (10_000_000, 0)):
            versions = domains.Hypervisors(domains.Versions(libvirt=version))
            found = known_bad_releases.find(
                versions, known_bad_releases.features(alone)
            )
            ids = [each.rule.id for each in found]
            self.assertEqual(expected, ids.count('libvirt-list-alone'))

    def test_with_either_flag_it_is_none(self):
        # Python 3.10 does not iterate over the flags of one.
        either = (
            flag
            for flag in migrate_call.MigrateFlag
            if flag in migrate_call.NON_SHARED
        )
        for flag in either:
            features = known_bad_releases.features(
                migrate_call.MigrateCall(flag, self.LIST)
            )
            self.assertNotIn(known_bad_releases.Feature.LIST_ALONE, features)


class TableTest(unittest.TestCase):
    def test_rows(self):
        for rule in known_bad_releases.TABLE:
            with self.subTest(rule=rule):
                self.assertIn(rule.program, PROGRAMS)
                for each in rule.ranges:
                    self.assertLessEqual(each.first, each.last)
                self.assertTrue(rule.origin)

    def test_every_feature_has_a_rule(self):
        self.assertEqual(
            set(known_bad_releases.Feature),
            {rule.feature for rule in known_bad_releases.TABLE},
        )
