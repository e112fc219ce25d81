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
import shutil
import subprocess
import tempfile
import unittest

from nova_selective_migrate.host.facts import tls_trials


def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, capture_output=True)


_AUTHORITY = """
[ca]
default_ca = authority
[authority]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
unique_subject = no
policy = names
[names]
commonName = supplied
"""
_KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if shutil.which('openssl') is None:
            raise unittest.SkipTest('openssl is not installed')
        cls.top = cls.enterClassContext(tempfile.TemporaryDirectory())
        for name in ('one', 'other'):
            cls.issue(pathlib.Path(cls.top) / name)

    @classmethod
    def issue(cls, folder):
        folder.mkdir()
        openssl(
            *('req', '-x509', *_KEY, '-days', '2', '-subj', '/CN=Authority'),
            *('-keyout', folder / 'ca-key.pem'),
            *('-out', folder / 'ca-cert.pem'),
        )
        openssl(
            *('req', '-new', *_KEY, '-subj', '/CN=here'),
            *('-keyout', folder / 'client-key.pem'),
            *('-out', folder / 'request.pem'),
        )
        cls.sign(folder, '-days', '2')

    @classmethod
    def sign(cls, folder, *dates):
        """Sign as an authority: openssl x509 takes no date that is past."""
        (folder / 'index.txt').touch()
        config = folder / 'ca.conf'
        config.write_text(_AUTHORITY.format(folder=folder))
        openssl(
            *('ca', '-batch', '-notext', '-rand_serial', '-config', config),
            *('-cert', folder / 'ca-cert.pem', *dates),
            *('-keyfile', folder / 'ca-key.pem'),
            *('-in', folder / 'request.pem'),
            *('-out', folder / 'client-cert.pem'),
        )

    def setUp(self):
        super().setUp()
        top = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(top) / 'pki'
        shutil.copytree(pathlib.Path(self.top) / 'one', self.folder)

    def take(self, name):
        """Take a file of the other authority's."""
        other = pathlib.Path(self.top) / 'other' / name
        shutil.copy(other, self.folder / name)

    def said(self):
        found = tls_trials.client(str(self.folder))
        return found.fits, found.said

    def test_what_fits(self):
        self.assertEqual((True, ''), self.said())

    def test_another_authority(self):
        self.take('ca-cert.pem')
        # Its words differ with whether both have one name.
        self.assertIs(False, self.said()[0])

    def test_another_key(self):
        self.take('client-key.pem')
        fits, said = self.said()
        self.assertIs(False, fits)
        self.assertIn('is the key of another', said)

    def test_one_that_has_expired(self):
        self.sign(
            *(self.folder, '-startdate', '20200101000000Z'),
            *('-enddate', '20200102000000Z'),
        )
        self.assertEqual((False, 'certificate has expired'), self.said())

    def test_one_that_is_missing(self):
        (self.folder / 'client-key.pem').unlink()
        fits, said = self.said()
        self.assertIs(False, fits)
        self.assertIn('is missing', said)
        # The destination may ask for none.
        (self.folder / 'client-cert.pem').unlink()
        self.assertIsNone(self.said()[0])

    def test_what_cannot_be_read_is_not_known(self):
        (self.folder / 'client-cert.pem').write_text('none')
        self.assertIsNone(self.said()[0])
        shutil.rmtree(self.folder)
        self.assertIsNone(self.said()[0])

    def test_a_key_with_a_password_is_not_known(self):
        key = self.folder / 'client-key.pem'
        openssl(
            *('ec', '-aes256', '-passout', 'pass:x', '-in', key),
            *('-out', self.folder / 'locked.pem'),
        )
        (self.folder / 'locked.pem').rename(key)
        self.assertIsNone(self.said()[0])
