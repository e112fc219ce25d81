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

"""Issue the certificates that QEMU shows and asks for in a migration."""

from dataclasses import dataclass
from pathlib import Path
import shutil
import tempfile

from lab.hosts.host_layout import DOMAIN
from lab.hosts.lab_host import Host
from lab.hosts.libvirtd import CERTIFICATES
from lab.processes import commands

# Small keys of a curve: made in no time.
_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test's own."""

    directory: Path

    @classmethod
    def create(cls, directory: Path) -> 'Authority':
        """Make one in an empty directory."""
        _openssl(
            *('req', '-x509', *_KEY, '-days', '2', '-subj', '/CN=Laboratory'),
            *('-keyout', directory / 'ca-key.pem'),
            *('-out', directory / 'ca-cert.pem'),
        )
        return cls(directory)

    def equip(self, host: Host, *names: str) -> None:
        """Give a host a certificate, as server and as client.

        :param names: what it says the host is called: names or addresses;
            by default what the host is.
        """
        target = host.path(CERTIFICATES)
        said = names or (host.name, f'{host.name}.{DOMAIN}', host.address)
        with tempfile.TemporaryDirectory() as scratch:
            key, certificate = self._issue(Path(scratch), said)
            for side in ('server', 'client'):
                shutil.copy(key, target / f'{side}-key.pem')
                shutil.copy(certificate, target / f'{side}-cert.pem')
        shutil.copy(self.directory / 'ca-cert.pem', target)

    def _issue(
        self, scratch: Path, names: tuple[str, ...]
    ) -> tuple[Path, Path]:
        key, request = scratch / 'key.pem', scratch / 'request.pem'
        certificate = scratch / 'certificate.pem'
        extensions = scratch / 'extensions'
        said = ','.join(_alternative(name) for name in names)
        extensions.write_text(
            f'subjectAltName={said}\n'
            'keyUsage=digitalSignature\n'
            'extendedKeyUsage=serverAuth,clientAuth\n'
        )
        _openssl(
            *('req', '-new', *_KEY, '-subj', f'/CN={names[0]}'),
            *('-keyout', key, '-out', request),
        )
        _openssl(
            *('x509', '-req', '-days', '2', '-in', request),
            *('-CA', self.directory / 'ca-cert.pem', '-CAcreateserial'),
            *('-CAkey', self.directory / 'ca-key.pem'),
            *('-extfile', extensions, '-out', certificate),
        )
        return key, certificate


def withdraw(host: Host) -> None:
    """Take a host's certificates away."""
    for path in host.path(CERTIFICATES).iterdir():
        path.unlink()


def _openssl(*arguments: str | Path) -> None:
    commands.run(['openssl', *arguments])


def _alternative(name: str) -> str:
    kind = 'IP' if name.replace('.', '').isdecimal() else 'DNS'
    return f'{kind}:{name}'
