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

"""Logical volumes of images_type=lvm between two kernels.

Each host has a volume group, by another name. nova's services and records are
left out; see tests/storage/nova_side.py for what is real.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import typing
import uuid

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import disk_places
from lab.storage import guest_disks
from lab.storage import volume_groups
from tests.e2e import nova_computes
from tests.storage import base

#: By host: one that is called differently is known by its UUID.
GROUPS = {'a': 'nova', 'b': 'nova-there'}
MIB = 1 << 20
SIZE_MIB = 64
_TOP = pathlib.Path(__file__).resolve().parent.parent.parent


@dataclasses.dataclass(frozen=True, kw_only=True)
class NovaVolume(guest_disks.Disk):
    """A volume that nova's code has made, with what it is for."""

    server: str
    purpose: str
    type = 'block'

    @property
    def path(self) -> str:
        return f'/dev/{GROUPS["a"]}/{self.server}_{self.purpose}'

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """It is there."""

    def prepare_destination(
        self, place: disk_places.Place, host: lab_host.Host
    ) -> None:
        """The destination makes it."""

    def source_xml(self, place: disk_places.Place, host: lab_host.Host) -> str:
        driver = "<driver name='qemu' type='raw' cache='none' io='native'/>"
        return f"{driver}<source dev='{self.path}'/>"

    def image(self, place: disk_places.Place) -> tuple[str, str]:
        # It is looked at where the guest has come to.
        return 'raw', self.path.replace(GROUPS['a'], GROUPS['b'], 1)


class NovaSide:
    """A process of nova's interpreter inside a host."""

    def __init__(self, host: lab_host.Host, server: str) -> None:
        nova = os.fspath(nova_computes.INTERPRETER)
        words = [nova, '-m', 'tests.storage.nova_side']
        self._process = subprocess.Popen(
            host.namespace.enter(words, os.fspath(_TOP)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                'PYTHONPATH': os.fspath(_TOP),
                'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true',
            },
        )
        group = GROUPS[host.name]
        self._write({'uuid': server, 'group': group, 'name': host.name})

    def step(self, name: str, /, **arguments: typing.Any) -> typing.Any:
        """Have it do one thing; return what that returned."""
        self._write([name, arguments])
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f'{name}: its process has ended')
        return json.loads(line)

    def _write(self, told: typing.Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + '\n')
        self._process.stdin.flush()

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


class NovaVolumesTest(base.StorageTestCase):
    def setUp(self) -> None:
        super().setUp()
        for host in self.lab.hosts:
            group = volume_groups.VolumeGroup.create(host, GROUPS[host.name])
            self.addCleanup(group.remove)
        self.server = str(uuid.uuid4())
        self.sides = {
            host.name: NovaSide(host, self.server) for host in self.lab.hosts
        }
        for side in self.sides.values():
            self.addCleanup(side.close)

    def here(self, step: str, /, **arguments: typing.Any) -> typing.Any:
        return self.sides['a'].step(step, **arguments)

    def there(self, step: str, /, **arguments: typing.Any) -> typing.Any:
        return self.sides['b'].step(step, **arguments)

    def path(self, purpose: str) -> str:
        return f'/dev/{GROUPS["b"]}/{self.server}_{purpose}'

    def test_a_server_moves(self) -> None:
        purposes = ('disk', 'disk.eph0', 'disk.swap')
        names = [f'{self.server}_{purpose}' for purpose in purposes]
        for name in names:
            self.here('create', name=name, size=SIZE_MIB * MIB)
        # What a fresh volume shows to who reads it before it is written.
        self.shell(
            self.b,
            f'lvcreate -qy -Wn -Zn -L 300M -n stale {GROUPS["b"]}; '
            'tr "\\0" "\\252" < /dev/zero | dd iflag=fullblock bs=1M '
            f'count=300 status=none of=/dev/{GROUPS["b"]}/stale; sync; '
            f'lvremove -qfy {GROUPS["b"]}/stale',
        )
        report = self.there('report')
        self.assertIn('lvm=empty:', report)
        guest = self.start(purposes)
        told = self.here('plan', report=report)
        self.assertEqual([], told['plan']['refusals'])
        self.assertEqual(
            {'local-volume-group'},
            {d['reason'] for d in told['plan']['disks']},
        )
        self.assertEqual(
            names,
            [pathlib.Path(v['path']).name for v in self.made(told)],
        )

        # A rollback: nothing of it stays, and the source is as before.
        foreign = f'{self.server}_disk.rescue'
        self.there('create', name=foreign, size=8 * MIB)
        self.there('roll_back')
        self.assertEqual([foreign], self.there('volumes'))
        self.shell(self.b, f'lvremove -qfy {GROUPS["b"]}/{foreign}')

        self.made(told)
        before = guest.acknowledged([self.a])
        failed = self.here(
            'migrate',
            uri=self.b.remote_uri,
            flags=told['flags'],
            parameters=told['parameters'],
        )
        self.assertEqual('', failed)
        self.assertEqual([], self.here('clean_up'))
        guest.wait_for_records(
            self.b, {t: n + 2 for t, n in before.items()}, base.PATIENCE
        )
        for xml in ((), ('--inactive',)):
            shown = self.b.virsh('dumpxml', guest.name, *xml).stdout
            self.assertIn(f"dev='{self.path('disk')}'", shown)
        self.assert_nothing_lost(guest, self.b)
        self.assertEqual(sorted(names), sorted(self.there('volumes')))

    def made(self, told: typing.Any) -> list[dict[str, str]]:
        """Have the destination make the volumes; return what it noted."""
        done = self.there('prepare', disk_info=told['disk_info'])
        self.assertNotIn('error', done)
        self.assertEqual('[]', done['disk_info of nova'])
        sizes = {
            volume_groups.Volume(self.b, GROUPS['b'], name).size
            for name in done['before nova']
        }
        self.assertEqual({SIZE_MIB * MIB}, sizes)
        return list(done['journal'])

    def start(self, purposes: typing.Sequence[str]) -> lab_guest.Guest:
        """Start a guest with the UUID of the server."""
        disks = {
            f'vd{letter}': NovaVolume(
                server=self.server, purpose=purpose, size_mib=SIZE_MIB
            )
            for letter, purpose in zip('abc', purposes, strict=True)
        }
        guest = ServerGuest(self.lab, f'server-{self.server[:8]}', disks)
        self.addCleanup(self.forget, guest)
        guest.define_and_start(self.a)
        guest.wait_for_records(self.a, 3, base.PATIENCE)
        return guest

    def test_what_is_not_proven_stays(self) -> None:
        entry = {
            'path': self.path('disk'),
            'virt_disk_size': 64 * MIB,
            'disk_size': 0,
            'backing_file': '',
            'selective_migrate': {
                'volume': {'path': self.path('disk'), 'group_uuid': 'another'}
            },
        }
        text = json.dumps([entry])
        self.assertNotIn('error', self.there('prepare', disk_info=text))
        # Another one of that name: by the time of a restart, say.
        self.shell(
            self.b,
            f'lvremove -qfy {self.path("disk")}; lvcreate -qy -Wn -L 8M '
            f'-n {self.server}_disk {GROUPS["b"]}',
        )
        self.assertIn('volumes=', self.there('restart'))
        self.assertEqual([f'{self.server}_disk'], self.there('volumes'))
        self.shell(self.b, f'lvremove -qfy {self.path("disk")}')
        self.assertEqual('entry=None', self.there('restart'))

        # As it is left by a nova-compute that was killed.
        self.assertNotIn('error', self.there('prepare', disk_info=text))
        self.assertEqual('entry=None', self.there('restart'))
        self.assertEqual([], self.there('volumes'))

        entry['virt_disk_size'] = 2**40
        done = self.there('prepare', disk_info=json.dumps([entry]))
        self.assertRegex(done['error'], r'cannot be made.*\b1099511627776\b')
        self.there('roll_back')
        self.assertEqual([], self.there('volumes'))


class ServerGuest(lab_guest.Guest):
    """A guest with the UUID of the server that its volumes are named after."""

    def xml(self, host: lab_host.Host) -> str:
        disk = next(iter(self.disks.values()))
        assert isinstance(disk, NovaVolume)
        before, _, rest = super().xml(host).partition('<uuid>')
        return f'{before}<uuid>{disk.server}{rest[36:]}'
