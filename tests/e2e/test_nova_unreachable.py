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

"""The port of the disks' copy cannot be reached."""

from tests.e2e import nova_base

# libvirt waits 30 s for a guest that QEMU does not let go; TCP tries for
# twice that.
_RETRIES = '5'
_PORTS = '49153-49215'


class _Unreachable(nova_base.NovaTestCase):
    def unreachable(self):
        """Migrate; what the destination answers about disks gets lost."""
        server = self.server(config_drive=True)
        before = self.a.run(['sysctl', '-n', 'net.ipv4.tcp_syn_retries'])
        self.retries(_RETRIES)
        self.addCleanup(self.retries, before.stdout.strip())
        rule = ['sport', _PORTS, 'ipproto', 'tcp', 'pref', '100']
        self.b.run(['ip', 'rule', 'add', *rule, 'blackhole'])
        self.addCleanup(self.b.run, ['ip', 'rule', 'del', 'pref', '100'])
        return server, self.migrate(server)

    def retries(self, number: str) -> None:
        self.a.run(['sysctl', '-qw', f'net.ipv4.tcp_syn_retries={number}'])


class UnreachableTestCase(_Unreachable):
    def test_stock(self) -> None:
        """The guest waits at the destination, for whoever connects."""
        self.stock()
        server, moved = self.unreachable()
        self.assertEqual('error', moved.status)
        self.assertEqual(('error', None, 'a'), server.state)
        self.assertEqual('paused', server.power(self.b))

    def test_plugin(self) -> None:
        """Nothing is left, and the server runs where it was."""
        self.plugin()
        server, _ = self.unreachable()
        self.assert_stays(server, 'Failed to connect', status='failed')
