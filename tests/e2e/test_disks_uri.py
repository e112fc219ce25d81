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

"""Disks that take another way than memory."""

import collections.abc
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket

from lab.guests import monitor_log
from lab.hosts import lab_host
from lab.storage import local_disks
from lab.storage import storage_daemon
from tests.e2e import base

_STARTED = re.compile(r'msg=(\{"execute":"nbd-server-start".*\})')
_FIRST, _SECOND = '10.198.0.1', '10.198.0.2'


class DisksUriTestCase(base.EndToEndTestCase):
    """What the destination's QEMU is told to listen on for disks."""

    def listened_on(self, host: lab_host.Host, since: int) -> dict[str, str]:
        """Return the address of the newest NBD server since a mark."""
        with host.path(lab_host.LIBVIRTD_LOG).open() as log:
            log.seek(since)
            (*_, text) = _STARTED.findall(log.read())
        address: dict[str, str] = json.loads(text)['arguments']['addr']['data']
        return address

    def own_network(self) -> None:
        """Give both hosts an address of another network."""
        for host, address in ((self.a, _FIRST), (self.b, _SECOND)):
            device = host.run(
                ['ip', '-json', 'route', 'get', self.a.address]
            ).stdout
            name = json.loads(device)[0]['dev']
            if name == 'lo':
                listed = host.run(['ip', '-json', 'address']).stdout
                (name,) = [
                    link['ifname']
                    for link in json.loads(listed)
                    for known in link['addr_info']
                    if known['local'] == host.address
                ]
            change = ['ip', 'address']
            here = [f'{address}/24', 'dev', name]
            host.run([*change, 'add', *here])
            self.addCleanup(host.run, [*change, 'del', *here])

    def test_a_network_of_their_own(self) -> None:
        """With a port of libvirt's choice, and with one that is named."""
        self.own_network()
        guest = self.guest({'vda': local_disks.LocalFile(format='qcow2')})
        mark = monitor_log.mark(self.b)
        self.migrate(guest, '--disks-uri', f'tcp://{_SECOND}', copied=['vda'])
        self.assertEqual(_SECOND, self.listened_on(self.b, mark)['host'])
        self.a.path(guest.place('vda').local('qcow2')).unlink()
        mark = monitor_log.mark(self.a)
        self.migrate(
            guest,
            *('--disks-uri', f'tcp://{_FIRST}:49400'),
            copied=['vda'],
            source=self.b,
            destination=self.a,
        )
        there = self.listened_on(self.a, mark)
        self.assertEqual((_FIRST, '49400'), (there['host'], there['port']))
        self.assert_nothing_lost(guest, self.a)

    def test_a_unix_socket(self) -> None:
        """What connects to it on one host is forwarded to the other."""
        guest = self.guest({'vda': local_disks.LocalFile(format='raw')})
        path = f'{lab_host.IMAGES}/{guest.name}-disks.sock'
        self.enterContext(_forwarded(self.a.path(path), self.b.path(path)))
        mark = monitor_log.mark(self.b)
        self.migrate(guest, '--disks-uri', f'unix://{path}', copied=['vda'])
        self.assertEqual(path, self.listened_on(self.b, mark)['path'])
        self.assert_nothing_lost(guest, self.b)

    def test_a_storage_daemon_between_the_hosts(self) -> None:
        """What the page reference/thin advises for libvirt before 10.9."""
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(format='raw'),
                'vdb': local_disks.LocalFile(format='qcow2'),
            }
        )
        path = f'{lab_host.IMAGES}/{guest.name}-disks.sock'
        names = storage_daemon.exports(self.a, guest.name, ['vda', 'vdb'])
        self.enterContext(storage_daemon.between(self.a, self.b, path, names))
        self.migrate(
            guest, '--disks-uri', f'unix://{path}', copied=['vda', 'vdb']
        )
        self.assert_nothing_lost(guest, self.b)

    def test_what_cannot_be(self) -> None:
        """One line, before anything is touched."""
        guest = self.guest({'vda': local_disks.LocalFile(format='raw')})
        self.assert_refused(
            guest,
            *('--tls', '--disks-uri', 'unix:///run/disks.sock'),
            reasons={None: 'disks-uri-unusable'},
        )
        with self.unchanged():
            done = self.program(
                *('migrate', guest.name, self.b.remote_uri),
                *('--disks-uri', 'tcp://:49400'),
            )
        self.assertEqual(2, done.returncode)
        self.assertIn('no address', done.stderr)


@contextlib.contextmanager
def _forwarded(
    here: pathlib.Path, there: pathlib.Path
) -> collections.abc.Iterator[None]:
    """Forward what connects to a socket to another, as ssh -L would."""
    with (
        socket.socket(socket.AF_UNIX) as listening,
        _address(here) as address,
        contextlib.ExitStack() as opened,
        concurrent.futures.ThreadPoolExecutor() as threads,
    ):
        listening.bind(address)
        here.chmod(0o777)
        listening.listen()

        def accept() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return  # it is over
                other = socket.socket(socket.AF_UNIX)
                opened.enter_context(one)
                opened.enter_context(other)
                with _address(there) as peer:
                    other.connect(peer)
                threads.submit(_pass_on, one, other)
                threads.submit(_pass_on, other, one)

        threads.submit(accept)
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            here.unlink(missing_ok=True)


@contextlib.contextmanager
def _address(path: pathlib.Path) -> collections.abc.Iterator[str]:
    """Name a socket in few characters: the kernel takes 107."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f'/proc/self/fd/{folder}/{path.name}'
    finally:
        os.close(folder)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
