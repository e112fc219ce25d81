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

"""The one rule for what leaves a host as text."""

import unittest

import ddt

from nova_selective_migrate.core.case import secret_masking


@ddt.ddt
class LineTest(unittest.TestCase):
    @ddt.data(
        'password=PLANTED',
        'auth_password: "PLANTED with blanks"',
        "{'secret': 'PLANTED', 'x': 1}",
        '{"X-Auth-Token": "PLANTED"}',
        'X-Subject-Token: PLANTED',
        'rabbit://a:PLANTED@h1,b:PLANTED@h2/x',
        'mysql://a:PLA/NTED@h/PLANTED@h',
        'passphrase = PLANTED',
        'rbd:pool/image:id=admin:key=PLANTED:x=y',
        '--os-password PLANTED',
        'OS_PASSWORD=PLANTED',
        'Authorization: Basic PLANTED',
        '<secret usage="a">PLANTED</secret>',
        "passwd='PLANTED'",
    )
    def test_a_secret_goes(self, text):
        self.assertNotIn('PLA', secret_masking.line(text))
        self.assertNotIn('NTED', secret_masking.line(text))

    @ddt.data(
        'vda /var/lib/nova/instances/x/disk: copy (local)',
        'qemu+tls://host2/system answers',
        'key=value, target=vda',
        'the token ring is slow',
    )
    def test_the_rest_stays(self, text):
        self.assertEqual(text, secret_masking.line(text))


class LeavesTest(unittest.TestCase):
    def test_texts_and_names_are_lines(self):
        self.assertEqual(
            {'a': ['//h/x', 7, None], 'password=***': '***', 'token': '***'},
            secret_masking.leaves(
                {
                    'a': ['//u:p@h/x', 7, None],
                    'password=p': 'b',
                    'token': 'p',
                }
            ),
        )
