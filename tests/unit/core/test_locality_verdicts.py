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

"""What is said of the evidence, and the verdict without any."""

import unittest

from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons
from tests.unit.core import builders as b
from tests.unit.core import planned

A, B = '/data/a', '/data/b'


class WeighTest(unittest.TestCase):
    def test_no_evidence_is_unknown(self):
        self.assertEqual(
            locality_verdicts.Conclusion(
                domains.Locality.UNKNOWN, reasons.Reason.LOCALITY_UNKNOWN
            ),
            locality_verdicts.weigh(()),
        )


class EvidenceTest(unittest.TestCase):
    def _evidence(self, disk, **more):
        (decided,) = planned.plan(b.case(disk, **more))['disks']
        return decided['evidence']

    def test_a_read_only_disk_and_a_cdrom(self):
        facts = {A: b.local()}
        seen = f'source host: {A} is on ext4 (/dev/vda1)'
        self.assertEqual(
            ['domain XML: read-only', seen],
            self._evidence(b.disk('vda', b.file(A), 'readonly'), source=facts),
        )
        self.assertEqual(
            ['domain XML: a cdrom is read-only', seen],
            self._evidence(
                b.disk('hda', b.file(A), device='cdrom'), source=facts
            ),
        )

    def test_what_the_hosts_know(self):
        nothing = f'{A}: nothing shows whether it is local or shared'
        missing = (
            f'{A}: the source host does not see the path that the domain names'
        )
        nfs, there = b.on('nfs'), 'destination host:'
        seen = f'source host: {A} is on nfs (srv:/exp)'
        bare = {'exists': True, 'kind': 'file'}
        for facts, known, expected in (
            (
                None,
                None,
                [f'source host: {A} was not looked at from here'],
            ),
            (b.GONE, None, [missing]),
            ({'exists': True, 'kind': 'other'}, None, [nothing]),
            (bare, None, [f'source host: {A} is on an unknown file system']),
            (nfs, b.GONE, [seen, f'{there} {A} is not there']),
            (
                b.on('nfs', identity='i'),
                b.on('nfs', identity='j'),
                [seen, f'{there} {A} is another file'],
            ),
            (
                b.on('nfs', identity='i'),
                b.on('nfs', identity='i'),
                [seen, f'both hosts: {A} is the same on both'],
            ),
            (nfs, b.local(), [seen, f'{there} {A} is on /dev/vda1 (ext4)']),
            (
                nfs,
                {**bare, 'mount_source': 'srv:/two'},
                [seen, f'{there} {A} is on srv:/two (unknown)'],
            ),
            (
                nfs,
                {**bare, 'fstype': 'ext4'},
                [seen, f'{there} {A} is on - (ext4)'],
            ),
        ):
            with self.subTest(facts=facts, known=known):
                self.assertEqual(
                    expected,
                    self._evidence(
                        b.disk('vda', b.file(A)),
                        source={A: facts} if facts else {},
                        destination={A: known} if known else {},
                    ),
                )

    def test_how_a_device_is_attached(self):
        for facts, words in (
            (b.device('sata'), 'a sata device'),
            (b.device(None), 'an unknown device'),
            (b.device('dm', 'sata', 'nvme'), 'a dm device over sata, nvme'),
        ):
            with self.subTest(facts=facts):
                self.assertEqual(
                    [f'source host: /dev/x is {words}'],
                    self._evidence(
                        b.disk('vda', b.block('/dev/x')),
                        source={'/dev/x': facts},
                    ),
                )

    def test_what_nobody_can_know(self):
        nothing = 'nothing shows whether it is local or shared'
        pool = (
            'nothing is known of the storage pool that the disk names, or '
            'both hosts have another pool of that name'
        )
        for source, words in (
            (b.vdpa('/dev/v'), f'/dev/v: {nothing}'),
            (b.volume('p', 'v'), f'pool p, volume v: {pool}'),
        ):
            with self.subTest(source=source):
                self.assertEqual(
                    [words], self._evidence(b.disk('vda', source))
                )

    def test_what_is_declared(self):
        disk = b.disk('vda', b.file(A))
        facts = {A: b.on('nfs', resolved='/real')}
        for more, words in (
            ({'shared': ['/data']}, 'shared_paths has /data'),
            ({'local': ['/data']}, 'local_paths has /data'),
            (
                {'shared': ['/data'], 'local': ['/real']},
                'shared_paths and local_paths both has /data and /real',
            ),
        ):
            with self.subTest(more=more):
                self.assertIn(
                    f'configuration: {words}',
                    self._evidence(disk, source=facts, **more),
                )

    def test_a_volume_of_an_unknown_driver(self):
        said = self._evidence(
            b.disk('vdb', b.rbd(), serial=b.VOLUME),
            rows=[b.row(None, b.VOLUME, None)],
        )
        self.assertIn(
            f'block device mapping: volume {b.VOLUME} of type unknown, '
            'joined by serial',
            said,
        )

    def test_by_what_a_volume_is_joined(self):
        image = b.row('vdb', b.VOLUME, 'rbd', name='p/i')
        for disk, row, keys in (
            ({'serial': b.VOLUME}, b.row('vdb', b.VOLUME), 'serial'),
            ({}, image, 'source'),
            ({'serial': b.VOLUME}, image, 'serial and source'),
            ({}, b.row('vdb', b.VOLUME), 'device name'),
        ):
            with self.subTest(keys=keys):
                driver = row['connection_info']['driver_volume_type']
                self.assertIn(
                    f'block device mapping: volume {b.VOLUME} (vdb) of type '
                    f'{driver}, joined by {keys}',
                    self._evidence(
                        b.disk('vdb', b.rbd('p/i'), **disk), rows=[row]
                    ),
                )

    def test_an_image_below_with_the_same_bytes(self):
        base = b.local(content='sha')
        for known, words in (
            (base, f'both hosts: {B} has the same content, sha'),
            (
                {'exists': False, 'content': 'sha'},
                f'destination host: makes {B} and holds it against sha',
            ),
        ):
            with self.subTest(known=known):
                evidence = self._evidence(
                    b.disk('vda', b.file(A), over=[b.file(B)]),
                    source={A: b.local(), B: base},
                    destination={B: known},
                )
                self.assertEqual(
                    [f'source host: {B} is on ext4 (/dev/vda1)', words],
                    evidence[1:],
                )
