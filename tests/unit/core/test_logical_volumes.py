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

"""Names of logical volumes."""

import unittest

from nova_selective_migrate.core.model import logical_volumes

GROUP, VOLUME = (
    'BOuLPnrNxKHHF0KyFjtNMj1cJaOrfYmE',
    '127FhG2EC4f7aJkD28Pl1csdqbIA5C9k',
)


class LogicalVolumesTest(unittest.TestCase):
    def test_both_names(self):
        for path, name in (
            ('/dev/vg0/lv0', 'vg0-lv0'),
            ('/dev/vg-0/a--b', 'vg--0-a----b'),
            ('/dev/a.b/c_d', 'a.b-c_d'),
        ):
            with self.subTest(path=path):
                mapper = f'/dev/mapper/{name}'
                self.assertEqual(
                    path, logical_volumes.path_of_mapper_name(name)
                )
                self.assertEqual((path, mapper), logical_volumes.aliases(path))
                self.assertEqual(path, logical_volumes.canonical(mapper))
                self.assertEqual(path, logical_volumes.canonical(path))

    def test_what_is_no_volume_has_one_name(self):
        for name in ('vg0', 'vg0-tp-tpool', 'control', '-', ''):
            with self.subTest(name=name):
                self.assertIsNone(logical_volumes.path_of_mapper_name(name))
        for path in ('/dev/sda', '/dev/zvol/tank/v', '/dev/mapper/control'):
            with self.subTest(path=path):
                self.assertEqual(path, logical_volumes.canonical(path))
        for path in ('/dev/sda', '/dev/zvol/tank/v', '/srv/dev/vg0/lv', ''):
            self.assertEqual((path,), logical_volumes.aliases(path))

    def test_uuids_as_lvs_and_vgs_print_them(self):
        self.assertEqual(
            (
                'BOuLPn-rNxK-HHF0-KyFj-tNMj-1cJa-OrfYmE',
                '127FhG-2EC4-f7aJ-kD28-Pl1c-sdqb-IA5C9k',
            ),
            logical_volumes.uuids_of_mapper_uuid(f'LVM-{GROUP}{VOLUME}'),
        )

    def test_no_uuids_of_what_a_guest_cannot_have(self):
        for text in (
            '',
            f'LVM-{GROUP}{VOLUME}-tpool',
            f'LVM-{GROUP}{VOLUME}-real',
            f'LVM-{GROUP}',
            f'CRYPT-LUKS2-{GROUP}{VOLUME}',
            'mpath-36001405',
        ):
            with self.subTest(text=text):
                self.assertIsNone(logical_volumes.uuids_of_mapper_uuid(text))
