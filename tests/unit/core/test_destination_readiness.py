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


import json
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import guest_needs
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import plan_refusals
from tests.unit.core import builders as b
from tests.unit.core import planned

_CPU = "<cpu mode='custom' match='exact' check='{}'><model>m</model></cpu>"


def needs(inside='', devices=''):
    return guest_needs.parse(
        f"<domain type='kvm'>{inside}<os><type arch='x86_64' machine='pc'>hvm"
        f'</type></os><devices><emulator>/q</emulator>{devices}</devices>'
        '</domain>'
    )


def notes(told, **options):
    case = b.case(
        b.disk('vda', b.file('/d/a')),
        source={'/d/a': b.local()},
        readiness=told,
        **options,
    )
    return planned.plan(case)['notes']


class GuestNeedsTest(unittest.TestCase):
    def test_what_runs_it(self):
        found = needs()
        self.assertEqual(
            ('/q', 'x86_64', 'pc', 'kvm'),
            (found.emulator, found.arch, found.machine, found.virt_type),
        )

    def test_a_cpu_that_libvirt_compares(self):
        for check in ('partial', 'full'):
            self.assertIn('<model>', needs(_CPU.format(check)).cpu_xml)

    def test_one_that_it_does_not(self):
        for text in ('', '<cpu/>', _CPU.format('none')):
            found = needs(text)
            self.assertEqual(('', ''), (found.cpu_xml, found.cpu_unchecked))

    def test_the_cpu_of_the_host_is_a_danger(self):
        found = needs("<cpu mode='host-passthrough' check='full'/>")
        self.assertEqual('', found.cpu_xml)
        self.assertIn('host-passthrough', found.cpu_unchecked)

    def test_units_of_memory(self):
        for text, size in (
            ('<memory>4</memory>', 4096),
            ("<memory unit='KiB'>4</memory>", 4096),
            ("<memory unit='GiB'>2</memory>", 2 << 30),
            ("<memory unit='G'>2</memory>", 2 << 30),
            ("<memory unit='GB'>2</memory>", 2 * 10**9),
            ("<memory unit='odd'>2</memory>", None),
            ('<memory>many</memory>', None),
            ('', None),
        ):
            self.assertEqual(size, needs(text).memory_bytes, text)

    def test_huge_pages(self):
        page = "<page size='{}' unit='{}'{}/>"
        for pages, size, vary in (
            ('', 0, False),
            (page.format(2048, 'KiB', ''), 2048, False),
            (page.format(1, 'G', ''), 1 << 20, False),
            (page.format(2, 'M', " nodeset='0'"), None, True),
            (page.format(2, 'M', '') + page.format(1, 'G', ''), None, True),
            (page.format('x', 'M', ''), None, True),
        ):
            found = needs(
                f'<memoryBacking><hugepages>{pages}</hugepages></memoryBacking>'
            )
            self.assertEqual(
                (size, vary), (found.page_kib, found.pages_vary), pages
            )

    def test_no_huge_pages(self):
        found = needs('<memoryBacking><locked/></memoryBacking>')
        self.assertEqual((None, False), (found.page_kib, found.pages_vary))
        self.assertTrue(found.locked)

    def test_networks_and_devices(self):
        found = needs(
            devices="<interface type='network'><source network='n'/>"
            "</interface><interface type='bridge'><source bridge='br0'/>"
            "</interface><interface type='bridge'><source bridge='br-int'/>"
            "<virtualport type='openvswitch'/></interface>"
            "<interface type='direct'><source dev='eth1'/></interface>"
            "<interface type='bridge'><source bridge='br0'/></interface>"
        )
        self.assertEqual(('n',), found.networks)
        self.assertEqual(('br0', 'eth1'), found.devices)

    def test_models_of_devices(self):
        found = needs(
            devices="<video><model type='qxl'/></video><graphics type='vnc'/>"
            "<tpm><backend type='emulator'/></tpm><channel type='spicevmc'/>"
            "<redirdev bus='usb'/><graphics type='vnc'/>"
        ).models
        self.assertEqual(
            [
                ('video qxl', 'modelType'),
                ('graphics vnc', 'type'),
                ('tpm emulator', 'backendModel'),
                ('channel spicevmc', 'type'),
                ('redirdev usb', 'bus'),
            ],
            [(each.label, each.enumeration) for each in found],
        )


class CaseTest(unittest.TestCase):
    def test_what_is_written_is_read(self):
        readiness = destination_readiness.Readiness(
            emulator=destination_readiness.Finding('/q', True),
            cpu=destination_readiness.Finding('c', said='why'),
            networks=(destination_readiness.Finding('n', False, 'gone'),),
            devices=(destination_readiness.Finding('d', False),),
            domains=(destination_readiness.Namesake('n', 'u', True),),
            memory=destination_readiness.MemoryRoom(1, 2),
            huge_pages=(destination_readiness.HugePages(2048, 3),),
            ports=(
                destination_readiness.PortTrial(
                    destination_readiness.PortUse.DISKS,
                    'h',
                    7,
                    destination_readiness.PortAnswer.SILENT,
                ),
            ),
            ports_untried='why',
        )
        for told in (readiness, destination_readiness.Readiness(), None):
            case = migration_case.Case('<domain/>', readiness=told)
            text = migration_case.dumps(case)
            self.assertEqual(case, migration_case.loads(text))

    def test_what_is_no_readiness(self):
        for wrong in (
            [],
            {'emulator': []},
            {'emulator': {'fits': 'yes'}},
            {'domains': {}},
            {'ports': [{'port': 1}]},
            {'ports': [{'port': 1, 'answer': 'odd'}]},
            {'ports': [{'answer': 'silent'}]},
            {'huge_pages': [{'needed': 1}]},
        ):
            tree = {'version': 1, 'domain_xml': '<d/>', 'readiness': wrong}
            with self.assertRaises(exceptions.InvalidCase):
                migration_case.loads(json.dumps(tree))


class NoteTest(unittest.TestCase):
    def test_what_is_not_known_is_said(self):
        (said,) = [n for n in notes({}) if 'not known of the dest' in n]
        self.assertIn('whether name and UUID are free', said)
        self.assertIn('memory', said)
        (said,) = [
            n
            for n in notes(
                {
                    'emulator': {'about': '/q', 'said': 'no answer'},
                    'ports_untried': 'elsewhere',
                    'huge_pages': [{'page_kib': 4, 'needed': 1}],
                }
            )
            if 'not known of the dest' in n
        ]
        for part in ('/q: no answer', 'its ports (elsewhere)', 'huge pages'):
            self.assertIn(part, said)

    def test_where_all_is_known_nothing_is_said(self):
        fits = {'about': 'it', 'fits': True}
        told = {
            'emulator': fits,
            'machine': fits,
            'accelerator': fits,
            'cpu': fits,
            'domains': [],
            'memory': {'needed_bytes': 1, 'free_bytes': 1},
        }
        self.assertFalse([n for n in notes(told) if 'not known of the' in n])

    def test_a_definition_is_replaced(self):
        for name, uuid, active, noted in (
            ('guest', b.UUID, False, True),
            ('guest', b.UUID, True, False),
            ('other', b.UUID, False, False),
            ('guest', 'other', False, False),
        ):
            twin = {'name': name, 'uuid': uuid, 'active': active}
            said = notes({'domains': [twin]})
            found = any('the migration replaces it' in n for n in said)
            self.assertEqual(noted, found, twin)

    def test_whether_a_cpu_fits_is_not_known(self):
        for cpu, noted in (
            ({'about': 'c'}, True),
            ({'about': 'c', 'fits': True}, False),
            ({'about': 'c', 'said': 'why'}, False),
        ):
            said = notes({'cpu': cpu})
            found = any('whether its CPU fits' in n for n in said)
            self.assertEqual(noted, found, cpu)

    def test_certificates_there_are_seen_by_nobody(self):
        for tls in (True, False):
            said = notes({}, tls=tls)
            found = any('are seen by nobody' in n for n in said)
            self.assertEqual(tls, found)

    def test_a_cpu_that_nothing_compares(self):
        said = notes({'cpu': {'about': 'c', 'said': 'look yourself'}})
        self.assertIn('CPU: look yourself', said)

    def test_a_refusal_has_its_remedy_and_the_way_on(self):
        case = b.case(
            b.disk('vda', b.rbd()),
            readiness={'emulator': {'about': '/q', 'fits': False}},
        )
        (refusal,) = planned.plan(case)['refusals']
        remedy = plan_refusals.PlanRefusal.EMULATOR_MISSING.remedy
        self.assertIn(f'Remedy: {remedy}; if', refusal['message'])
        self.assertIn('--accept-unready emulator-', refusal['message'])

    def test_what_is_accepted_is_noted(self):
        told = {'memory': {'needed_bytes': 9, 'free_bytes': 8}}
        code = 'destination-memory'
        said = notes(told, transport={'accept_unready': [code]})
        self.assertTrue([n for n in said if n.startswith(code)])

    def test_of_a_case_without_it_nothing_is_said(self):
        self.assertFalse([n for n in notes(None) if 'not known of the' in n])
