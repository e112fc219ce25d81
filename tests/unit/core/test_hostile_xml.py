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

"""XML that would have the parser read files, call servers or grow."""

import contextlib
import ctypes
import io
import os
import pathlib
import resource
import socket
import tempfile
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.case import safe_xml
from tests.unit.core import builders as b
from tests.unit.core import planned

MIB = 1 << 20
IN_OPEN = 0x20  # of inotify(7)
# 100,000 times 50,000 characters.
QUADRATIC = (
    f'<!DOCTYPE domain [<!ENTITY a "{"a" * 50_000}">]>'
    f'<domain><name>{"&a;" * 100_000}</name></domain>'
)
LAUGHS = (
    '<!DOCTYPE domain [<!ENTITY l0 "lol">'
    + ''.join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    + ']><domain><name>&l12;</name></domain>'
)
IN_ATTRIBUTE = LAUGHS.replace('<name>&l12;</name>', '<x y="&l12;"/>')
PARAMETERS = (
    '<!DOCTYPE domain [<!ENTITY % a "&#37;b;&#37;b;">'
    '<!ENTITY % b "&#37;a;&#37;a;">%a;]><domain/>'
)
RECURSIVE = '<!DOCTYPE domain [<!ENTITY a "&a;">]><domain>&a;</domain>'
BOMBS = {
    'laughs': LAUGHS,
    'laughs_in_an_attribute': IN_ATTRIBUTE,
    'quadratic': QUADRATIC,
    'parameters': PARAMETERS,
    'recursive': RECURSIVE,
}
#: What names something to read, with {} for where it is.
READING = {
    'entity': '<!DOCTYPE domain [<!ENTITY x SYSTEM "{}">]>'
    '<domain><name>&x;</name></domain>',
    'entity_in_an_attribute': '<!DOCTYPE domain [<!ENTITY x SYSTEM "{}">]>'
    '<domain><devices><disk device="&x;"/></devices></domain>',
    'parameter_entity': '<!DOCTYPE domain [<!ENTITY % x SYSTEM "{}"> %x;]>'
    '<domain/>',
    'external_subset': '<!DOCTYPE domain SYSTEM "{}"><domain/>',
    'public_subset': '<!DOCTYPE domain PUBLIC "-//X//Y" "{}"><domain/>',
    'xinclude': '<domain xmlns:xi="http://www.w3.org/2001/XInclude">'
    '<name><xi:include href="{}" parse="text"/></name></domain>',
    'schema': '<domain xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:noNamespaceSchemaLocation="{}"/>',
    'style_sheet': '<?xml-stylesheet type="text/xsl" href="{}"?><domain/>',
}


def watch(file: pathlib.Path) -> io.FileIO:
    """Return what can be read from as soon as anybody opens a file."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    opened = io.FileIO(handle)
    if libc.inotify_add_watch(handle, os.fsencode(file), IN_OPEN) < 0:
        raise OSError(ctypes.get_errno(), 'inotify_add_watch')
    return opened


def accepted(text: str) -> bool:
    """Give a text to all that reads XML; tell whether it is planned."""
    for read in (safe_xml.parse, redaction.domain_xml):
        with contextlib.suppress(exceptions.InvalidDomain):
            read(text)
    try:
        planned.plan({'version': 1, 'domain_xml': text})
    except exceptions.InvalidDomain:
        return False
    return True


@ddt.ddt
class HostileXmlTest(unittest.TestCase):
    @ddt.data(*BOMBS)
    def test_a_bomb_is_refused_while_it_is_small(self, name):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.assertFalse(accepted(BOMBS[name]))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown * 1024, 64 * MIB)

    @ddt.data(*READING)
    def test_no_file_is_read(self, name):
        with tempfile.TemporaryDirectory() as top:
            file = pathlib.Path(top, 'file')
            file.write_text('<!ELEMENT x ANY>')
            opened = watch(file)
            self.addCleanup(opened.close)
            for way in (f'file://{file}', str(file)):
                accepted(READING[name].format(way))
            self.assertIsNone(opened.read(100), 'it was opened')

    @ddt.data(*READING)
    def test_no_server_is_called(self, name):
        with socket.create_server(('127.0.0.1', 0)) as server:
            server.setblocking(False)
            port = server.getsockname()[1]
            for scheme in ('http', 'ftp'):
                way = f'{scheme}://127.0.0.1:{port}/x'
                accepted(READING[name].format(way))
            with self.assertRaises(BlockingIOError):
                server.accept()

    def test_what_is_opened_or_called_would_be_seen(self):
        # Or the two tests above would prove nothing.
        with tempfile.TemporaryDirectory() as top:
            file = pathlib.Path(top, 'file')
            file.write_text('x')
            opened = watch(file)
            self.addCleanup(opened.close)
            file.read_text()
            self.assertTrue(opened.read(100))
        with socket.create_server(('127.0.0.1', 0)) as server:
            server.setblocking(False)
            with socket.create_connection(server.getsockname()):
                server.accept()[0].close()

    def test_an_entity_that_names_nothing_is_refused_too(self):
        inside = '<!DOCTYPE domain [<!ENTITY x "y">]>' + b.domain()
        self.assertFalse(accepted(inside))
