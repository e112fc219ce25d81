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

"""``--events`` and ``watch``: what a program reads of a real migration."""

import json
import pathlib
import signal
import subprocess
import typing

import jsonschema

from lab import lab_homes
from lab.guests import lab_guest
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base

SCHEMA = lab_homes.REPOSITORY / 'doc' / 'source' / 'cli' / 'events.schema.json'
DISKS = {
    'vda': local_disks.LocalFile(format='qcow2'),
    'vdb': shared_disks.SharedNetwork(),
}

Event = dict[str, typing.Any]


def events(text: str) -> list[Event]:
    """Read events, each of which has to be what the schema says.

    :raises jsonschema.ValidationError: when one is not
    """
    valid = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        valid.validate(event)
    return found


class EventsTestCase(base.EndToEndTestCase):
    """A stream of JSON objects, one a line."""

    def stream(
        self, guest: lab_guest.Guest, *more: str
    ) -> tuple[int, list[Event]]:
        """Migrate a guest; return the exit code and the events."""
        done = self.program(
            *('migrate', guest.name, self.b.remote_uri, '--events', *more)
        )
        return done.returncode, events(done.stdout)

    def test_a_migration(self) -> None:
        """Plan, image, call and progress; the outcome is the last."""
        guest = self.guest(DISKS)
        code, found = self.stream(guest, '--bandwidth', '64')
        names = [event['event'] for event in found]
        self.assertEqual((0, 'moved'), (code, found[-1]['outcome']), found)
        self.assertEqual(['plan', 'image', 'call'], names[:3])
        self.assertEqual(1, names.count('outcome'))
        phases = [e['phase'] for e in found if e['event'] == 'phase']
        self.assertEqual(phases, list(dict.fromkeys(phases)))
        last = [e for e in found if e['event'] == 'progress'][-1]
        self.assertEqual(['vda'], [disk['target'] for disk in last['disks']])
        self.assertEqual(1.0, last['disks'][0]['share'])
        image = found[names.index('image')]['path']
        self.assertTrue(pathlib.Path(self.b.path(image)).exists())
        self.assert_nothing_lost(guest, self.b)

    def test_a_refused_plan(self) -> None:
        """The plan and the outcome, and both hosts as they were."""
        disks = {'vda': local_disks.LocalFile(format='qcow2')}
        guest = self.guest(disks)
        # There is a file where the image is to be made.
        image = pathlib.Path(self.b.path(guest.place('vda').local('qcow2')))
        image.write_bytes(b'theirs')
        with self.unchanged():
            code, found = self.stream(guest)
        names = [event['event'] for event in found]
        self.assertEqual((3, ['plan', 'outcome']), (code, names))
        self.assertEqual('refused', found[-1]['outcome'])
        self.assert_goes_on(guest)


class WatchTestCase(base.EndToEndTestCase):
    """A migration that somebody else has begun."""

    def _virsh(self, guest: lab_guest.Guest) -> 'subprocess.Popen[str]':
        """Begin a migration as one does by hand, slowly."""
        local_disks.LocalFile(format='qcow2').prepare_destination(
            guest.place('vda'), self.b
        )
        return self.a.popen(
            [
                *('virsh', '-c', self.a.uri, 'migrate', '--live', '--p2p'),
                *('--persistent', '--undefinesource', '--copy-storage-inc'),
                *('--migrate-disks', 'vda', '--bandwidth', '16'),
                *(guest.name, self.b.remote_uri, f'tcp://{self.b.address}'),
            ]
        )

    def _watch(
        self, guest: lab_guest.Guest, *more: str
    ) -> 'subprocess.Popen[str]':
        words = [base.PROGRAM, 'watch', guest.name, '--wait', '--events']
        return self.a.popen(
            [*words, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={'PYTHONUNBUFFERED': '1'},
        )

    def test_of_virsh(self) -> None:
        """Its progress and its end, by the source alone."""
        guest = self.guest(DISKS)
        watching = self._watch(guest)
        assert watching.stderr is not None
        moving = self._virsh(guest)
        out, said = watching.communicate(timeout=120)
        self.assertEqual(0, moving.wait(60))
        found = events(out)
        names = [event['event'] for event in found]
        self.assertEqual('began', names[0], said)
        self.assertIn('progress', names)
        self.assertEqual(
            ('outcome', 'moved', 0),
            (names[-1], found[-1]['outcome'], watching.returncode),
            said,
        )
        shown = [event for event in found if event['event'] == 'progress']
        self.assertEqual(['vda'], [d['target'] for d in shown[-1]['disks']])
        self.assert_nothing_lost(guest, self.b)

    def test_a_signal_ends_the_watching_alone(self) -> None:
        """Ctrl-C says so, and the migration goes on to its end."""
        guest = self.guest(DISKS)
        watching = self._watch(guest)
        moving = self._virsh(guest)
        assert watching.stdout is not None
        for line in watching.stdout:
            if json.loads(line)['event'] == 'progress':
                break
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=30)
        self.assertEqual(130, watching.returncode)
        self.assertIn('watched no more; the migration goes on', said)
        self.assertEqual(0, moving.wait(120))
        self.assert_nothing_lost(guest, self.b)

    def test_none_goes_on(self) -> None:
        """It says so, and changes nothing."""
        guest = self.guest({'vda': local_disks.LocalFile(format='qcow2')})
        with self.unchanged():
            done = self.program('watch', guest.name, '-f', 'json')
        self.assertEqual(4, done.returncode, done.stderr)
        self.assertIn('--wait', json.loads(done.stdout)['explanation'])
