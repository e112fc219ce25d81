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

"""What redacting keeps: all that a decision may need."""

import unittest
from xml.etree import ElementTree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from tests.unit.core import builders as b

#: All that a decision may need, and nothing else.
_ADDRESS = """
<address type="drive" domain="0" bus="1" slot="2" function="3"
  controller="4" target="5" unit="6"/>
"""
_SOURCE = f"""
<source file="/f" dev="/d" dir="/r" path="/p" protocol="nbd" name="n"
  pool="o" volume="v" mode="host" type="pci" namespace="1"
  startupPolicy="optional">
<host name="h" port="1" transport="tcp" socket="/s"/>{_ADDRESS}
<encryption format="luks"/>
<dataStore type="file"><format type="raw"/><source file="/s"/></dataStore>
</source>
"""
_IMAGE = f'<format type="qcow2"/>{_SOURCE}'
NEEDED = f"""
<domain type="kvm"><name>n</name><uuid>{b.UUID}</uuid><devices>
<disk type="file" device="disk">
<driver name="qemu" type="qcow2" cache="none" discard="unmap"
  detect_zeroes="on"/>
{_SOURCE}
<backingStore type="file">{_IMAGE}
<backingStore type="file">{_IMAGE}<backingStore/></backingStore>
</backingStore>
<mirror type="file" job="copy" ready="yes">{_IMAGE}</mirror>
<target dev="vda" bus="virtio"/><readonly/><shareable/><transient/>
<serial>s</serial><alias name="a"/>{_ADDRESS}<encryption format="luks"/>
</disk></devices></domain>
"""
_LOCATING = {
    'volume_id': 'i',
    'name': 'n',
    'export': 'srv:/e',
    'device_path': '/dev/x',
    'path': '/dev/y',
    'target_iqn': 'iqn',
    'target_lun': 1,
    'target_wwn': ['w', 'x'],
    'target_iqns': ['i', 'j'],
    'target_luns': [1, 2],
}
MAPPING = {
    'root_device_name': '/dev/vda',
    'block_device_mapping': [
        {
            'mount_device': '/dev/vdb',
            'volume_id': 'v',
            'connection_info': {
                'driver_volume_type': 'iscsi',
                'serial': 's',
                'volume_id': 'c',
                'data': _LOCATING,
            },
        },
        {'mount_device': '/dev/vdc', 'connection_info': None},
    ],
}


class KeptTest(unittest.TestCase):
    maxDiff = None

    def _canonical(self, text):
        return ElementTree.canonicalize(text, strip_text=True)

    def test_a_domain(self):
        self.assertEqual(
            self._canonical(NEEDED),
            self._canonical(redaction.domain_xml(NEEDED)),
        )

    def test_a_mapping(self):
        self.assertEqual(MAPPING, redaction.block_device_info(MAPPING))

    def test_what_is_no_domain_stays_none(self):
        self.assertEqual('<network/>', redaction.domain_xml('<network/>'))

    def test_sources_without_a_secret(self):
        for name in (
            '/srv//tenant@site/vda',
            '//tenant@site/vda',
            'pool/image@snapshot',
            'rbd:pool/image',
            'http://server/x',
        ):
            with self.subTest(name=name):
                row = b.row('vdb', b.VOLUME, 'x', device_path=name)
                kept = redaction.block_device_info(b.mapping(row))
                (found,) = kept['block_device_mapping']
                self.assertEqual(
                    name, found['connection_info']['data']['device_path']
                )

    def test_paths_that_look_like_a_uri(self):
        path = '//tenant@site/x'
        for make in (b.file, b.block, b.directory, b.vhostuser):
            with self.subTest(make=make):
                kept = redaction.domain_xml(
                    b.domain(b.disk('vda', make(path)))
                )
                self.assertIn(f'="{path}"', kept)
        row = b.row('vdb', b.VOLUME, 'x', path=path, export=path)
        (found,) = redaction.block_device_info(b.mapping(row))[
            'block_device_mapping'
        ]
        self.assertEqual(
            {'path': path, 'export': '//site/x'},
            found['connection_info']['data'],
        )

    def test_what_is_no_object(self):
        for row, said in (
            ({'connection_info': [1]}, 'connection_info is not an object'),
            (
                {'connection_info': {'data': [1]}},
                'connection_info.data is not an object',
            ),
        ):
            with self.assertRaises(exceptions.InvalidCase) as caught:
                redaction.block_device_info({'block_device_mapping': [row]})
            self.assertEqual(said, str(caught.exception))

    def test_what_is_left_of_a_source(self):
        for name, left in (
            ('http://user:p@server/x', 'http://server/x'),
            ('HTTP://user:p@server/x', 'HTTP://server/x'),
            ('//user:p@server/share', '//server/share'),
            ('https://server/x?token=t', 'https://server/x?'),
            ('json:{"a":\n"b"}', 'json:'),
            ('rbd:pool/image:key=k', 'rbd:pool/image:'),
        ):
            with self.subTest(name=name):
                row = b.row('vdb', b.VOLUME, 'x', device_path=name)
                kept = redaction.block_device_info(b.mapping(row))
                (found,) = kept['block_device_mapping']
                self.assertEqual(
                    left, found['connection_info']['data']['device_path']
                )

    def test_a_uri_in_another_notation(self):
        self.assertEqual(
            'a //there/b //here/c',
            redaction.anywhere('a //u:p@there/b //v@here/c'),
        )

    def test_queries_of_urls_alone(self):
        for protocol in ('http', 'https', 'ftp', 'ftps', 'tftp', 'ssh'):
            with self.subTest(protocol=protocol):
                kept = redaction.domain_xml(
                    b.domain(
                        b.disk('vda', b.network(protocol, 'x?t=1?u', 'h'))
                    )
                )
                self.assertIn('name="x"', kept)
                bare = b.disk('vda', b.network(protocol, None))
                self.assertNotIn(
                    'name=""', redaction.domain_xml(b.domain(bare))
                )
        kept = redaction.domain_xml(b.domain(b.disk('vda', b.rbd('p/i?x'))))
        self.assertIn('name="p/i?x"', kept)
