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

"""No secret gets out on the way of a command: output, record, log, error."""

import json
import pathlib
import socket
from unittest import mock

import ddt
import libvirt

from tests.unit.cli import command
from tests.unit.core import builders as b
from tests.unit.core import planted
from tests.unit.core import test_redaction
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

SECRET = planted.SECRET
HERE = f'qemu+tcp://user:{SECRET}-here@here/system'
THERE = f'qemu+tcp://user:{SECRET}-there@192.0.2.2/system'
# As libvirt would give them to an administrator, and then some.
HOSTILE = (*test_redaction.DISKS, test_redaction.DEVICES)
FORMATS = ('table', 'json', 'yaml', 'value')


class Domain(fake_domain.FakeDomain):
    """A domain whose XML is what a test says."""

    text = ''

    def XMLDesc(self, flags: int = 0) -> str:
        return self.text


class Daemon(fake_daemon.FakeDaemon):
    """A host with a guest, whose capabilities tell it from others."""

    def __init__(self, uuid: str, domain: Domain) -> None:
        super().__init__()
        self.uuid = uuid
        self.host = socket.gethostname()
        self.domains = {fake_domain.UUID: domain}

    def getCapabilities(self) -> str:
        host = f'<host><uuid>{self.uuid}</uuid></host>'
        return f'<capabilities>{host}</capabilities>'


@ddt.ddt
class SecretsTest(command.CommandCase):
    def setUp(self):
        super().setUp()
        self.domain = Domain()
        self.domain.persistent = True
        self.domain.text = b.domain(*HOSTILE, around=test_redaction.AROUND)
        hosts = {
            HERE: Daemon('1', self.domain),
            THERE: Daemon('2', Domain()),
        }
        self.enterContext(
            mock.patch.object(libvirt, 'open', lambda uri: hosts[uri])
        )
        self.hosts = hosts
        self.record = str(self.top / 'record.json')
        self.log = str(self.top / 'log')
        self.info = self.file('info.json', planted.mapping())

    def _run(self, *arguments: str, **files: str) -> command.Result:
        """Run as loudly as it goes, and search all that it wrote."""
        found = command.run(
            *('--connect', HERE, '-v', '-v', '--log-file', self.log),
            *arguments,
        )
        wrote = {'out': found.out, 'err': found.err}
        for path in (self.record, self.log):
            if pathlib.Path(path).exists():
                wrote[path] = pathlib.Path(path).read_text()
        for where, text in wrote.items():
            for line in text.splitlines():
                self.assertNotIn(SECRET, line, where)
        return found

    @ddt.data(*FORMATS)
    def test_a_plan_of_a_guest(self, form):
        found = self._run(
            *('plan', 'guest', THERE, '-f', form, '--record', self.record),
            *('--block-device-info', self.info),
        )
        self.assertEqual(3, found.status, found)
        self.assertIn('vms/image', pathlib.Path(self.record).read_text())

    @ddt.data('table', 'json', 'value')
    def test_a_list_of_disks(self, form):
        found = self._run(
            *('disk', 'list', 'guest', '-f', form),
            *('--block-device-info', self.info),
        )
        self.assertEqual(0, found.status, found)
        self.assertIn('vda', found.out)

    def test_a_migration_that_is_refused(self):
        found = self._run(
            *('migrate', 'guest', THERE, '--block-device-info', self.info)
        )
        self.assertEqual(3, found.status, found)
        self.assertEqual([], self.domain.calls)

    def test_a_ready_plan_that_sends_xml(self):
        local = self.file('disk', 'x')
        self.file('base', 'x')
        over = b.file(str(self.top / 'base'), 'raw')
        self.domain.text = b.domain(
            *(
                b.disk('vda', b.file(local), over=[over]),
                test_redaction.DEVICES,
            ),
            around=test_redaction.AROUND,
        )
        self.domain.sizes['vda'] = (b.MIB, b.MIB, b.MIB)
        self.hosts[THERE].root = pathlib.Path(self.top, 'there')
        self.hosts[THERE].real(str(self.top)).mkdir(parents=True)
        found = self._run(
            *('plan', 'guest', THERE, '-f', 'json', '--record', self.record),
            *('--local-path', str(self.top)),
        )
        self.assertEqual(0, found.status, found)
        self.assertIn('destination_xml', found.json['parameters'])

    def test_a_replay_of_what_was_written_by_hand(self):
        tree = b.case(b.disk('vda', b.rbd('vms/image')), rows=[])
        tree['block_device_info'] = planted.mapping()
        tree['domain_xml'] = tree['domain_xml'].replace(
            '</devices>', f'{test_redaction.DEVICES}</devices>'
        )
        tree['persistent_xml'] = b.domain(*HOSTILE)
        tree['options'].update(
            destination_uri=THERE, migrate_uri=f'tcp://u:{SECRET}@h'
        )
        path = self.file('case.json', tree)
        for form in FORMATS:
            found = self._run(
                *('plan', '--replay', path, '-f', form),
                *('--record', self.record),
            )
            self.assertEqual(3, found.status, found)

    @ddt.data(
        f'<domain><graphics passwd="&{SECRET};"/></domain>',
        f'<domain><graphics {SECRET}/></domain>',
        f'<domain><{SECRET}></domain>',
        f'{SECRET}',
    )
    def test_a_domain_that_cannot_be_read(self, text):
        self.domain.text = text
        for arguments in (
            ('disk', 'list', 'guest'),
            ('plan', 'guest', THERE),
            ('migrate', 'guest', THERE),
        ):
            found = self._run('--debug', *arguments)
            self.assertEqual(2, found.status, found)

    @ddt.data(
        f'{{"block_device_mapping": "{SECRET}',
        f'"{SECRET}"',
        f'[{{"{SECRET}": 1}}]',
        f'{{"block_device_mapping": "{SECRET}"}}',
        f'{{"block_device_mapping": ["{SECRET}"]}}',
        f'{{"block_device_mapping": [{{"connection_info": "{SECRET}"}}]}}',
        f'{{"block_device_mapping": [{{"connection_info": ["{SECRET}"]}}]}}',
    )
    def test_a_mapping_that_cannot_be_read(self, text):
        path = self.file('bad.json', text)
        replayed = self.file(
            'case.json', {**b.case(), 'block_device_info': _json(text)}
        )
        for arguments in (
            ('disk', 'list', 'guest', '--block-device-info', path),
            ('plan', 'guest', THERE, '--block-device-info', path),
            ('plan', '--replay', replayed),
        ):
            found = self._run('--debug', *arguments)
            self.assertEqual(2, found.status, found)

    def test_hosts_that_cannot_be_used(self):
        for arguments in (
            ('plan', 'nobody', THERE),
            ('plan', 'guest', HERE),
            ('migrate', 'guest', HERE),
        ):
            found = self._run('--debug', *arguments)
            self.assertEqual(2, found.status, found)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
