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

"""Tests of what waits for storage in place of us."""

import ast
import pathlib
import tempfile
import threading
from unittest import mock

import ddt
import libvirt
import testtools

import nova_selective_migrate
from nova_selective_migrate import exceptions
from nova_selective_migrate.host.facts import image_digests
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import qcow2_header
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.journal import probe_journal

_HOST = pathlib.Path(nova_selective_migrate.__file__).parent / 'host'
# What looks at a path and may be held up by it.
_LOOKS = {
    *('access', 'listdir', 'lstat', 'open', 'readlink', 'realpath'),
    *('scandir', 'stat', 'statvfs'),
}
# Files that are this program's own, or the host's configuration.
_NO_GUEST = {
    'journal/file_locks.py',
    'journal/journal_entries.py',
    'facts/qemu_conf.py',
}


# Looks at one path after the other, as stat does.
HANGS = 'for path; do case $path in *hangs) exec sleep 60 ;; esac; done'


class RequireTestCase(testtools.TestCase):
    def test_what_is_there(self):
        storage_answers.require('/', '/proc/self')

    def test_what_is_missing_is_an_answer(self):
        storage_answers.require('/none/such', '', 'x' * 5000)

    def test_no_path_at_all(self):
        storage_answers.require('with\0nul')

    def test_nobody_to_ask(self):
        with mock.patch.object(storage_answers, '_ASK', ('/none/such',)):
            storage_answers.require('/')

    @mock.patch.object(storage_answers, 'SECONDS', 0.05)
    @mock.patch.object(storage_answers, '_ASK', ('sleep', '60'))
    def test_silence(self):
        # The paths would be more numbers for sleep(1).
        err = self.assertRaises(
            exceptions.StorageSilent, storage_answers.require, '60'
        )
        self.assertIn('60 cannot be looked at', str(err))
        self.assertIn('does not answer within 0.05 s', str(err))
        self.assertEqual(1, len(str(err).splitlines()))

    @mock.patch.object(storage_answers, 'SECONDS', 0.2)
    @mock.patch.object(storage_answers, '_AGAIN_SECONDS', 0.2)
    def test_the_one_that_hangs_is_named(self):
        ask = ('sh', '-c', HANGS, 'ask')
        with mock.patch.object(storage_answers, '_ASK', ask):
            storage_answers.require('/a', '/b')
            err = self.assertRaises(
                exceptions.StorageSilent,
                storage_answers.require,
                *('/a', '/b', '/c-hangs', '/d'),
            )
        self.assertThat(
            str(err), testtools.matchers.StartsWith('/c-hangs cannot be')
        )


class DaemonTestCase(testtools.TestCase):
    def test_its_answer(self):
        self.assertEqual(3, storage_answers.of_daemon('b', '/p', lambda: 3))

    def test_its_error(self):
        self.assertRaises(
            libvirt.libvirtError,
            storage_answers.of_daemon,
            'b',
            '/p',
            mock.Mock(side_effect=libvirt.libvirtError('broken')),
        )

    def test_what_it_may_still_make_stays_noted(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        probes = probe_journal.ProbeJournal(folder)

        def look():
            with probes.into('host', 'qemu+tcp://b/system', '/p'):
                raise exceptions.StorageSilent('it does not answer')

        self.assertRaises(exceptions.StorageSilent, look)
        probes.end()
        (kept,) = probe_journal.ProbeJournal(folder).dead()
        self.assertEqual('/p', kept.places[0].directory)

    @mock.patch.object(storage_answers, 'SECONDS', 0.05)
    def test_silence(self):
        over = threading.Event()
        self.addCleanup(over.set)
        err = self.assertRaises(
            exceptions.StorageSilent,
            storage_answers.of_daemon,
            'b',
            '/p',
            over.wait,
        )
        self.assertIn('b: /p cannot be looked at', str(err))
        self.assertIn('within 0.05 s', str(err))


@ddt.ddt
class GuardTestCase(testtools.TestCase):
    """Nothing of ours waits for storage that does not answer."""

    def setUp(self):
        super().setUp()
        silent = exceptions.StorageSilent('it does not answer')
        patch = mock.patch.object(
            storage_answers, 'require', side_effect=silent
        )
        self.enterContext(patch)

    @ddt.data(
        local_storage.local_facts,
        qcow2_header.internal_snapshots,
        image_digests.digest_of,
        image_digests.DigestCache().of,
        source_storage.ThisHost().sees,
        source_storage.ThisHost().hops,
        source_storage.ThisHost().changed_ns,
        lambda path: source_storage.ThisHost().marker(path).__enter__(),
        pool_directory._inode,
    )
    def test_asks_first(self, look):
        self.assertRaises(exceptions.StorageSilent, look, '/')

    def test_every_look_of_a_module_that_has_one(self):
        """A function that looks at a path calls the guard before it."""
        unguarded = []
        for file in sorted(_HOST.rglob('*.py')):
            name = file.relative_to(_HOST).as_posix()
            if name in _NO_GUEST:
                continue
            for function in ast.walk(ast.parse(file.read_text())):
                if isinstance(function, ast.FunctionDef):
                    unguarded += [
                        f'{name}: {function.name}'
                        for call in _looks(function)
                        if not _guarded(function, call)
                    ]
        # users_of calls _is_in, and local_facts the other two: they ask
        # first. free_bytes is of a directory of nova's own.
        self.assertEqual(
            [
                'facts/local_storage.py: free_bytes',
                'facts/local_storage.py: _ask_server',
                'facts/mountinfo.py: mount_of',
                'hypervisor/path_users.py: _is_in',
            ],
            unguarded,
        )


def _looks(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            words = ast.unparse(node.func).split('.')
            if words[0] == 'os' and words[-1] in _LOOKS or words == ['open']:
                yield node


def _guarded(function, call):
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == 'storage_answers.require'
        and node.lineno < call.lineno
        for node in ast.walk(function)
    )
