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

"""What every end-to-end test needs: hosts, guests, our command, proofs."""

import atexit
import collections.abc
import contextlib
import dataclasses
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import typing
import unittest
import uuid

from lab import errors
from lab import lab_homes
from lab import laboratory
from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.hosts import certificates
from lab.hosts import host_snapshot
from lab.hosts import lab_host
from lab.storage import guest_disks

PROGRAM = pathlib.Path(sys.executable).with_name('nova-selective-migrate')
# Records that the guest must have acknowledged before anything is tried,
# and again after it has moved.
BEFORE = 20
AFTER = 20


@functools.cache
def the_lab() -> laboratory.Lab:
    """Bring the hosts up once for all tests of this process."""
    opened = laboratory.Lab.open(home=lab_homes.own_home('tests'))
    if not opened.reused:
        atexit.register(opened.down)
    return opened


@dataclasses.dataclass(frozen=True)
class Result:
    """What our command did."""

    exit_code: int
    tree: dict[str, typing.Any]
    stderr: str


class EndToEndTestCase(unittest.TestCase):
    """A test on two real hosts, ``self.a`` and ``self.b``."""

    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        try:
            self.lab = self.take_lab()
        except errors.NotPrepared as err:
            self.skipTest(f'the lab cannot run here: {err}')
        self.a, self.b = self.lab.hosts

    def take_lab(self) -> laboratory.Lab:
        """Return the hosts of the tests of this process.

        :raises NotPrepared: they cannot be had on this machine
        """
        return the_lab()

    def use_lab(self, releases: dict[str, str]) -> None:
        """Take hosts of other Debian releases, beside the usual ones."""
        beside = lab_homes.own_home('tests-releases')
        try:
            self.lab = laboratory.Lab.open(releases, beside)
        except errors.ReleaseMissing as err:
            self.skipTest(str(err))
        self.addCleanup(self.lab.down)
        self.a, self.b = self.lab.hosts

    def guest(
        self,
        disks: dict[str, guest_disks.Disk],
        *,
        transient: bool = False,
        **options: typing.Any,
    ) -> lab_guest.Guest:
        """Start a guest on host a and let it write."""
        guest = lab_guest.Guest(self.lab, self.new_name(), disks, **options)
        for disk in disks.values():
            self.check_available(disk)
        self.addCleanup(self.forget, guest)
        guest.define_and_start(self.a, transient=transient)
        guest.wait_for_records(self.a, BEFORE)
        return guest

    def new_name(self) -> str:
        """Name a guest; the hosts' logs outlive a test."""
        return f'g{uuid.uuid4().hex[:8]}'

    def check_available(self, disk: guest_disks.Disk) -> None:
        """Skip the test where a disk cannot be had."""
        try:
            disk.check_available()
        except errors.StorageUnavailable as err:
            self.skipTest(str(err))

    def forget(self, guest: lab_guest.Guest) -> None:
        """End a guest wherever it is and remove its local files."""
        for host in self.lab.hosts:
            guest.stop(host)
            for folder in (lab_host.IMAGES, lab_host.SHARED):
                root = host.path(folder)
                for path in root.glob(f'{guest.name}-*'):
                    path.unlink(missing_ok=True)

    def program(
        self,
        *arguments: str,
        host: lab_host.Host | None = None,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run our command inside a host."""
        return (host or self.a).run([PROGRAM, *arguments], check=check)

    def run_json(
        self,
        command: str,
        guest: lab_guest.Guest,
        *arguments: str,
        source: lab_host.Host | None = None,
        destination: lab_host.Host | None = None,
    ) -> Result:
        """Run ``plan`` or ``migrate`` and read its JSON."""
        destination = destination or self.b
        done = self.program(
            *(command, guest.name, destination.remote_uri),
            *('-f', 'json', *arguments),
            host=source,
        )
        if not done.stdout:
            self.fail(f'{command} printed nothing: {done.stderr}')
        return Result(done.returncode, json.loads(done.stdout), done.stderr)

    def migrate(
        self,
        guest: lab_guest.Guest,
        *arguments: str,
        copied: collections.abc.Collection[str],
        source: lab_host.Host | None = None,
        destination: lab_host.Host | None = None,
        running: bool = True,
    ) -> Result:
        """Migrate a guest and prove what QEMU mirrored and where it is."""
        source, destination = source or self.a, destination or self.b
        marks = monitor_log.mark(source), monitor_log.mark(destination)
        result = self.run_json(
            'migrate',
            guest,
            *arguments,
            source=source,
            destination=destination,
        )
        self.assertEqual(
            (0, 'moved'),
            (result.exit_code, result.tree['outcome']),
            f'{result.tree}\n{result.stderr}',
        )
        mirrors = monitor_log.mirrors(source, guest, marks[0])
        self.assertEqual(
            sorted(copied), sorted(mirror.target for mirror in mirrors)
        )
        self.assertEqual(
            set(copied), monitor_log.exports(destination, guest, marks[1])
        )
        self.assertEqual('', guest.state(source).replace('shut off', ''))
        state = 'running' if running else 'paused'
        self.assertEqual(state, guest.state(destination))
        if running:
            now = guest.acknowledged()
            guest.wait_for_records(
                destination, {t: n + AFTER for t, n in now.items()}
            )
        self.assert_no_pools()
        return result

    def mapping_file(self, volumes: dict[str, str]) -> str:
        """Write nova's block_device_info; give target and volume id."""
        rows = [
            {
                'mount_device': f'/dev/{target}',
                'connection_info': {
                    'driver_volume_type': 'iscsi',
                    'serial': volume,
                    'data': {'target_iqn': 'iqn.lab:1', 'target_lun': 1},
                },
            }
            for target, volume in volumes.items()
        ]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        path = pathlib.Path(folder) / 'block_device_info.json'
        path.write_text(json.dumps({'block_device_mapping': rows}))
        return str(path)

    def new_authority(self) -> certificates.Authority:
        """Make a new certificate authority."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        return certificates.Authority.create(pathlib.Path(folder))

    def certify(self) -> certificates.Authority:
        """Give both hosts certificates; they are taken away at the end."""
        issuer = self.new_authority()
        for host in self.lab.hosts:
            self.addCleanup(certificates.withdraw, host)
            issuer.equip(host)
        return issuer

    def assert_nothing_lost(
        self, guest: lab_guest.Guest, host: lab_host.Host
    ) -> None:
        """Stop the guest and check every record of every disk at a host."""
        guest.stop(host)
        for target, report in guest.verify(host).items():
            self.assertEqual((), report.defects, target)
            self.assertGreaterEqual(report.newest, BEFORE + AFTER, target)

    def assert_goes_on(self, guest: lab_guest.Guest) -> None:
        """Check that a guest goes on at host a alone, and lost nothing."""
        self.assertEqual('running', guest.state(self.a))
        self.assertEqual('', guest.state(self.b))
        now = guest.acknowledged()
        guest.wait_for_records(self.a, {t: n + AFTER for t, n in now.items()})
        self.assert_nothing_lost(guest, self.a)

    def assert_no_pools(self) -> None:
        """Check that no storage pool or marker of ours is left."""
        for host in self.lab.hosts:
            state = host_snapshot.snapshot(host, self.lab.home)
            left = [name for name, _ in state.pools]
            left += [name for name, _, _ in state.files if '/.' in name]
            left = [n for n in left if 'nova-selective-migrate' in n]
            self.assertEqual([], left)

    @contextlib.contextmanager
    def unchanged(self) -> collections.abc.Iterator[None]:
        """Check that both hosts are left exactly as they were."""
        before = [
            host_snapshot.snapshot(h, self.lab.home) for h in self.lab.hosts
        ]
        yield
        after = [
            host_snapshot.snapshot(h, self.lab.home) for h in self.lab.hosts
        ]
        self.assertEqual(before, after)

    def assert_refused(
        self,
        guest: lab_guest.Guest,
        *arguments: str,
        reasons: dict[str | None, str],
    ) -> Result:
        """Check that plan and migrate refuse alike and change nothing."""
        with self.unchanged():
            planned = self.run_json('plan', guest, *arguments)
            ran = self.run_json('migrate', guest, *arguments)
        found = {r['target']: r['reason'] for r in planned.tree['refusals']}
        self.assertEqual(reasons, found)
        self.assertEqual((3, 3), (planned.exit_code, ran.exit_code))
        self.assertEqual('refused', ran.tree['outcome'])
        self.assertEqual([], planned.tree['migrate_disks'])
        # Sizes of what the guest writes to differ between two looks.
        self.assertEqual(
            planned.tree['refusals'], ran.tree['plan']['refusals']
        )
        now = guest.acknowledged()
        if guest.state(self.a) == 'running':
            guest.wait_for_records(self.a, {t: n + 1 for t, n in now.items()})
        return planned
