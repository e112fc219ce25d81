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


"""What besides storage keeps the destination from taking a guest."""

import os.path
import re
import subprocess
import sys

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.hosts import libvirtd
from lab.storage import local_disks
from tests.e2e import base

RAW = local_disks.LocalFile(format='raw')
_EMULATOR = '/usr/bin/qemu-system-x86_64'
_PORT = 10853
_LISTEN = f"""
import socket
taken = socket.create_server(('0.0.0.0', {_PORT}))
print('ready', flush=True)
while True:
    taken.accept()
"""


class ReadinessTestCase(base.EndToEndTestCase):
    """The plan says it before anything is made, and names the remedy."""

    def setUp(self) -> None:
        """Start a guest whose emulator has a name that can be taken away."""
        super().setUp()
        self.emulator = '/etc/libvirt/own/qemu-system-x86_64'
        for host in self.lab.hosts:
            # Beside the daemon's settings: each host has its own.
            folder = os.path.dirname(self.emulator)
            host.run(['mkdir', '-p', folder])
            host.run(['ln', '-sf', _EMULATOR, self.emulator])
            self.addCleanup(host.run, ['rm', '-rf', folder])
        devices = f'<emulator>{self.emulator}</emulator>'
        self.one = self.guest({'vda': RAW}, devices_xml=devices)

    def test_refusals(self) -> None:
        """Each refuses as long as it lasts, and changes nothing."""
        with self.unchanged():
            found = self.run_json('plan', self.one)
        self.assertEqual((0, []), (found.exit_code, found.tree['refusals']))
        unknown = [n for n in found.tree['notes'] if 'not known of the' in n]
        self.assertEqual([], unknown)

        with self.subTest('emulator'):
            self.b.run(['rm', self.emulator])
            self.assert_refused(self.one, reasons={None: 'emulator-missing'})
            self.b.run(['ln', '-s', _EMULATOR, self.emulator])

        with self.subTest('port'):
            ports = ('-p', 'tcp', '--dport', '49152:49215')
            rule = ('INPUT', *ports, '-j', 'DROP')
            self.b.run(['iptables', '-A', *rule])
            self.addCleanup(self.b.run, ['iptables', '-F'])
            self.assert_refused(self.one, reasons={None: 'port-unreachable'})
            self.b.run(['iptables', '-D', *rule])

        with self.subTest('UUID'):
            own = self.a.virsh('domuuid', self.one.name).stdout.strip()
            name = f'{self.one.name}-clone'
            self.b.virsh(
                'define',
                '/dev/stdin',
                input=f"""
<domain type='qemu'><name>{name}</name><uuid>{own}</uuid>
<memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>""",
            )
            self.addCleanup(self.b.virsh, 'undefine', name, check=False)
            self.assert_refused(self.one, reasons={None: 'name-taken'})

    def test_port_taken(self) -> None:
        """Something listens on the port that was named for disks."""
        taken = self.b.popen(
            [sys.executable, '-c', _LISTEN], stdout=subprocess.PIPE
        )
        self.addCleanup(taken.wait)
        self.addCleanup(taken.kill)
        self.addCleanup(taken.stdout.close)
        taken.stdout.readline()
        port = '--disks-uri', f'tcp://{self.b.address}:{_PORT}'
        self.assert_refused(self.one, *port, reasons={None: 'port-taken'})
        port = '--disks-uri', f'tcp://{self.b.address}:{_PORT + 1}'
        self.migrate(self.one, *port, copied=['vda'])
        self.assert_nothing_lost(self.one, self.b)

    def test_certificate_of_another_authority(self) -> None:
        """The source's own authority did not issue what it would show."""
        self.certify()
        folder = self.a.path(libvirtd.CERTIFICATES)
        kept = (folder / 'ca-cert.pem').read_bytes()
        (folder / 'ca-cert.pem').write_bytes(
            (self.new_authority().directory / 'ca-cert.pem').read_bytes()
        )
        self.assert_refused(self.one, '--tls', reasons={None: 'tls-unusable'})
        (folder / 'ca-cert.pem').write_bytes(kept)
        self.assertEqual(0, self.run_json('plan', self.one, '--tls').exit_code)


class _HostModelGuest(lab_guest.Guest):
    """A guest with all that the CPU of its host can do."""

    def xml(self, host: lab_host.Host) -> str:
        cpu = "<cpu mode='host-model'/>"
        return super().xml(host).replace('<features>', f'{cpu}<features>')


class CpuTestCase(base.EndToEndTestCase):
    """QEMU 11.1 feigns features that 10.0 does not know."""

    def test_cpu(self) -> None:
        """The plan says what libvirt would, with the same features."""
        self.use_lab({'a': 'sid', 'b': 'trixie'})
        guest = _HostModelGuest(
            self.lab, self.new_name(), {'vda': RAW}, machine='pc-i440fx-10.0'
        )
        self.addCleanup(self.forget, guest)
        guest.define_and_start(self.a)
        guest.wait_for_records(self.a, base.BEFORE)
        found = self.assert_refused(guest, reasons={None: 'cpu-incompatible'})
        message = found.tree['refusals'][0]['message']
        features = re.findall(r'features: ([\w, -]+)\)', message)
        self.assertTrue(features, message)
        code = '--accept-unready', 'cpu-incompatible'
        ran = self.run_json('migrate', guest, *code)
        self.assertEqual(4, ran.exit_code)
        for feature in features[0].split(', '):
            self.assertIn(feature, ran.tree['error'])
        self.assert_goes_on(guest)
