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

"""What a campaign sees of a migration, and holds for true."""

import datetime
import pathlib
import tempfile
import types
import unittest

import ddt

from lab.faults import host_inspection
from lab.faults import migration_phases
from lab.faults import verification
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase

_EVENT = b'1: info : QEMU_MONITOR_RECV_EVENT: mon=0x1 event={"event": "%s"}\n'
_SENT = b'1: info : QEMU_MONITOR_SEND_MSG: mon=0x1 msg={"execute":"%s"}\n'


class WatchTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.logs = {name: folder / name for name in ('a', 'b')}
        for log in self.logs.values():
            # Of an earlier migration.
            log.write_bytes(_SENT % b'cont' + _EVENT % b'BLOCK_JOB_READY')
        hosts = tuple(
            types.SimpleNamespace(name=name, path=lambda _, log=log: log)
            for name, log in self.logs.items()
        )
        self.watch = migration_phases.Watch(types.SimpleNamespace(hosts=hosts))

    def say(self, host, text):
        with self.logs[host].open('ab') as log:
            log.write(text)

    def reached(self, phase, disks=1):
        return self.watch.until(phase, disks, lambda: True)

    def test_what_was_earlier_does_not_count(self):
        self.assertFalse(self.reached(Phase.UNANSWERED))
        self.say('a', _SENT % b'cont')
        self.assertFalse(self.reached(Phase.UNANSWERED))
        self.say('b', _SENT % b'cont')
        self.assertTrue(self.reached(Phase.UNANSWERED))

    def test_a_line_counts_once_and_whole(self):
        ready = _EVENT % b'BLOCK_JOB_READY'
        self.say('a', ready[:60])
        self.assertFalse(self.reached(Phase.READY))
        self.say('a', ready[60:])
        self.assertTrue(self.reached(Phase.READY))
        self.assertFalse(self.reached(Phase.READY, 2))
        self.say('a', ready)
        self.assertTrue(self.reached(Phase.READY, 2))

    def test_all_phases_are_read_at_once(self):
        self.say('a', _SENT % b'blockdev-mirror' + _SENT % b'migrate')
        self.assertTrue(self.reached(Phase.MEMORY))
        self.assertTrue(self.reached(Phase.FIRST_MIRROR))


@ddt.ddt
class PlaceTest(unittest.TestCase):
    @ddt.data(
        ('running', '', '', 'a'),
        ('', 'paused', '', 'b'),
        ('running', 'paused', '', 'both'),
        ('shut off', '', '', 'none'),
        # A part of the guest is on either host, or is lost.
        ('paused', 'paused', 'ab', 'torn'),
        ('paused', '', 'a', 'torn'),
        ('', 'paused', 'b', 'torn'),
        # Memory has come all the same.
        ('paused', 'running', 'a', 'both'),
    )
    @ddt.unpack
    def test_place(self, a, b, torn, place):
        found = host_inspection.Inspection(
            {'a': a, 'b': b}, {}, {}, (), frozenset(torn)
        )
        self.assertEqual(place, found.place)
        if place in ('both', 'torn'):
            for outcome in ('moved', 'not-moved', 'failed', 'refused'):
                self.assertFalse(verification.is_true(outcome, found), outcome)
            self.assertTrue(verification.is_true('unknown', found))

    def test_an_emulator_is_not_killed_where_it_is_the_guest(self):
        for fault in (Fault.SOURCE_QEMU, Fault.DESTINATION_QEMU):
            self.assertFalse(Phase.UNANSWERED.allows(fault))
        self.assertTrue(Phase.UNANSWERED.allows(Fault.DESTINATION_LIBVIRTD))
        self.assertTrue(Phase.POST_COPY.allows(Fault.DESTINATION_QEMU))


class OnBothTest(unittest.TestCase):
    """How long a guest runs twice, by what its QEMUs were told."""

    def seconds(self, a, b):
        def line(second, kind, text):
            return (
                f'2026-11-28 14:00:{second:06.3f}+0000: 1: info : '
                f'QEMU_MONITOR_{kind}: mon=0x1 {text}\n'
            )

        hosts = []
        marks = {}
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, what in (('a', a), ('b', b)):
            path = '"filename": "unix:/run/domain-1-g/monitor.sock"'
            text = line(0, 'RECV_REPLY', f'reply={{{path}}}')
            marks[name] = len(text)
            for second, event in what:
                if event == 'cont':
                    said = 'msg={"execute":"cont"}'
                    text += line(second, 'SEND_MSG', said)
                else:
                    said = f'event={{"event": "{event}"}}'
                    text += line(second, 'RECV_EVENT', said)
            log = folder / name
            log.write_text(text)
            hosts.append(
                types.SimpleNamespace(name=name, path=lambda _, log=log: log)
            )
        lab = types.SimpleNamespace(hosts=hosts)
        until = datetime.datetime(
            2026, 11, 28, 14, 0, 50, tzinfo=datetime.timezone.utc
        ).timestamp()
        return verification.seconds_on_both(
            lab, types.SimpleNamespace(name='g'), marks, until
        )

    def test_a_guest_that_moves(self):
        self.assertEqual(0, self.seconds([(10, 'STOP')], [(10.2, 'cont')]))

    def test_a_guest_that_stays(self):
        self.assertEqual(0, self.seconds([(10, 'STOP'), (11, 'RESUME')], []))

    def test_one_that_is_suspended_there(self):
        self.assertEqual(
            2.5,
            self.seconds(
                [(10, 'STOP'), (11, 'RESUME')],
                [(10.5, 'cont'), (13.5, 'STOP')],
            ),
        )

    def test_one_that_is_left(self):
        self.assertEqual(
            39,
            self.seconds([(10, 'STOP'), (11, 'RESUME')], [(10.5, 'cont')]),
        )
