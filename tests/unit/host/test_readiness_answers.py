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


import types
import unittest
from unittest import mock

from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.host.facts import port_trials
from nova_selective_migrate.host.facts import qemu_conf
from nova_selective_migrate.host.facts import readiness_answers
from nova_selective_migrate.host.facts import tls_trials
from nova_selective_migrate.host.hypervisor import emulator_abilities
from nova_selective_migrate.host.hypervisor import host_abilities

GIB = 1 << 30
FITS = destination_readiness.Finding('it', True)
TRIAL = destination_readiness.PortTrial(
    destination_readiness.PortUse.ANY,
    'there',
    49215,
    destination_readiness.PortAnswer.REFUSED,
)


class Guest:
    name, uuid = 'guest', 'u'

    def __init__(self, backing=''):
        self.backing = backing

    def xml(self):
        return (
            "<domain type='kvm'><memory unit='GiB'>4</memory>"
            f'<memoryBacking>{self.backing}</memoryBacking>'
            '<devices><emulator>/q</emulator></devices></domain>'
        )

    def resident_bytes(self):
        return GIB


class ReadinessTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.looked = []
        self.answers = {
            'is_qemu': True,
            'emulator': emulator_abilities.EmulatorFindings(FITS, FITS, FITS),
            'cpu': FITS,
            'networks': (),
            'devices': (),
            'free_memory': 8 * GIB,
            'free_huge_pages': 0,
            'receives': False,
        }
        self.patch(host_abilities, 'namesakes', self.namesakes)
        self.patch(port_trials, 'tried', self.tried)
        self.patch(qemu_conf, 'tls_directory', lambda: '/pki')
        self.patch(tls_trials, 'client', lambda _folder: FITS)

    def patch(self, module, name, answer):
        self.enterContext(mock.patch.object(module, name, answer))

    def namesakes(self, _host, uuid, name):
        self.looked.append((uuid, name))
        return ()

    def tried(self, _options, ports):
        self.looked.append(ports)
        return (TRIAL,)

    def told(self, *, local=True, backing='', transport=None, **options):
        for name, answer in self.answers.items():
            module = (
                emulator_abilities
                if hasattr(emulator_abilities, name)
                else host_abilities
            )
            self.patch(module, name, lambda *_, a=answer: a)
        if transport:
            options['transport'] = transport
        return readiness_answers.readiness(
            types.SimpleNamespace(is_local=local),
            Guest(backing),
            types.SimpleNamespace(),
            migration_options.MigrationOptions(**options),
        )

    def test_of_another_hypervisor_nothing_is_asked(self):
        self.answers['is_qemu'] = False
        self.assertIsNone(self.told())
        self.assertEqual([], self.looked)

    def test_ports_are_tried_from_the_source(self):
        found = self.told()
        self.assertEqual(((TRIAL,), ''), (found.ports, found.ports_untried))

    def test_elsewhere_they_are_not(self):
        found = self.told(local=False)
        self.assertEqual((), found.ports)
        self.assertIn('does not run on the source', found.ports_untried)

    def test_a_migration_that_arrives_is_not_disturbed(self):
        """QEMU takes the first that connects for the source."""
        for receives in (True, None):
            self.answers['receives'] = receives
            self.looked.clear()
            found = self.told()
            self.assertEqual((), found.ports)
            self.assertIn('under way', found.ports_untried)
            self.assertEqual([('u', 'guest')], self.looked)

    def test_without_emulator_no_cpu_is_compared(self):
        missing = destination_readiness.Finding('/q', False)
        self.answers['emulator'] = emulator_abilities.EmulatorFindings(missing)
        self.assertIsNone(self.told().cpu)

    def test_memory_is_what_the_guest_has_touched(self):
        found = self.told().memory
        self.assertEqual(
            (GIB, 8 * GIB), (found.needed_bytes, found.free_bytes)
        )

    def test_what_is_locked_is_needed_whole(self):
        found = self.told(backing='<locked/>')
        self.assertEqual(4 * GIB, found.memory.needed_bytes)

    def test_huge_pages(self):
        page = "<hugepages><page size='1' unit='G'/></hugepages>"
        (found,) = self.told(backing=page).huge_pages
        self.assertEqual((1 << 20, 4, 0), (found.page_kib, found.needed, 0))
        self.assertEqual(GIB, self.told(backing=page).memory.needed_bytes)

    def test_of_the_default_size_none_proves_nothing(self):
        for free, known in ((0, None), (5, 5)):
            self.answers['free_huge_pages'] = free
            (found,) = self.told(backing='<hugepages/>').huge_pages
            self.assertEqual((2048, known), (found.page_kib, found.free))

    def test_certificates_are_looked_at_for_tls_alone(self):
        self.assertIsNone(self.told().certificates)
        self.assertIsNone(self.told(tls=True, local=False).certificates)
        self.assertIs(FITS, self.told(tls=True).certificates)
