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

"""What can be read of a refusal, and by whom."""

from tests.nova import base
from tests.nova import endings
from tests.nova import ours

# Disks that nothing explains: no row of Cinder's, no file of nova's.
STRANGE = """
<disk type='block' device='disk'>
  <driver name='qemu' type='raw'/>
  <source dev='/dev/mapper/strange-{target}'/>
  <target dev='{target}' bus='virtio'/>
</disk>
"""
TARGETS = ('vdx', 'vdy', 'vdz')
LIMIT = 255  # instance_faults.message and instance_actions_events.details


class RefusalTest(ours.OursTest):
    def setUp(self):
        super().setUp()
        self.server = self.make_server()
        self.add_disks(
            self.server, *(STRANGE.format(target=t) for t in TARGETS)
        )
        self.refuse(self.server)

    def test_the_server_is_as_before_and_the_records_name_every_disk(self):
        self.assertEqual(endings.REFUSED, self.outcome(self.server))
        self.assertEqual([], self.fake.calls)
        # The codes come before what is cut off.
        (told,) = [
            event['details']
            for event in self.events(self.server)
            if event['event'] == 'compute_check_can_live_migrate_source'
        ]
        self.assertLessEqual(len(told), LIMIT)
        for target in TARGETS:
            self.assertIn(f'{target}: ', told)
        # All of it is in the fault, which the API shows of no such server.
        texts = ''.join(fault.details for fault in self.faults(self.server))
        for target in TARGETS:
            self.assertIn(f'/dev/mapper/strange-{target}', texts)
        self.assertNotIn('fault', self.api.get_server(self.server['id']))
        # Its owner is shown that it failed, where and by which code.
        owner = self.api_fixture.api
        owner.microversion = self.microversion
        shown = self.events(self.server, owner)
        self.assertEqual({'Error'}, {event['result'] for event in shown})
        self.assertFalse(
            [e for e in shown if 'details' in e or 'traceback' in e], shown
        )
        names = {event['event'] for event in shown}
        for target in TARGETS:
            self.assertIn(f'selective_migrate_{target}_source-missing', names)

    def test_an_admin_reads_every_disk_and_remedy_in_the_events(self):
        texts = [
            f'{event["details"]} {event["traceback"]}'
            for event in self.events(self.server)
        ]
        for target in TARGETS:
            # Only the message with the remedy has the path.
            path = f'/dev/mapper/strange-{target}'
            told = [text for text in texts if path in text]
            self.assertIn('Remedy: ', ''.join(told))


class DirectRefusalTest(ours.OursTest):
    def test_a_flag_that_contradicts_the_disks_names_them(self):
        server = self.make_server()
        self.refuse(server, block=False)
        self.assertEqual(endings.REFUSED, self.outcome(server))
        texts = ''.join(str(e['details']) for e in self.events(server))
        for target in base.LOCAL:
            self.assertIn(target, texts)
