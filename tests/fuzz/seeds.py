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

"""Where a fuzzer starts: the scenarios of the planner's own tests."""

import pathlib

from tests.unit.core import builders as b
from tests.unit.core import scenarios
from tests.unit.core import test_bad_input

WORDS = (
    *('<disk ', '</disk>', '<source ', '<target ', '<readonly/>', '<driver '),
    *('<shareable/>', '<transient/>', '<backingStore', '<serial>', '<host '),
    *('<!DOCTYPE ', '<!ENTITY ', '<![CDATA[', ']]>', '<!--', '-->', '<?xml '),
    *('type="file"', 'type="block"', 'type="network"', 'type="volume"'),
    *('dev="vda"', 'file="/a"', 'protocol="rbd"', 'device="lun"', '&#10;'),
    *('"block_device_mapping":', '"connection_info":', '"data":', '"serial":'),
    *('"mount_device":', '"driver_volume_type":', '"device_path":', 'null'),
    *('"target_iqns":', '"target_luns":', '"export":', '"name":', '"rbd"'),
    *('"storage":', '"source":', '"destination":', '"fstype":', '"ext4"'),
    *('"identity":', '"options":', '"prepared":', '"create_images":', 'true'),
    *('\\\\040', '\\\\134', ' - ', '\\x00', '\\xff', '1e999', '\\\\ud800'),
)


def of(target: str) -> list[bytes]:
    """Return the seeds of one target."""
    cases = [s.case for found in scenarios.SCENARIOS.values() for s in found]
    return {
        'domain_xml': [
            *(case['domain_xml'].encode() for case in cases),
            *(_encoded(text) for text in test_bad_input.DOMAINS.values()),
        ],
        'block_device_info': [
            b.text(found).encode()
            for case in cases
            if (found := case.get('block_device_info')) is not None
        ]
        + [b.text(b.mapping(*_rows())).encode()],
        'case': [b.text(case).encode() for case in cases],
        'mountinfo': [
            pathlib.Path('/proc/self/mountinfo').read_bytes(),
            b'a b\tc\nd\\e#f\0srv:/x\\040y',
            'nel\x85\u2028\0'.encode(),
            b'\xff\xfe\0\\134\\04',
        ],
    }[target]


def _encoded(text: str) -> bytes:
    return text.encode(errors='surrogatepass')


def _rows() -> list[b.Tree]:
    return [
        b.row(
            f'vd{"abcde"[number]}',
            b.VOLUMES[number % 3],
            driver=driver,
            name='volumes/image',
            export='srv:/exp',
            device_path='/data/a',
            target_iqns=['iqn'],
            target_luns=[1],
        )
        for number, driver in enumerate(('nfs', 'rbd', 'iscsi', 'local', None))
    ]
