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

"""Cases where more than one answer is right, and one is dangerous."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import invariants
from tests.unit.core import planned
from tests.unit.core.scenarios import joins

ISO = '/iso/x.iso'


class SafetyTest(unittest.TestCase):
    def _refused(self, case):
        plan = planned.plan(case)
        invariants.check(self, plan)
        self.assertFalse(plan['ready'], plan)
        return plan

    def test_volume_that_only_the_name_of_an_iso_explains(self):
        # The image contradicts the name: no disk shows the volume.
        self._refused(
            b.case(
                b.cdrom('hda', b.file(ISO, 'raw')),
                rows=[b.row('hda', b.VOLUME, 'rbd', name='volumes/x')],
                source={ISO: b.local()},
            )
        )

    def test_volume_that_only_the_name_of_a_read_only_disk_explains(self):
        self._refused(
            b.case(
                b.disk('vda', b.file('/data/a'), 'readonly', serial='other'),
                rows=[b.row('vda', b.VOLUME, 'iscsi')],
                source={'/data/a': b.local()},
            )
        )

    def test_stale_name_of_another_disk_names_both(self):
        plan = self._refused(
            b.case(
                b.disk('vdb', b.block('/dev/sdb'), serial=b.VOLUME),
                b.disk('vdc', b.block('/dev/sdc')),
                rows=[b.row('vdc', b.VOLUME, 'iscsi')],
                source={
                    '/dev/sdb': b.device('iscsi'),
                    '/dev/sdc': b.device('sata'),
                },
            )
        )
        about = {r['target']: r['message'] for r in plan['refusals']}
        self.assertIn('vdb', about['vdb'])
        self.assertIn('vdc', about['vdb'])
        self.assertIn(b.VOLUME, about['vdb'])

    def test_two_volumes_at_once_are_both_named(self):
        plan = self._refused(
            b.case(
                b.disk('vdb', b.rbd('volumes/one'), serial=b.OTHER_VOLUME),
                rows=[
                    b.row(None, b.VOLUME, 'rbd', name='volumes/one'),
                    b.row(None, b.OTHER_VOLUME, 'iscsi'),
                ],
            )
        )
        (refusal,) = plan['refusals']
        self.assertIn(b.VOLUME, refusal['message'])
        self.assertIn(b.OTHER_VOLUME, refusal['message'])

    def test_volume_of_another_name_on_the_same_lun_is_kept(self):
        case = b.case(
            b.disk('vdb', b.block('/dev/sdx'), serial=b.VOLUME),
            rows=[b.row('vdb', b.VOLUME, 'iscsi', device_path='/dev/sdy')],
            source={'/dev/sdx': b.device('iscsi')},
            destination={'/dev/sdx': b.GONE},
        )
        self.assertEqual({'vdb': 'keep'}, planned.actions(case))

    def test_row_without_volume_leaves_a_local_disk_uncopied_or_copied(self):
        # A name without a volume explains nothing: never KEEP.
        case = b.case(
            b.disk('vda', b.file('/data/a')),
            rows=[{'mount_device': '/dev/vda', 'connection_info': None}],
            source={'/data/a': b.local()},
        )
        self.assertIn(planned.actions(case)['vda'], ('copy', 'refuse'))

    def test_nothing_known_of_the_guest_but_volumes_is_refused(self):
        self._refused(b.case(rows=[b.row('vda', b.VOLUME, 'iscsi')]))

    def test_volume_on_an_export_that_nobody_expects(self):
        self._refused(
            b.case(
                b.disk('vdb', b.file(f'/mnt/x/{joins.NFS_FILE}')),
                rows=[
                    b.row(None, b.VOLUME, 'nfs', export='a:/b', name='other')
                ],
                source={f'/mnt/x/{joins.NFS_FILE}': b.on('nfs', 'c:/d')},
            )
        )

    def test_shared_disk_declared_local_is_not_copied(self):
        for source in (b.rbd(), b.network('nbd', 'x', '10.0.0.1')):
            with self.subTest(source=source):
                case = b.case(
                    b.disk('vda', source),
                    local=['/', 'rbd://ceph-mon', 'nbd://10.0.0.1'],
                )
                self.assertNotEqual('copy', planned.actions(case)['vda'])

    def test_snapshot_of_a_device_declared_both_ways_is_not_copied(self):
        case = b.case(
            b.disk('vda', b.file('/link/a')),
            shared=['/real'],
            local=['/link'],
            source={'/link/a': b.on('nfs', resolved='/real/a')},
        )
        self.assertNotEqual('copy', planned.actions(case)['vda'])


class RefusalMessageTest(unittest.TestCase):
    def test_it_names_the_disk_its_source_and_the_remedy(self):
        plan = planned.plan(b.case(b.disk('vda', b.file('/data/a'))))
        (refusal,) = plan['refusals']
        self.assertIn('vda', refusal['message'])
        self.assertIn('/data/a', refusal['message'])
        self.assertIn('shared_paths', refusal['message'])
