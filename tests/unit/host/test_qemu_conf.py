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

import pathlib
import tempfile
import unittest

import ddt

from nova_selective_migrate.host.facts import qemu_conf


@ddt.ddt
class QemuConfTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / 'qemu.conf'

    @ddt.data(
        ('shared_filesystems = ["/a", "/b c"]', ('/a', '/b c')),
        (
            'shared_filesystems=[ \n  "/a",\n # "/no",\n  \'/b\' ]\n',
            ('/a', '/b'),
        ),
        ('#shared_filesystems = [\n#  "/a"\n#]', ()),
        ('x = 1\n  shared_filesystems = []', ()),
        ('not_shared_filesystems = ["/a"]', ()),
        ('shared_filesystems = ["/a"', ()),
        ('', ()),
    )
    @ddt.unpack
    def test_reads(self, text, expected):
        self.file.write_text(text)
        self.assertEqual(expected, qemu_conf.shared_filesystems(self.file))

    def certificates(self, text: str) -> bool | None:
        self.file.write_text(text)
        default = str(self.file.parent / 'pki')
        return qemu_conf.tls_certificates(self.file, [default])

    def test_certificates_where_libvirt_looks_for_them(self):
        self.assertIs(False, self.certificates(''))
        for name, text in (
            ('pki', ''),
            ('own', f'migrate_tls_x509_cert_dir = "{self.file.parent}/own"'),
            ('all', f'default_tls_x509_cert_dir = "{self.file.parent}/all"'),
        ):
            folder = self.file.parent / name
            folder.mkdir()
            with self.subTest(name=name):
                self.assertIs(False, self.certificates(text))
                (folder / 'ca-cert.pem').touch()
                self.assertIs(True, self.certificates(text))
            (folder / 'ca-cert.pem').unlink()

    def test_certificates_are_not_known_where_nobody_can_look(self):
        self.assertIsNone(qemu_conf.tls_certificates(self.file, []))

    def test_what_cannot_be_read_says_nothing(self):
        self.assertEqual((), qemu_conf.shared_filesystems(self.file))
        self.file.write_bytes(b'shared_filesystems = ["\xff"]')
        self.assertEqual((), qemu_conf.shared_filesystems(self.file))
