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

"""The support bundle: listed, then written, and without a secret."""

import os
import pathlib
import stat
import tarfile
from unittest import mock

from nova_selective_migrate.cli import bundle_members
from nova_selective_migrate.core.case import migration_case
from tests.unit.cli import command

CASES = pathlib.Path(__file__).parents[1] / 'data' / 'cases'
PLAN = 'a68fb36a-dbbe-5c4a-a2e3-d5126b060923'
SERVER = '5c2e8d1b-0f3a-4a5e-9d7c-1b2a3c4d5e6f'

#: A secret for each way in, so that a leak tells where it came from.
IN_CONFIG = (
    'transport_url = rabbit://nova:PLANTED-bus@h1,nova:PLANTED-bus2@h2/\n'
    '[database]\nconnection = mysql+pymysql://nova:PLANTED/db@db/nova\n'
    '[neutron]\npassword = PLANTED-neutron\n'
    '[keystone_authtoken]\npassword = PLANTED-keystone\n'
)
CONFIG = (
    f'[DEFAULT]\n{IN_CONFIG}[selective_migrate]\nenabled = true\n'
    'shared_paths = /srv/shared,/x?password=PLANTED-option\n'
)
LOG = ''.join(
    f'2026-11-29 10:00:0{second}.000 7 {level} nova_selective_migrate.x [-] '
    f'[plan: {PLAN}] {text}\n'
    for second, level, text in (
        (0, 'INFO', 'calls qemu+tls://root:PLANTED-uri@host2/system'),
        (1, 'WARNING', 'X-Auth-Token: PLANTED-token and more'),
        (2, 'ERROR', "failed: {'auth_password': 'PLANTED-chap', 'a': 1}"),
        (3, 'INFO', 'rbd:pool/image:id=x:secret=PLANTED-rbd'),
        (4, 'INFO', 'Authorization: Bearer PLANTED-bearer'),
        (5, 'INFO', 'http://u:PLANTED-a/b@proxy/ it goes on'),
        (6, 'INFO', '<secret type="x">PLANTED-xml</secret>'),
        (7, 'DEBUG', 'Case: PLANTED-debug'),
    )
) + (
    '2026-11-29 10:00:08.000 7 INFO nova.x [-] PLANTED-nova line of no plan\n'
)
ENTRY = {
    'version': 1,
    'instance': SERVER,
    'plan_id': PLAN,
    'since': '2026-11-29T10:00:03+00:00',
    'destination': 'host2',
    'uri': 'qemu+tls://root:PLANTED-journal@host2/system',
    'destination_uri': 'qemu+tls://root:PLANTED-journal2@host2/system',
    'source_bdms': {'connection_info': {'auth_password': 'PLANTED-bdm'}},
    'migrate_data': {'vtpm_secret_value': 'PLANTED-tpm'},
}
AUDIT = {
    'host': 'host1',
    'guests': [
        {
            'name': 'g',
            'refusals': [
                {'message': 'see nbd://u:PLANTED-audit@host/x for it'}
            ],
            'auth_token': 'PLANTED-field',
        }
    ],
}


def planted_case():
    """Return a case that somebody has changed by hand, secrets in it."""
    text = (CASES / 'iscsi-joined-by-path.json').read_text()
    case = migration_case.loads(text)
    info = dict(case.block_device_info)
    info['block_device_mapping'] = [
        {
            **row,
            'connection_info': {
                **row['connection_info'],
                'data': {
                    **row['connection_info']['data'],
                    'auth_password': 'PLANTED-connection',
                    'auth_username': 'PLANTED-user',
                },
            },
        }
        for row in info['block_device_mapping']
    ]
    xml = case.domain_xml.replace(
        '<devices>',
        '<devices><graphics type="vnc" passwd="PLANTED-vnc"/>',
        1,
    )
    return migration_case.dumps(
        type(case)(
            **{**vars(case), 'domain_xml': xml, 'block_device_info': info}
        )
    )


class SupportBundleTest(command.CommandCase):
    def setUp(self):
        super().setUp()
        state = self.top / 'selective-migrate'
        (state / 'departures').mkdir(parents=True)
        self.file('selective-migrate/departures/x.json', ENTRY)
        self.file('selective-migrate/audit.json', AUDIT)
        self.config = self.file('nova.conf', CONFIG)
        self.log = self.file('nova-compute.log', LOG)
        self.bundle = str(self.top / 'bundle.tar.gz')

    def pack(self, *arguments):
        return command.run(
            *('--connect', 'test://root:PLANTED-connect@/default'),
            *('support-bundle', '--state-path', str(self.top)),
            *('--config-file', self.config, '--from', self.log),
            *('--from', str(self.top / 'selective-migrate' / 'departures')),
            *arguments,
        )

    def members(self):
        with tarfile.open(self.bundle) as bundle:
            return {
                each.name.removeprefix('bundle/'): bundle.extractfile(each)
                .read()
                .decode()
                for each in bundle.getmembers()
            }

    def test_no_secret_gets_in_from_anywhere(self):
        case = self.file('case.json', planted_case())
        done = self.pack('--case', case, self.bundle)
        self.assertEqual(0, done.status, done)
        found = self.members()
        self.assertEqual(
            {
                *('versions.json', 'options.json', 'upgrade-check.txt'),
                *('outcomes.json', 'audit.json', 'case-1.json'),
            },
            set(found),
        )
        for name, text in {**found, 'output': done.out + done.err}.items():
            with self.subTest(name):
                self.assertNotIn('PLANTED', text)
        # What is no secret is there.
        self.assertIn('host2', found['outcomes.json'])
        self.assertIn('it goes on', found['outcomes.json'])
        self.assertIn('for it', found['audit.json'])
        self.assertIn('/srv/shared', found['options.json'])
        self.assertIn('Seams of nova', found['upgrade-check.txt'])
        self.assertIn('"python"', found['versions.json'])

    def test_it_is_listed_before_it_is_written(self):
        with mock.patch.object(
            bundle_members, 'upgrade_check', return_value=check()
        ):
            listed = self.pack('--list', self.bundle)
            self.assertFalse(os.path.exists(self.bundle))
            done = self.pack(self.bundle)
        self.assertEqual(0, listed.status, listed)
        self.assertIn('options of [selective_migrate] alone', listed.out)
        self.assertEqual(f'{listed.out}wrote {self.bundle}\n', done.out)
        self.assertEqual(
            [line.split()[0] for line in listed.out.splitlines()],
            list(self.members()),
        )
        mode = stat.S_IMODE(os.stat(self.bundle).st_mode)
        self.assertEqual(0o600, mode)

    def test_bad_input(self):
        torn = self.file('torn.json', '{')
        there = self.file('there.tar.gz', 'x')
        with mock.patch.object(
            bundle_members, 'upgrade_check', return_value=check()
        ):
            for arguments, words in (
                ([there], ('cannot write', there, 'exists')),
                (['/none/x.tar.gz'], ('cannot write /none/x.tar.gz',)),
                (['--case', torn], (torn,)),
                (['--case', '/none'], ('cannot read /none',)),
                (['--from', '/none'], ('cannot read /none',)),
                (['--config-file', '/none'], ('cannot read', '/none')),
            ):
                with self.subTest(arguments):
                    found = self.pack(*arguments)
                    self.assertEqual(2, found.status, found)
                    self.assertEqual(1, len(found.err.splitlines()))
                    for word in words:
                        self.assertIn(word, found.err)
        self.assertEqual('x', pathlib.Path(there).read_text())


def check():
    return bundle_members.BundleMember('upgrade-check.txt', 'x', 'x')
