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

"""What is refused on this machine's release, and what it would have done.

On other releases the same works, and is not refused.
"""

import ddt

from lab.guests import monitor_log
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base

RAW = local_disks.LocalFile(format='raw')
_PORT = '49321'
_MENDED = ('--accept-known-bad', 'qemu-synchronous-writes')


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split('.'))


class OldTestCase(base.EndToEndTestCase):
    """A release of before 10.1, such as Debian 12's 9.0."""

    def setUp(self) -> None:
        super().setUp()
        version = self.b.libvirt_version
        if _number(version) >= (10, 1):
            self.skipTest(f'libvirt {version} has none of it')

    def plain(
        self, *arguments: str, disk: str = 'vda', copies: bool = True
    ) -> tuple[str, list[monitor_log.Mirror]]:
        """Migrate with virsh; return its complaint and what was mirrored."""
        guest = self.guest({disk: RAW, 'vdz': shared_disks.SharedNetwork()})
        guest.prepare_destination(self.b)
        since = monitor_log.mark(self.a)
        tried = self.a.virsh(
            *('migrate', '--live', '--p2p', guest.name, self.b.remote_uri),
            *(('--copy-storage-all',) if copies else ()),
            *('--migrate-disks', disk, '--migrateuri', 'tcp://b'),
            *arguments,
            check=False,
        )
        return tried.stderr, [*monitor_log.mirrors(self.a, guest, since)]

    def test_disks_port(self) -> None:
        """It is never given back: the second migration fails."""
        guest = self.guest({'vda': RAW})
        self.assert_refused(
            guest,
            *('--disks-port', _PORT),
            reasons={None: 'known-bad-version'},
        )
        self.assertEqual('', self.plain('--disks-port', _PORT)[0].strip())
        said, _ = self.plain('--disks-port', _PORT)
        self.assertIn(f'Failed to reserve port {_PORT}', said)

    def test_certificate_with_parallel_connections(self) -> None:
        """No name is looked for; test_transport shows what mends it."""
        self.certify()
        said, _ = self.plain('--tls', '--parallel')
        self.assertIn('Certificate does not match the hostname', said)
        # With post-copy it is not so, and nothing needs to be mended.
        self.assertEqual('', self.plain('--tls', '--postcopy')[0].strip())


@ddt.ddt
class WorkingTestCase(base.EndToEndTestCase):
    """What this release is not known to break is not refused."""

    def test_synchronous_writes(self) -> None:
        """QEMU before 8.0 may crash on early writes."""
        guest = self.guest({'vda': RAW})
        found = self.run_json('plan', guest, '--synchronous-writes')
        bad = _number(self.a.qemu_version) < (8,)
        self.assertEqual(
            bad,
            'qemu-synchronous-writes' in str(found.tree['refusals']),
        )

    @ddt.data(
        ('--synchronous-writes', *_MENDED),
        ('--post-copy', '--synchronous-writes', '--direct', *_MENDED),
        ('--parallel',),
    )
    def test_options(self, options: tuple[str, ...]) -> None:
        """A guest that writes moves with it and loses nothing."""
        guest = self.guest({'vda': RAW, 'vdb': shared_disks.SharedNetwork()})
        self.migrate(guest, *options, copied=['vda'])
        self.assert_nothing_lost(guest, self.b)

    def test_paused_twice_with_local_disks_alone(self) -> None:
        """QEMU 7.2 takes it: a mirror job wakes every node."""
        guest = self.guest({'vda': RAW})
        self.a.virsh('suspend', guest.name)
        moved = self.migrate(guest, copied=['vda'], running=False)
        self.a.path(moved.tree['left'][0]['path']).unlink()
        self.migrate(
            guest,
            copied=['vda'],
            source=self.b,
            destination=self.a,
            running=False,
        )
        self.a.virsh('resume', guest.name)
        now = guest.acknowledged()
        guest.wait_for_records(
            self.a, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_nothing_lost(guest, self.a)

    def test_paused_twice_with_a_shared_disk(self) -> None:
        """QEMU before 10.0 crashes then: the second one is refused."""
        if _number(self.a.qemu_version) >= (10,):
            self.skipTest(f'QEMU {self.a.qemu_version} does not crash')
        guest = self.guest({'vda': RAW, 'vdb': shared_disks.SharedNetwork()})
        self.a.virsh('suspend', guest.name)
        self.migrate(guest, copied=['vda'], running=False)
        planned = self.run_json(
            'plan', guest, source=self.b, destination=self.a
        )
        self.assertIn(
            'paused-since-migration',
            [r['reason'] for r in planned.tree['refusals']],
        )


@ddt.ddt
class ReleaseTestCase(base.EndToEndTestCase):
    """Later releases, on which no option is refused."""

    @ddt.data('trixie', 'sid')
    def test_all_options(self, release: str) -> None:
        """A port of their own is given back: the second one gets it."""
        self.use_lab({'a': release, 'b': release})
        self.certify()
        for options in (
            ('--synchronous-writes', '--parallel'),
            ('--tls', '--parallel', '--migrate-uri', 'tcp://b'),
        ):
            guest = self.guest({'vda': RAW})
            result = self.migrate(
                guest, '--disks-port', _PORT, *options, copied=['vda']
            )
            sent = result.tree['plan']['parameters']
            self.assertEqual(int(_PORT), sent['disks_port'])
            self.assertNotIn('tls.destination', sent)
            self.assert_nothing_lost(guest, self.b)
