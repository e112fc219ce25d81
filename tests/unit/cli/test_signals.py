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

"""Signals while a command waits for a host, plans or migrates."""

import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import migrate
from nova_selective_migrate.cli import signals
from nova_selective_migrate.host.journal import probe_journal
from tests.unit.cli import command

# A test that is right never waits so long.
PATIENCE = 20
HOST = '5f2a9f3e-7f0c-4b42-9d3d-111111111111'


class AttendCase(unittest.TestCase):
    def setUp(self):
        self.said = []
        self.told = threading.Event()
        self.interruption = self.make()
        self.interruption.tell = self.tell
        self.ends = threading.Event()
        self.addCleanup(self.end)
        self.enterContext(mock.patch.object(signals, '_POLL_SECONDS', 0.01))

    def end(self) -> None:
        self.ends.set()
        for thread in threading.enumerate():
            if thread.name == 'command':
                thread.join(PATIENCE)

    def make(self) -> signals.SignalHandling:
        return signals.SignalHandling()

    def tell(self, text: str) -> None:
        self.said.append(text)
        self.told.set()

    def kill(self, *numbers: int) -> None:
        """Send signals, the next when the one before has been answered."""
        for number in numbers:
            self.told.clear()
            os.kill(os.getpid(), number)
            self.told.wait(PATIENCE)

    def interrupted(self, *numbers: int, work=None) -> int:
        """Send signals while the work goes on; return the exit code."""

        def works():
            self.kill(*numbers)
            (work or self.ends.wait)()

        with self.assertRaises(SystemExit) as caught:
            signals.attend(works, self.interruption)
        return caught.exception.code


class AttendTest(AttendCase):
    def test_what_was_done_is_returned(self):
        before = signal.getsignal(signal.SIGINT)
        found = signals.attend(lambda: 7, self.interruption)
        self.assertEqual(7, found)
        self.assertIs(before, signal.getsignal(signal.SIGINT))

    def test_an_error_is_raised(self):
        def fails():
            raise exceptions.InvalidInput('no')

        with self.assertRaises(exceptions.InvalidInput):
            signals.attend(fails, self.interruption)

    def test_the_first_signal_ends_work_that_waits_for_a_host(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.said.clear()
            with self.subTest(number=number):
                self.assertEqual(128 + number, self.interrupted(number))
                self.assertIn('interrupted', self.said[0])
                self.assertEqual('nothing was changed', self.said[-1])
        self.assertTrue(signals.at_work())


class LookTest(AttendCase):
    """A marker or a pool is at the destination."""

    def setUp(self):
        super().setUp()
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.probes = probe_journal.ProbeJournal(top.name)
        self.others = probe_journal.ProbeJournal(top.name)
        self.interruption.probes = self.probes

    def test_the_first_signal_waits_until_it_is_put_away(self):
        done = []

        def work():
            with self.probes.into(HOST, 'qemu+tcp://b/system', '/srv'):
                self.kill(signal.SIGINT)
                done.append('put away')
            with self.probes.into(HOST, 'qemu+tcp://b/system', '/other'):
                done.append('not reached')

        self.interrupted(work=work)
        self.assertEqual(['put away'], done)
        self.assertEqual('nothing was changed', self.said[-1])
        self.assertEqual([], self.others.dead())

    def waits(self):
        with self.probes.into(HOST, 'qemu+tcp://b/system', '/srv'):
            self.kill(signal.SIGINT)
            self.ends.wait()

    def waits_twice(self):
        with self.probes.into(HOST, 'qemu+tcp://b/system', '/srv'):
            self.kill(signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            self.ends.wait()

    def test_the_second_leaves_it_and_says_so(self):
        self.interrupted(work=self.waits_twice)
        self.assertIn('cleanup lists it', self.said[-1])
        (left,) = self.others.dead()
        self.assertEqual(['/srv'], [place.directory for place in left.places])

    def test_the_first_does_not_wait_for_ever(self):
        with mock.patch.object(signals, '_PATIENCE_SECONDS', 0.0):
            self.interrupted(work=self.waits)
        self.assertIn('cleanup lists it', self.said[-1])


class MigratingTest(AttendCase):
    def make(self):
        self.command = mock.Mock(spec=migrate.Migrate)
        self.command.left.return_value = 'left'
        self.migrator = mock.Mock(plan_id='42')
        self.arguments = argparse.Namespace()
        return signals.MigrationSignals(self.command, self.arguments)

    def test_the_first_signal_aborts_and_waits_for_the_end(self):
        def work():
            self.interruption.begin(self.migrator, self.tell)
            self.kill(signal.SIGTERM)
            aborted.wait(PATIENCE)
            return 'the outcome'

        aborted = threading.Event()
        self.migrator.abort.side_effect = aborted.set
        found = signals.attend(work, self.interruption)
        self.assertEqual('the outcome', found)
        self.assertIn('aborting', self.said[0])

    def test_the_second_leaves_it_to_the_daemons(self):
        def work():
            self.interruption.begin(self.migrator, self.tell)
            self.kill(signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            self.ends.wait()

        self.assertEqual('left', signals.attend(work, self.interruption))
        self.command.left.assert_called_once_with(self.arguments, '42')

    def test_nothing_begins_after_a_signal_while_it_is_planned(self):
        def work():
            self.kill(signal.SIGINT)
            self.interruption.begin(self.migrator, self.tell)

        with mock.patch.object(self.interruption, 'may_leave', lambda: False):
            self.interrupted(work=work)
        self.migrator.abort.assert_not_called()
        self.assertEqual('nothing was changed', self.said[-1])


class ProcessTest(unittest.TestCase):
    """A destination that takes the connection and says nothing."""

    def test_a_plan_ends_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with (
                self.subTest(number=number),
                tempfile.TemporaryDirectory() as folder,
                socket.create_server(('127.0.0.1', 0)) as server,
            ):
                running = self.plan(server.getsockname()[1], folder)
                server.settimeout(PATIENCE)
                peer, _ = server.accept()
                with peer:
                    peer.recv(1)
                    running.send_signal(number)
                    _, said = running.communicate(timeout=PATIENCE)
                self.assertEqual(128 + number, running.returncode, said)
                self.assertIn('nothing was changed', said)
                self.assertEqual([], list(pathlib.Path(folder).iterdir()))

    def plan(self, port: int, journal: str) -> 'subprocess.Popen[str]':
        return subprocess.Popen(
            [sys.executable, '-m', 'nova_selective_migrate.cli.app']
            + ['--connect', command.TEST_DRIVER, '--journal', journal]
            + ['plan', 'test', f'qemu+tcp://127.0.0.1:{port}/system']
            + ['--listen-address', '192.0.2.9'],
            cwd=command.TOP,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
