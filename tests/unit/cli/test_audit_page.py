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
"""The page of an audit: whole, without a network, and nothing in it runs."""

import html.parser
import unittest

from nova_selective_migrate.cli import audit_page
from nova_selective_migrate.cli import audit_table
from nova_selective_migrate.core.plan import host_audit
from tests.unit.core import test_host_audit as audits

BAD = '<script>alert(1)</script>" onload="x'


class _Seen(html.parser.HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def tree(*guests):
    return audits.audit(*guests, rate=10).tree()


class AuditPageTest(unittest.TestCase):
    def test_every_guest_is_a_row(self):
        page = audit_page.page(
            tree(audits.READY, audits.REFUSED, audits.FAILED)
        )
        rows = [
            attrs
            for tag, attrs in _Seen(page).elements
            if tag == 'tr' and 'data-codes' in attrs
        ]
        self.assertEqual(
            [('yes', ''), ('no', 'locality-unknown'), ('no', 'not-planned')],
            [(row['data-state'], row['data-codes']) for row in rows],
        )
        self.assertIn('it cannot be read', page)

    def test_what_a_guest_is_called_is_text(self):
        bad = host_audit.GuestAudit(BAD, BAD, None, BAD)
        elements = _Seen(audit_page.page(tree(bad))).elements
        self.assertEqual(1, [tag for tag, _ in elements].count('script'))
        self.assertFalse([each for _, each in elements if 'onload' in each])

    def test_nothing_is_fetched(self):
        page = audit_page.page(tree(audits.READY))
        for tag, attrs in _Seen(page).elements:
            self.assertNotIn(tag, ('link', 'img', 'iframe'))
            self.assertFalse({'src', 'href'} & {*attrs}, tag)
        self.assertIn("default-src 'none'", page)
        self.assertNotIn('http://', page)
        self.assertNotIn('https://', page)


class AuditTableTest(unittest.TestCase):
    def lines(self, *guests):
        return '\n'.join(audit_table.lines(tree(*guests)))

    def test_each_refusal_has_its_remedy(self):
        text = self.lines(audits.READY, audits.REFUSED, audits.FAILED)
        self.assertEqual(2, text.count('refused: [locality-unknown]'))
        self.assertIn('Remedy: ', text)
        self.assertIn('failed: not planned: it cannot be read', text)
        self.assertIn('1 of 3 guests can move', text)
        self.assertIn('locality-unknown: 1 guest', text)

    def test_a_part_of_it(self):
        found = audit_table.lines({'host': 'qemu:///system'})
        self.assertEqual(
            ['Guests of qemu:///system, with no destination asked'], [*found]
        )

    def test_times(self):
        for seconds, said in (
            (None, '-'),
            (0.4, '0:00:00'),
            (59.6, '0:01:00'),
            (3_661, '1:01:01'),
            (360_000, '100:00:00'),
        ):
            with self.subTest(seconds=seconds):
                self.assertEqual(said, audit_table.duration(seconds))


if __name__ == '__main__':
    unittest.main()
