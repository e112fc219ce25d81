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

"""Name the hosts and lay out the files that are their own."""

import os

from lab.hosts import libvirtd
from lab.hosts import releases
from lab.hosts.kernel_tree import KernelTree
from lab.hosts.mount_view import MountView
from lab.lab_homes import Home

HUB = 'hub'
NAMES = ('a', 'b')
#: The third host, where hosts have kernels of their own.
STORAGE = 'storage'
ADDRESSES = {
    HUB: '10.97.0.254',
    'a': '10.97.0.1',
    'b': '10.97.0.2',
    STORAGE: '10.97.0.3',
}
#: The second way to the storage.
SECOND_PORTAL = '10.97.0.4'
#: What follows a host's name where it is given in full.
DOMAIN = 'lab.example'
# GlusterFS's geo-replication, which nobody uses here: glusterd starts it
# several times, which is half of the processor time of bringing hosts up, and
# goes without where it cannot be executed (ENOENT).
_GSYNCD = '/usr/lib/x86_64-linux-gnu/glusterfs/gsyncd'
#: Where Debian's installer has a host find its own name.
_OWN_ADDRESS = '127.0.1.1'


def view(
    home: Home,
    name: str,
    release: str | None,
    kernel: KernelTree | None = None,
) -> MountView:
    """Make the files of one host, and say where it is to see them.

    :param kernel: its own, if it has one
    :raises ReleaseMissing: it was not prepared.
    """
    tree = home.of_host(name)
    tree.mkdir()
    for part in ('libvirt/images', 'log', 'glusterd'):
        (tree / part).mkdir(parents=True)
    # What libvirt found out about its QEMU: expensive, and still true.
    kind = kernel.version if kernel else release or 'own'
    known = home.cache / 'libvirt' / f'{kind}-{name}'
    known.mkdir(parents=True, exist_ok=True)
    libvirtd.configure(tree / 'etc-libvirt')
    (tree / 'hosts').write_text(_hosts(name))
    (tree / 'hostname').write_text(f'{name}\n')
    (tree / 'gsyncd').write_text('#!/none/such\n')
    (tree / 'gsyncd').chmod(0o755)
    places = {
        '/etc/hosts': 'hosts',
        '/etc/hostname': 'hostname',
        '/etc/libvirt': 'etc-libvirt',
        _GSYNCD: 'gsyncd',
        '/var/lib/libvirt': 'libvirt',
        '/var/lib/glusterd': 'glusterd',
        '/var/log': 'log',
    }
    binds = {inside: os.fspath(tree / p) for inside, p in places.items()}
    return MountView(
        name=name,
        mark=f'{home.mark}:{name}',
        tree=os.fspath(tree),
        binds={**binds, '/var/cache/libvirt': os.fspath(known)},
        release=(os.fspath(releases.tree(home, release)) if release else None),
        more=os.fspath(kernel.root) if kernel else None,
    )


def _hosts(name: str) -> str:
    """Return /etc/hosts of one host, as Debian's installer writes it.

    What a host finds for its own name is no address for others: whoever
    takes it for one shows here, and whoever compares the short name with
    the full one that libvirt gives.
    """
    found = dict(ADDRESSES)
    if name != HUB:  # GlusterFS serves by its name
        found[name] = _OWN_ADDRESS
    lines = ['127.0.0.1 localhost']
    lines += [f'{at} {each}.{DOMAIN} {each}' for each, at in found.items()]
    return '\n'.join(lines) + '\n'
