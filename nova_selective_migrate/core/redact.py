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

"""Keep of a domain and of a mapping what a decision needs, no secret.

Both are lists of what stays: an element or key that we do not know is
dropped, so that no credential of tomorrow's libvirt or os-brick slips in.
"""

import re
import typing

from lxml import etree

from nova_selective_migrate.core import attachments
from nova_selective_migrate.core import xml

Json = typing.Any

# The children and attributes of each element that stay.
_DOMAIN = ('name', 'uuid')
_DISK_CHILDREN = {
    'disk': [
        *('driver', 'source', 'backingStore', 'mirror', 'target'),
        *('readonly', 'shareable', 'transient', 'serial', 'alias'),
        # <encryption> stands here in old domains, below <source> in new.
        *('address', 'encryption'),
    ],
    'backingStore': ['format', 'source', 'backingStore'],
    'mirror': ['format', 'source'],
    'dataStore': ['format', 'source'],
    'source': ['host', 'address', 'encryption', 'dataStore'],
}
_ATTRIBUTES = {
    'domain': {'type'},
    'disk': {'type', 'device'},
    'driver': {'name', 'type', 'cache', 'discard', 'detect_zeroes'},
    'source': {
        *('file', 'dev', 'dir', 'path', 'protocol', 'name', 'pool'),
        *('volume', 'mode', 'type', 'namespace', 'startupPolicy'),
    },
    'host': {'name', 'port', 'transport', 'socket'},
    'format': {'type'},
    'backingStore': {'type'},
    'mirror': {'type', 'job', 'ready'},
    'dataStore': {'type'},
    'target': {'dev', 'bus'},
    'alias': {'name'},
    'encryption': {'format'},
    'address': {
        *('type', 'domain', 'bus', 'slot', 'function'),
        *('controller', 'target', 'unit'),
    },
}
_TEXT = ('name', 'uuid', 'serial')

_USERINFO = re.compile(r'//[^/@\s]*@')
# QEMU's own notations of a source, which can hold keys and passwords.
_INLINE_OPTIONS = re.compile(r'^(json:|rbd:[^:]*:|https?://[^?]*\?).*', re.S)


def domain_xml(text: str) -> str:
    """Reduce a domain's XML to its name, uuid and disks.

    :raises InvalidDomain: when the text cannot be parsed
    """
    root = xml.parse(text)
    if root.tag != 'domain':
        return f'<{root.tag}/>'
    kept = etree.Element('domain')
    _copy_attributes(root, kept)
    for child in root:
        if child.tag == 'devices':
            devices = etree.SubElement(kept, 'devices')
            for disk in child.iterfind('./disk'):
                _keep(disk, devices)
        elif child.tag in _DOMAIN:
            etree.SubElement(kept, child.tag).text = child.text
    return xml.render(kept)


def block_device_info(info: Json) -> Json:
    """Reduce nova's block_device_info to what locates the volumes.

    :raises InvalidCase: when the structure is not nova's
    """
    if info is None:
        return None
    mapping = [_row(row) for row in attachments.rows(info)]
    return {
        'root_device_name': info.get('root_device_name'),
        'block_device_mapping': mapping,
    }


def uri(text: str) -> str:
    """Drop user and password of a URI."""
    return _USERINFO.sub('//', text)


def _keep(node: etree._Element, parent: etree._Element) -> None:
    kept = etree.SubElement(parent, node.tag)
    _copy_attributes(node, kept)
    if node.tag in _TEXT:
        kept.text = node.text
    for child in node:
        if child.tag in _DISK_CHILDREN.get(node.tag, ()):
            _keep(child, kept)


def _copy_attributes(node: etree._Element, kept: etree._Element) -> None:
    for name in sorted(_ATTRIBUTES.get(node.tag, ())):
        value = node.get(name)
        if value is not None:
            kept.set(name, _clean(value))


def _clean(value: str) -> str:
    return _INLINE_OPTIONS.sub(r'\1', uri(value))


def _row(row: dict[str, Json]) -> dict[str, Json]:
    connection = attachments.json_object(
        row.get('connection_info'), 'connection_info'
    )
    data = attachments.json_object(
        connection.get('data'), 'connection_info.data'
    )
    kept: dict[str, Json] = {
        key: connection[key]
        for key in ('driver_volume_type', 'serial', 'volume_id')
        if connection.get(key) is not None
    }
    kept['data'] = {
        key: _clean_value(data[key])
        for key in attachments.DATA_KEYS
        if data.get(key) is not None
    }
    found: dict[str, Json] = {'mount_device': row.get('mount_device')}
    if row.get('volume_id') is not None:
        found['volume_id'] = row['volume_id']
    found['connection_info'] = kept if connection else None
    return found


def _clean_value(value: Json) -> Json:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, list):
        return [_clean_value(item) for item in value]
    return value if isinstance(value, int) else None
