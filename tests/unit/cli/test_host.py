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
"""``host audit`` on libvirt's own test driver."""

from tests.unit.cli import command

COLUMNS = {'host', 'destination', 'rate_mib_s', 'guests', 'totals'}

UUID = '6695eb01-f6a4-8304-79aa-97f2502e193f'
NODE = """
<node><domain type='test'><name>g</name><uuid>{}</uuid>
<memory>1024</memory><os><type>hvm</type></os><devices>
<disk type='file' device='disk'>
<source file='{}'/><target dev='vda'/></disk></devices></domain></node>
"""


class HostCase(command.CommandCase):
    """Audits a host of libvirt's test driver that has one guest."""

    def audit(self, *arguments, disk=None):
        disk = disk or self.file('disk', 'content')
        node = self.file('node.xml', NODE.format(UUID, disk))
        return command.run(
            *('--connect', f'test://{node}'),
            *('--journal', str(self.top), 'host', 'audit'),
            # Where tests run the folder may be on any file system.
            *('--local-path', str(self.top), *arguments),
        )


class AuditHostTest(HostCase):
    def test_every_running_guest_is_planned(self):
        found = self.audit('-f', 'json', '--rate', '100')
        self.assertEqual(0, found.status, found)
        self.assertEqual(COLUMNS, {*found.json})
        self.assertEqual(
            ['g'], [each['name'] for each in found.json['guests']]
        )
        self.assertEqual(1, found.json['totals']['movable'])
        self.assertEqual('', found.err)

    def test_a_page(self):
        found = self.audit('-f', 'html')
        self.assertEqual(0, found.status, found)
        self.assertTrue(found.out.startswith('<!DOCTYPE html>'))

    def test_a_part_of_the_page(self):
        found = self.audit('-f', 'html', '-c', 'host')
        self.assert_usage_error(found, '-f html takes no -c')

    def test_one_guest_that_cannot_move(self):
        found = self.audit(disk='/none/such')
        self.assertEqual(3, found.status, found)
        self.assertIn('g: [source-missing] vda (/none/such)', found.out)
        self.assertIn('0 of 1 guests can move', found.out)

    def test_the_host_itself_is_no_destination(self):
        found = self.audit(command.TEST_DRIVER)
        self.assert_usage_error(found, 'name another destination')

    def test_a_name_is_no_uri(self):
        self.assert_usage_error(self.audit('b'), 'qemu+tls://b/system')

    def test_a_rate_is_a_number(self):
        for text in ('0', 'fast', '-1'):
            with self.subTest(text=text):
                found = self.audit(f'--rate={text}')
                self.assert_usage_error(found, '--rate', f"'{text}'")
