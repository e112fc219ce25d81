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

"""The mount of a path, as the kernel tells it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate.host.facts import mountinfo

OPTIONAL = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
36 35 98:0 /mnt1 /mnt/one rw,noatime master:1 - ext3 /dev/root rw,errors=x
37 35 98:0 / /mnt/two rw shared:1 master:2 propagate_from:3 - nfs4 h:/e rw
"""
# Run in namespaces of its own, so that nothing is mounted for others.
MOUNTS = """
import json, os, pathlib, subprocess, sys
from nova_selective_migrate.host.facts import mountinfo

top = sys.argv[1]
found = {}

def mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)

def folder(name):
    path = os.path.join(top, name)
    os.mkdir(path)
    return path

def see(key, path):
    mount = mountinfo.mount_of(path)
    found[key] = mount and [mount.fstype, mount.source, mount.mount_point]

origin, bind, inner = folder('origin'), folder('bind'), folder('bind/inner')
pathlib.Path(origin, 'disk').write_text('x')
mount('-t', 'tmpfs', 'inside', origin)
pathlib.Path(origin, 'disk').write_text('x')
mount('--bind', origin, bind)
see('bind', bind + '/disk')

over = folder('over')
mount('-t', 'tmpfs', 'first', over)
pathlib.Path(over, 'disk').write_text('x')
handle = os.open(over + '/disk', os.O_RDONLY)
mount('-t', 'tmpfs', 'second', over)
pathlib.Path(over, 'disk').write_text('x')
see('overmount', over + '/disk')
see('below', f'/proc/self/fd/{handle}')

single = pathlib.Path(top, 'single')
single.write_text('x')
mount('--bind', origin + '/disk', str(single))
see('file', str(single))

link = os.path.join(top, 'link')
os.symlink(over, link)
see('link', link + '/disk')

for name in sys.argv[2:]:
    path = folder(name)
    mount('-t', 'tmpfs', name, path)
    see(name, path)
print(json.dumps(found))
"""
AWKWARD = ('a b', 'tab\there', 'back\\slash', 'line\nbreak', '#hash', ' - x')
# Python breaks lines at these, the kernel does not escape them.
NOT_ESCAPED = ('carriage\rreturn', 'form\x0cfeed', 'nel\x85', 'sep\u2028')


def have_namespaces() -> bool:
    tried = subprocess.run(
        ['unshare', '-rm', 'true'], capture_output=True, check=False
    )
    return tried.returncode == 0


class ParseTest(unittest.TestCase):
    def test_optional_fields_are_passed_over(self):
        mounts = mountinfo.parse_mountinfo(OPTIONAL)
        self.assertEqual({22, 36, 37}, mounts.keys())
        self.assertEqual(
            mountinfo.Mount(36, '/mnt/one', 'ext3', '/dev/root'),
            mounts[36],
        )
        self.assertEqual(
            mountinfo.Mount(37, '/mnt/two', 'nfs4', 'h:/e'), mounts[37]
        )

    def test_escapes_are_undone(self):
        text = r'1 2 0:3 / /a\040b\011c\012d\134e\043f rw - x h:/\040s rw'
        self.assertEqual(
            mountinfo.Mount(1, '/a b\tc\nd\\e#f', 'x', 'h:/ s'),
            mountinfo.parse_mountinfo(text)[1],
        )

    def test_an_escaped_backslash_is_not_unescaped_twice(self):
        mount = mountinfo.parse_mountinfo(r'1 2 0:3 / /a\134040 rw - x s rw')[
            1
        ]
        self.assertEqual(r'/a\040', mount.mount_point)

    def test_an_empty_source_stays_empty(self):
        mount = mountinfo.parse_mountinfo('1 2 0:3 / /a rw - tmpfs  rw')[1]
        self.assertEqual(('tmpfs', ''), (mount.fstype, mount.source))

    def test_what_is_no_line_of_mountinfo_is_passed_over(self):
        for line in (
            '',
            'words',
            '1 2 0:3 / /a rw',
            '1 2 0:3 / rw - ext4 s rw',
            '1 2 0:3 / /a rw - ext4',
            'x 2 0:3 / /a rw - ext4 s rw',
            '-1 2 0:3 / /a rw - ext4 s rw',
        ):
            with self.subTest(line=line):
                text = f'{line}\n9 2 0:3 / /b rw - xfs s rw\n'
                self.assertEqual([9], list(mountinfo.parse_mountinfo(text)))


class AboveTest(unittest.TestCase):
    """By its name alone: the server of a path may not answer."""

    def test_the_nearest_and_latest_one_has_a_path(self):
        with tempfile.NamedTemporaryFile() as table:
            pathlib.Path(table.name).write_text(
                '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n'
                '2 1 0:50 / /srv rw - nfs4 srv:/e rw\n'
                '3 1 8:2 / /srv rw - xfs /dev/sdb rw\n'
            )
            with mock.patch.object(
                mountinfo, '_TABLE', pathlib.Path(table.name)
            ):
                for path, fstype in (
                    ('/srv/a', 'xfs'),
                    ('/srv', 'xfs'),
                    ('/srv-too/a', 'ext4'),
                    ('/', 'ext4'),
                ):
                    found = mountinfo.mount_above(path)
                    self.assertEqual(fstype, found.fstype, path)


class OfPathTest(unittest.TestCase):
    def test_the_kernel_agrees_on_every_mount_of_this_process(self):
        text = pathlib.Path('/proc/self/mountinfo').read_text()
        devices = {
            line.split()[0]: line.split()[2]
            for line in text.split('\n')
            if line
        }
        seen = 0
        for mount in mountinfo.parse_mountinfo(text).values():
            path = mount.mount_point
            try:
                found = mountinfo.mount_of(path)
                device = os.stat(path).st_dev
            except OSError:
                continue  # not ours to see, or gone by now
            with self.subTest(path=path):
                # The mount itself, or the one that was put over it.
                self.assertEqual(path, found.mount_point)
                # btrfs gives each subvolume a device of its own.
                if found.fstype != 'btrfs':
                    self.assertEqual(
                        f'{os.major(device)}:{os.minor(device)}',
                        devices[str(found.mount_id)],
                    )
                seen += 1
        self.assertGreater(seen, 0)

    def test_proc_is_proc(self):
        self.assertEqual('proc', mountinfo.mount_of('/proc/self').fstype)

    def test_a_fifo_is_not_opened(self):
        # open(2) without O_PATH would wait for a writer, for ever.
        with tempfile.TemporaryDirectory() as top:
            fifo = os.path.join(top, 'fifo')
            os.mkfifo(fifo)
            self.assertEqual(mountinfo.mount_of(top), mountinfo.mount_of(fifo))

    def test_no_file_descriptor_is_left(self):
        before = os.listdir('/proc/self/fd')
        for _ in range(5):
            mountinfo.mount_of('/')
        self.assertEqual(len(before), len(os.listdir('/proc/self/fd')))

    def test_a_missing_path_is_an_error(self):
        with self.assertRaises(FileNotFoundError):
            mountinfo.mount_of('/no/such/path')


@unittest.skipUnless(
    have_namespaces(), 'this system allows no mount in a user namespace'
)
class RealMountsTest(unittest.TestCase):
    """Mounts made by mount(8) in a namespace of their own."""

    def _see(self, *names: str) -> dict[str, list[str] | None]:
        with tempfile.TemporaryDirectory() as top:
            done = subprocess.run(
                ['unshare', '-rm', sys.executable, '-c', MOUNTS, top, *names],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(0, done.returncode, done.stderr)
            self.top = top
            return json.loads(done.stdout)

    def test_bind_mounts_and_mounts_over_mounts(self):
        found = self._see()
        top = self.top
        want = {
            'bind': ['tmpfs', 'inside', f'{top}/bind'],
            'overmount': ['tmpfs', 'second', f'{top}/over'],
            'below': ['tmpfs', 'first', f'{top}/over'],
            'file': ['tmpfs', 'inside', f'{top}/single'],
            'link': ['tmpfs', 'second', f'{top}/over'],
        }
        self.assertEqual(want, found)

    def test_names_that_the_kernel_escapes(self):
        found = self._see(*AWKWARD)
        for name in AWKWARD:
            with self.subTest(name=name):
                self.assertEqual(
                    ['tmpfs', name, f'{self.top}/{name}'], found[name]
                )

    def test_names_with_line_breaks_that_the_kernel_does_not_escape(self):
        found = self._see(*NOT_ESCAPED)
        for name in NOT_ESCAPED:
            with self.subTest(name=name):
                self.assertEqual(
                    ['tmpfs', name, f'{self.top}/{name}'], found[name]
                )
