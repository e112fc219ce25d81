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

"""Run the libvirt daemon of a host."""

from pathlib import Path
import uuid

from lab.hosts.lab_host import Host
from lab.hosts.lab_host import LIBVIRTD_LOG
from lab.processes import daemon_processes
from lab.processes import waiting
from lab.processes.process_journal import Journal

_DAEMON = """\
host_uuid = "{host_uuid}"
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
log_filters = "1:qemu.qemu_monitor 3:*"
log_outputs = "1:file:{log}"
"""

_QEMU = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
migrate_tls_x509_cert_dir = "{certificates}"
"""

#: Where a host's QEMU looks for certificates; empty until they are issued.
CERTIFICATES = '/etc/libvirt/pki'


def configure(tree: Path) -> None:
    """Write the configuration of one host.

    :param tree: what the host sees as /etc/libvirt.
    """
    tree.mkdir(parents=True)
    # Two daemons with one identity refuse to migrate to each other; on
    # one machine they would both take its firmware's.
    settings = _DAEMON.format(host_uuid=uuid.uuid4(), log=LIBVIRTD_LOG)
    (tree / 'libvirtd.conf').write_text(settings)
    settings = _QEMU.format(certificates=CERTIFICATES)
    (tree / 'qemu.conf').write_text(settings)
    (tree / Path(CERTIFICATES).name).mkdir()
    for name in ('qemu', 'storage', 'nwfilter', 'secrets', 'hooks'):
        (tree / name).mkdir()


def start(journal: Journal, host: Host) -> None:
    """Start the daemon; `await_ready` waits until it serves."""
    # With its directory for the logs and consoles of guests.
    host.path(LIBVIRTD_LOG).with_name('qemu').mkdir(parents=True)
    start_again(journal, host)


def start_again(journal: Journal, host: Host) -> None:
    """Start the daemon of a host on which one has ended."""
    daemon_processes.start(
        journal,
        host.namespace,
        f'libvirtd-{host.name}',
        ['libvirtd', '--listen', '--pid-file', '/run/libvirtd.pid'],
        host.path('/var/log/libvirtd-console.log'),
    )


def await_ready(journal: Journal, host: Host) -> None:
    """Wait until the daemon answers on its socket and to the network."""
    name = f'libvirtd-{host.name}'

    def answers() -> bool:
        daemon_processes.check(
            journal, name, host.path('/var/log/libvirtd-console.log')
        )
        # Both need to listen, and a driver that did not start shows here.
        return all(
            not host.virsh('list', uri=uri, check=False).returncode
            for uri in (host.uri, host.remote_uri)
        )

    waiting.until(answers, f'libvirtd of host {host.name}', 60)
