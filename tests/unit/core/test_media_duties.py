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

"""Read-only content that the caller must bring over, and when it is one."""

import unittest

import ddt

from tests.unit.core import builders as b
from tests.unit.core import planned

ISO = '/iso/x.iso'
CONFIG = '/var/lib/nova/instances/uuid/disk.config'


class DutyTest(unittest.TestCase):
    def _duties(self, disk, **more):
        plan = planned.plan(b.case(disk, **more))
        self.assertTrue(plan['ready'], plan)
        return plan['duties']

    def test_local_medium(self):
        (duty,) = self._duties(
            b.cdrom('hda', b.file(ISO, 'raw')), source={ISO: b.local()}
        )
        self.assertEqual('hda', duty['target'])
        self.assertEqual('read-only-media', duty['duty'])
        self.assertIn(ISO, duty['message'])

    def test_local_read_only_disk(self):
        (duty,) = self._duties(
            b.disk('vdb', b.file(ISO, 'raw'), 'readonly'),
            source={ISO: b.local()},
        )
        self.assertEqual('vdb', duty['target'])

    def test_config_drive_has_its_own_code(self):
        (drive,) = self._duties(
            b.cdrom('hda', b.file(CONFIG, 'raw')), source={CONFIG: b.local()}
        )
        self.assertEqual('config-drive', drive['duty'])

    def test_medium_of_which_nothing_is_known(self):
        (duty,) = self._duties(b.cdrom('hda', b.file(ISO, 'raw')))
        self.assertEqual('hda', duty['target'])

    def test_shared_medium_is_no_duty(self):
        facts = {ISO: b.on('nfs', identity='i')}
        self.assertEqual(
            [],
            self._duties(
                b.cdrom('hda', b.file(ISO, 'raw')),
                source=facts,
                destination=facts,
            ),
        )

    def test_nova_brings_over_what_it_carries(self):
        """It is not dropped either, and whoever carries none is told."""
        home = {'exists': False, 'free_bytes': b.GIB}
        source = b.file(ISO, 'raw')
        xml = source.xml.replace('<source', "<source startupPolicy='optional'")
        for carried, said in (
            (['hda'], 'hda: libvirt does not copy read-only /iso/x.iso; nova'),
            ([], 'hda: libvirt does not copy read-only /iso/x.iso; put the'),
        ):
            found = planned.plan(
                b.case(
                    b.cdrom('hda', source._replace(xml=xml)),
                    source={ISO: b.local()},
                    destination={
                        '/nova': home,
                        ISO: b.GONE if carried else {},
                    },
                    prepared={'directory': '/nova', 'carried': carried},
                )
            )
            (duty,) = found['duties']
            self.assertTrue(duty['message'].startswith(said), duty)

    def test_network_medium_is_no_duty(self):
        self.assertEqual([], self._duties(b.cdrom('hda', b.rbd())))

    def test_each_image_of_one_host_is_one(self):
        facts = {'/nfs/x': b.on('nfs', identity='i')}
        lower = [b.file('/iso/lower'), b.file('/nfs/x'), b.file('/iso/base')]
        duties = self._duties(
            b.disk('vdb', b.file('/nfs/x'), 'readonly', over=lower),
            source={**facts, '/iso/lower': b.local(), '/iso/base': b.local()},
            destination=facts,
        )
        self.assertEqual(['vdb', 'vdb'], [d['target'] for d in duties])
        for duty, path in zip(
            duties, ('/iso/lower', '/iso/base'), strict=True
        ):
            self.assertIn(f' {path};', duty['message'])

    def test_empty_drive_is_no_duty(self):
        self.assertEqual([], self._duties(b.cdrom('hda')))


@ddt.ddt
class StartupPolicyTest(unittest.TestCase):
    """A medium that may be missing at the destination."""

    def plan(self, policy, there, device='cdrom', **more):
        source = b.file(ISO, 'raw')
        if policy:
            xml = source.xml.replace(
                '<source', f"<source startupPolicy='{policy}'"
            )
            source = source._replace(xml=xml)
        return planned.plan(
            b.case(
                b.disk('vda', b.file('/d/a')),
                b.disk('hda', source, 'readonly', device=device),
                source={'/d/a': b.local(), ISO: b.local()},
                destination={
                    '/d': {'exists': True},
                    '/d/a': b.GONE,
                    ISO: there,
                },
                create_images=True,
                **more,
            )
        )

    @ddt.data('requisite', 'optional')
    def test_it_may_go(self, policy):
        for device in ('cdrom', 'floppy'):
            found = self.plan(policy, b.GONE, device)
            self.assertEqual([], found['refusals'])
            self.assertEqual(['vda'], found['migrate_disks'])
            self.assertEqual([], found['duties'])
            (note,) = [n for n in found['notes'] if n.startswith('hda: ')]
            self.assertIn('startupPolicy', note)

    @ddt.data('mandatory', None, 'odd')
    def test_it_may_not(self, policy):
        found = self.plan(policy, b.GONE)
        self.assertEqual(
            ['content-missing'], [r['reason'] for r in found['refusals']]
        )

    def test_a_disk_is_no_medium(self):
        self.assertFalse(self.plan('optional', b.GONE, 'disk')['ready'])

    def test_another_one_is_taken_and_is_not_the_same(self):
        there = {'exists': True, 'virtual_bytes': 5}
        self.assertFalse(self.plan('optional', there)['ready'])

    def test_what_is_not_known_is_still_to_be_brought(self):
        found = self.plan('optional', {})
        self.assertEqual(['hda'], [d['target'] for d in found['duties']])
