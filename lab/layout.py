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

from lab import libvirtd
from lab import releases
from lab.home import Home
from lab.view import View

HUB = 'hub'
NAMES = ('a', 'b')
ADDRESSES = {HUB: '10.97.0.254', 'a': '10.97.0.1', 'b': '10.97.0.2'}


def view(home: Home, name: str, release: str | None) -> View:
    """Make the files of one host, and say where it is to see them.

    :raises ReleaseMissing: it was not prepared.
    """
    tree = home.of_host(name)
    tree.mkdir()
    for part in ('libvirt/images', 'log', 'glusterd'):
        (tree / part).mkdir(parents=True)
    # What libvirt found out about its QEMU: expensive, and still true.
    known = home.cache / 'libvirt' / f'{release or "own"}-{name}'
    known.mkdir(parents=True, exist_ok=True)
    libvirtd.configure(tree / 'etc-libvirt')
    hosts = ['127.0.0.1 localhost']
    hosts += [f'{address} {host}' for host, address in ADDRESSES.items()]
    (tree / 'hosts').write_text('\n'.join(hosts) + '\n')
    (tree / 'hostname').write_text(f'{name}\n')
    places = {
        '/etc/hosts': 'hosts',
        '/etc/hostname': 'hostname',
        '/etc/libvirt': 'etc-libvirt',
        '/var/lib/libvirt': 'libvirt',
        '/var/lib/glusterd': 'glusterd',
        '/var/log': 'log',
    }
    binds = {inside: os.fspath(tree / p) for inside, p in places.items()}
    return View(
        name=name,
        mark=f'{home.mark}:{name}',
        tree=os.fspath(tree),
        binds={**binds, '/var/cache/libvirt': os.fspath(known)},
        release=(os.fspath(releases.tree(home, release)) if release else None),
    )
