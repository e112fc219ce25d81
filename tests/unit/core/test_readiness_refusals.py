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

"""What is said of a destination that does not take the guest."""

import unittest

import ddt

from tests.unit.core import builders as b
from tests.unit.core import planned

OTHER = 'ffffffff-6e43-4a3f-9b3a-0d3f3ad5b6c1'
SAID = {'about': 'it', 'said': 'why'}
NAMES = ('emulator', 'machine', 'accelerator', 'certificates')
OPEN = (
    'open the ports of migrations, 49152 to 49215 unless qemu.conf there '
    'names others, in its firewall for the source; where others are open, '
    'name them with --disks-port and --migrate-uri tcp://HOST:PORT'
)


def plan(told, *, copies=True, **options):
    disk = b.file('/d/a') if copies else b.rbd()
    return planned.plan(
        b.case(
            b.disk('vda', disk),
            source={'/d/a': b.local()},
            readiness=told,
            **options,
        )
    )


def twin(name, uuid, **more):
    return {'domains': [{'name': name, 'uuid': uuid, **more}]}


def ports(*trials):
    return {
        'ports': [
            {'use': use, 'address': address, 'port': port, 'answer': answer}
            for use, address, port, answer in trials
        ]
    }


_PAGES = {'page_kib': 2048, 'needed': 3, 'free': 2}
#: What is told, the reason, and detail and remedy of its message.
REFUSED = {
    'a_finding': (
        {'machine': {**SAID, 'fits': False}},
        'machine-unsupported',
        'it: why',
        '',
    ),
    'it_runs_there': (
        twin('there', b.UUID, active=True),
        'guest-at-destination',
        'as there',
        '',
    ),
    'its_uuid': (
        twin('there', b.UUID, active=False),
        'name-taken',
        f'there there has its UUID, {b.UUID}',
        '',
    ),
    'its_name': (
        twin('guest', OTHER),
        'name-taken',
        f'guest there is the guest {OTHER}',
        '',
    ),
    'memory': (
        {
            'memory': {
                'needed_bytes': 2 * b.GIB + 1,
                'free_bytes': b.GIB + b.MIB - 1,
            }
        },
        'destination-memory',
        'the guest takes 2048 MiB, and 1024 MiB can be had',
        '',
    ),
    'huge_pages': (
        {'huge_pages': [_PAGES]},
        'huge-pages-missing',
        '3 of 2048 KiB are needed, and 2 are free',
        'have pages made with virsh allocpages 2048 COUNT on the '
        'destination, or migrate to another host',
    ),
    'a_port_that_is_taken': (
        ports(('disks', 'fd00::2', 49152, 'listening')),
        'port-taken',
        '[fd00::2]:49152 for disks is listening',
        '',
    ),
    'a_port_that_is_silent': (
        ports(('disks', 'host', 49152, 'silent')),
        'port-unreachable',
        'host:49152 for disks is silent',
        '',
    ),
    'ports_of_which_none_is_reached': (
        ports(
            ('any', 'host', 49152, 'silent'),
            ('any', 'host', 49153, 'silent'),
        ),
        'port-unreachable',
        'host:49152 is silent, host:49153 is silent',
        OPEN,
    ),
}


@ddt.ddt
class ReadinessRefusalsTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*REFUSED)
    def test_refused(self, name):
        told, reason, detail, remedy = REFUSED[name]
        (refusal,) = plan(told)['refusals']
        self.assertEqual(reason, refusal['reason'])
        self.assertIn(f' ({detail}). Remedy: {remedy}', refusal['message'])

    def test_what_can_be_accepted_and_what_cannot(self):
        for told, option in (
            ({'memory': {'needed_bytes': 2, 'free_bytes': 1}}, True),
            (twin('there', b.UUID, active=True), False),
        ):
            (refusal,) = plan(told)['refusals']
            self.assertEqual(option, '--accept-unready' in refusal['message'])

    def test_what_is_accepted_is_noted_and_nothing_else(self):
        told = {
            'memory': {'needed_bytes': 2, 'free_bytes': 1},
            'machine': {**SAID, 'fits': False},
        }
        found = plan(
            told, transport={'accept_unready': ['destination-memory']}
        )
        self.assertEqual(
            ['machine-unsupported'], [r['reason'] for r in found['refusals']]
        )
        self.assertEqual(
            [
                'destination-memory is accepted: the guest takes 0 MiB, and '
                '0 MiB can be had'
            ],
            [note for note in found['notes'] if 'is accepted' in note],
        )

    def test_the_ports_of_disks_where_none_is_copied(self):
        """The one for the memory comes after them."""
        told = ports(
            ('disks', 'host', 49152, 'silent'),
            ('memory', 'host', 49153, 'silent'),
        )
        (refusal,) = plan(told, copies=False)['refusals']
        self.assertIn('host:49153', refusal['message'])

    def test_accepted_ports_of_disks(self):
        told = ports(('disks', 'host', 49152, 'silent'))
        more = {'transport': {'accept_unready': ['port-unreachable']}}
        for copies in (True, False):
            noted = plan(told, copies=copies, **more)['notes']
            self.assertEqual(
                copies, 'port-unreachable is accepted' in ' '.join(noted)
            )


class NotKnownTest(unittest.TestCase):
    def unknown(self, told):
        found = [n for n in plan(told)['notes'] if n.startswith('not known')]
        return found[0] if found else ''

    def test_each_that_is_not_known(self):
        for name in NAMES:
            self.assertIn('it: why', self.unknown({name: SAID}), name)
        for name in ('networks', 'devices'):
            self.assertIn('it: why', self.unknown({name: [SAID]}), name)

    def test_memory(self):
        said = 'whether it has memory enough'
        for memory in (
            {},
            {'needed_bytes': 1},
            {'free_bytes': 1},
        ):
            self.assertIn(said, self.unknown({'memory': memory}))

    def test_huge_pages(self):
        for free, said in ((None, True), (3, False)):
            told = {'huge_pages': [{**_PAGES, 'free': free}]}
            self.assertEqual(
                said, 'free huge pages of 2048 KiB' in self.unknown(told)
            )

    def test_the_cpu(self):
        """What is known to fit is not noted, whatever is said of it."""
        for cpu, note in (
            ({'about': 'it', 'said': 'why'}, 'CPU: why'),
            ({'about': 'it', 'said': 'why', 'fits': True}, None),
            ({'about': 'it'}, None),
        ):
            found = plan({'cpu': cpu})['notes']
            self.assertEqual(
                [note] if note else [],
                [n for n in found if n.startswith('CPU: ')],
            )

    def test_certificates_of_the_destination(self):
        for copies in (True, False):
            found = plan({}, copies=copies, tls=True)['notes']
            said = "the certificates of the destination's QEMU"
            self.assertEqual(copies, said in ' '.join(found))

    def test_nova_finds_out_by_itself(self):
        prepared = {'directory': '/d'}
        self.assertFalse(
            [
                note
                for note in plan({}, prepared=prepared)['notes']
                if note.startswith('not known of the destination')
            ]
        )
