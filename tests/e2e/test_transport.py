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

"""What travels between the hosts, and who can listen or connect."""

import pathlib
import shlex
import signal
import tempfile

import ddt

from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.guests import written_records
from lab.hosts import certificates
from lab.hosts import host_layout
from lab.hosts import lab_host
from lab.hosts import libvirtd
from lab.hosts import listeners
from lab.hosts import traffic
from lab.processes import commands
from lab.processes import waiting
from lab.storage import local_disks
from lab.storage import shared_disks
from tests import examples
from tests import page_commands
from tests.e2e import base

_SECURITY = examples.TOP / 'doc/source/admin/security.rst'
# The writer begins what it writes once with this; the other is in memory,
# as the kernel's command line.
_ON_DISK = b'LABCOLD1'
_IN_MEMORY = b'lab.slots=1021'
_WORKLOAD = written_records.Workload(slots=1021)
# Its daemons talk to each other here, as the lab has it without TLS.
_DAEMON_PORT = 16509
RAW = local_disks.LocalFile(format='raw')


class TransportTestCase(base.EndToEndTestCase):
    """A test whose migrations may fail."""

    def assert_stays(
        self, guest: lab_guest.Guest, *arguments: str, error: str
    ) -> None:
        """Check that a migration fails and leaves nothing but the guest."""
        with self.unchanged():
            result = self.run_json('migrate', guest, *arguments)
        self.assertEqual(
            (4, 'not-moved'),
            (result.exit_code, result.tree['outcome']),
            result.tree,
        )
        self.assertRegex(result.tree['error'], error)
        self.assert_goes_on(guest)


@ddt.ddt
class WireTestCase(TransportTestCase):
    """Memory and disks on the wire, with TLS and without."""

    def seen(self, *arguments: str) -> dict[str, set[int]]:
        """Migrate and return what was seen, without the daemons' talk."""
        guest = self.guest(
            {'vda': RAW, 'vdb': shared_disks.SharedNetwork()},
            workload=_WORKLOAD,
        )
        with traffic.watched(self.lab, _ON_DISK, _IN_MEMORY) as look:
            result = self.migrate(guest, *arguments, copied=['vda'])
        # What was not looked at may have shown anything.
        self.assertEqual(0, look.lost)
        self.assertGreater(look.packets, 100)
        self.notes = result.tree['plan']['notes']
        self.assert_nothing_lost(guest, self.b)
        return {
            pattern: {p for p in ports if p > _DAEMON_PORT + 1}
            for pattern, ports in look.ports.items()
        }

    def test_in_clear(self) -> None:
        """Without TLS both are read, and the plan says so."""
        ports = self.seen()
        disks, memory = (ports[p.decode()] for p in (_ON_DISK, _IN_MEMORY))
        self.assertTrue(memory)
        self.assertTrue(disks - memory, ports)
        self.assertIn('in clear', '\n'.join(self.notes))

    @ddt.data((), ('--parallel',), ('--post-copy', '--direct'))
    def test_encrypted(self, options: tuple[str, ...]) -> None:
        """With TLS neither is, however the migration is done."""
        self.certify()
        nothing: set[int] = set()
        self.assertEqual(
            {_ON_DISK.decode(): nothing, _IN_MEMORY.decode(): nothing},
            self.seen('--tls', '--migrate-uri', 'tcp://b', *options),
        )
        self.assertNotIn('in clear', '\n'.join(self.notes))


class PageTestCase(base.EndToEndTestCase):
    """Certificates that are made as the page security says."""

    def certify_by_page(self) -> None:
        """Run its commands: what names host1 or its files for each host."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shown = [
            one.text
            for one in page_commands.of_page(_SECURITY)
            if 'test_transport' in (one.mark or '')
        ]
        (authority,) = (text for text in shown if 'req -x509' in text)
        shown.remove(authority)
        commands.run(shlex.split(authority), cwd=folder)
        for host in self.lab.hosts:
            self.addCleanup(certificates.withdraw, host)
            for text in shown:
                commands.run(shlex.split(_on(host, text)), cwd=folder)

    def test_certificates_of_the_page(self) -> None:
        """A guest moves there and back with them, by all names of a host."""
        self.certify_by_page()
        guest = self.guest({'vda': RAW})
        self.migrate(guest, '--tls', copied=['vda'])
        self.a.path(guest.place('vda').local('raw')).unlink()
        self.migrate(
            guest,
            *('--tls', '--migrate-uri', f'tcp://{self.a.address}'),
            copied=['vda'],
            source=self.b,
            destination=self.a,
        )
        self.assert_nothing_lost(guest, self.a)


def _on(host: lab_host.Host, text: str) -> str:
    """Put a host's own name, address and directory into a command."""
    names = {
        'host1.example.org': f'{host.name}.{host_layout.DOMAIN}',
        'host1': host.name,
        '192.0.2.1': host.address,
        '/etc/pki/qemu': str(host.path(libvirtd.CERTIFICATES)),
    }
    for shown, meant in names.items():
        text = text.replace(shown, meant)
    return text


class CertificateTestCase(TransportTestCase):
    """Who shows the wrong certificate gets nothing."""

    def test_of_another_authority(self) -> None:
        """The destination's was issued by somebody unknown here."""
        self.certify()
        self.new_authority().equip(self.b)
        guest = self.guest({'vda': RAW})
        self.assert_stays(guest, '--tls', error='(?i)certificate|TLS')

    def test_of_another_name(self) -> None:
        """The destination's is that of another host."""
        self.certify().equip(self.b, 'elsewhere')
        guest = self.guest({'vda': RAW})
        self.assert_stays(guest, '--tls', error='does not match the hostname')

    def test_of_another_client(self) -> None:
        """The source's was issued by somebody unknown there."""
        self.certify()
        self.new_authority().equip(self.a)
        guest = self.guest({'vda': RAW})
        self.assert_stays(guest, '--tls', error='(?i)certificate|TLS|closed')

    def test_none(self) -> None:
        """The hosts have no certificates."""
        guest = self.guest({'vda': RAW})
        self.assert_refused(guest, '--tls', reasons={None: 'tls-unprepared'})


@ddt.ddt
class ListenerTestCase(base.EndToEndTestCase):
    """Where the destination's QEMU listens while disks are copied."""

    def listening(self, *arguments: str) -> list[str]:
        """Return what is listened on while a disk is copied; then end it."""
        guest = self.guest({'vda': RAW})
        since = monitor_log.mark(self.a)
        running = self.a.popen(
            [base.PROGRAM, 'migrate', guest.name, self.b.remote_uri]
            + ['--bandwidth', '1', *arguments],
            stdout=base.subprocess.PIPE,
            stderr=base.subprocess.STDOUT,
        )
        try:
            waiting.until(
                lambda: bool(monitor_log.mirrored(self.a, guest, since)),
                'the mirror to start',
                60,
            )
            return listeners.of_emulators(self.b)
        finally:
            running.send_signal(signal.SIGINT)
            said, _ = running.communicate(timeout=60)
            self.assertEqual(4, running.returncode, said)

    @ddt.data(
        (),
        ('--direct',),
        ('--migrate-uri', 'tcp://b'),
        ('--parallel',),
    )
    def test_one_address(self, options: tuple[str, ...]) -> None:
        """Memory and disks come in where the source connects to."""
        found = self.listening(*options)
        self.assertEqual([self.b.address] * 2, found)

    def test_every_address(self) -> None:
        """The look sees it where that is asked for."""
        found = self.listening('--listen-address', '0.0.0.0')
        self.assertEqual(['*'] * 2, found)
