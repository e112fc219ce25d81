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

"""What is noted of a guest beside its disks, and what stays behind."""

import unittest

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import planned

DISK = b.disk('vda', b.file('/d/a'))
FACTS = {'/d/a': b.local()}


def case(devices='', around='', **more):
    tree = b.case(DISK, source=FACTS, **more)
    tree['domain_xml'] = (
        tree['domain_xml']
        .replace('</devices>', f'{devices}</devices>')
        .replace('<devices>', f'{around}<devices>')
    )
    return tree


class LeftBehindTest(unittest.TestCase):
    def left(self, tree):
        made = planner.plan(migration_case.loads(b.text(tree)))
        self.assertTrue(made.ready, made.refusals)
        for item in made.left:
            self.assertIn(str(item), made.notes)
        return [item.what for item in made.left]

    def test_nothing(self):
        self.assertEqual([], self.left(case()))

    def test_nvram(self):
        text = '<os><nvram>/n/vars.fd</nvram></os>'
        self.assertEqual(['/n/vars.fd'], self.left(case(around=text)))
        text = "<os><nvram type='file'><source file='/n/v'/></nvram></os>"
        self.assertEqual(['/n/v'], self.left(case(around=text)))

    def test_tpm(self):
        for kind, count in (('emulator', 1), ('passthrough', 0)):
            text = f"<tpm><backend type='{kind}'/></tpm>"
            self.assertEqual(count, len(self.left(case(text))))

    def test_nvdimm(self):
        text = (
            "<memory model='nvdimm'><source><path>/n/v</path></source>"
            "</memory><memory model='dimm'/><memory model='nvdimm'/>"
        )
        self.assertEqual(['/n/v'], self.left(case(text)))

    def test_checkpoints(self):
        (what,) = self.left(case(state={'checkpoints': 2}))
        self.assertIn('2 backup', what)

    def test_a_disk_that_the_definition_has_alone(self):
        more = b.disk('vdb', b.file('/d/b'))
        empty = b.cdrom('sda')
        tree = case(persistent_xml=b.domain(DISK, more, empty))
        self.assertEqual(['/d/b'], self.left(tree))
        self.assertEqual([], self.left(case(persistent_xml='<odd/>')))


class NoteTest(unittest.TestCase):
    def notes(self, devices, **more):
        found = planned.plan(case(devices, **more))
        self.assertTrue(found['ready'], found['refusals'])
        return ' '.join(found['notes'])

    def test_what_qemu_alone_can_tell(self):
        pci = "<hostdev mode='subsystem' type='pci'><source/></hostdev>"
        self.assertIn('QEMU alone', self.notes(pci))
        self.assertNotIn('QEMU alone', self.notes(''))
        team = pci.replace('<source/>', "<teaming type='transient'/>")
        self.assertNotIn('QEMU alone', self.notes(team))
        nova = self.notes(pci, prepared={'directory': '/d'})
        self.assertNotIn('QEMU alone', nova)

    def test_usb(self):
        usb = "<hostdev mode='subsystem' type='usb'><source/></hostdev>"
        self.assertIn('USB', self.notes(usb))

    def test_directories(self):
        for driver, word in (('path', '9p'), ('virtiofs', 'virtiofsd')):
            xml = (
                f"<filesystem type='mount'><driver type='{driver}'/>"
                "<source dir='/s'/><target dir='t'/></filesystem>"
            )
            self.assertIn(word, self.notes(xml, shared=['/s']))


class RemedyTest(unittest.TestCase):
    def test_no_remedy_forgets_snapshots_that_are_in_an_image(self):
        for reason in refusals.ALL_REASONS:
            self.assertNotIn('--metadata', reason.remedy, reason)
