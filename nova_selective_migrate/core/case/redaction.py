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

"""Reduce a domain and a block device mapping to what decisions need.

Lists of allowed elements and keys, not of secrets: an unknown one is dropped,
so that no credential of a later libvirt or os-brick gets into a case.
"""

import collections.abc
import dataclasses
import re
import typing

from lxml import etree

from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import device_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import qemu_arguments
from nova_selective_migrate.core.case import safe_xml

Json = typing.Any
Keys = collections.abc.Iterable[str]

# The children and attributes of each element that are kept.
_DOMAIN = ('name', 'uuid')
_CHILDREN = {
    'disk': [
        *('driver', 'source', 'backingStore', 'mirror', 'target'),
        *('readonly', 'shareable', 'transient', 'serial', 'alias'),
        # Old domains have <encryption> here, new ones below <source>.
        *('address', 'encryption'),
    ],
    'backingStore': ['format', 'source', 'backingStore'],
    'mirror': ['format', 'source'],
    'dataStore': ['format', 'source'],
    'source': ['host', 'address', 'encryption', 'dataStore', 'path'],
    # Devices other than disks that can stop a migration.
    'filesystem': ['driver', 'source', 'target'],
    'hostdev': ['source', 'teaming'],
    'interface': ['teaming'],
    'shmem': ['model'],
    'video': ['model'],
    'tpm': ['backend'],
    'os': ['nvram'],
    'nvram': ['source'],
    'memory': ['source'],
}
_DEVICES = (
    *('disk', 'filesystem', 'hostdev', 'interface', 'shmem', 'video', 'tpm'),
    'memory',
)
# Of network interfaces only those that are devices of the host.
_HOST_INTERFACES = ('hostdev', 'vdpa')
_ATTRIBUTES = {
    'domain': {'type'},
    'disk': {'type', 'device'},
    'driver': {'name', 'type', 'cache', 'discard', 'detect_zeroes'},
    'source': {
        *('file', 'dev', 'dir', 'path', 'protocol', 'name', 'pool'),
        *('volume', 'mode', 'type', 'namespace', 'startupPolicy'),
        'socket',
    },
    'host': {'name', 'port', 'transport', 'socket'},
    'format': {'type'},
    'backingStore': {'type'},
    'mirror': {'type', 'job', 'ready'},
    'dataStore': {'type'},
    'target': {'dev', 'bus', 'dir'},
    'filesystem': {'type'},
    'hostdev': {'mode', 'type'},
    'interface': {'type'},
    'teaming': {'type'},
    'shmem': {'role'},
    'memory': {'model', 'access'},
    'model': {'type'},
    'backend': {'type'},
    'alias': {'name'},
    'encryption': {'format'},
    'address': {
        *('type', 'domain', 'bus', 'slot', 'function'),
        *('controller', 'target', 'unit'),
    },
}
_TEXT = ('name', 'uuid', 'serial', 'nvram', 'path')

_USERINFO = re.compile(r'^((?:[a-z][a-z0-9+.-]*:)?//)[^/\s]*@', re.I)
# QEMU's own notations of a source, which can hold keys and passwords.
_INLINE_OPTIONS = re.compile(r'^(json:|rbd:[^:]*:|\w+://[^?]*\?).*', re.S)
# The protocols whose names are URLs, which can end in a query.
# [mds[,mds...]:/]cluster[:password] (nova.virt.libvirt.volume.vzstorage)
_VZ_PASSWORD = re.compile(r'^((?:\S+:/)?[\w-]+)(?::(?!/).*)?$', re.S)
_URL_PROTOCOLS = ('http', 'https', 'ftp', 'ftps', 'tftp', 'ssh')
# A path may contain any character: //a@b/c is one. Only with a password
# in it, //a:b@c/d, it is taken for a URI.
_PATHS = ('file', 'dev', 'dir', 'path', 'device_path', 'socket')
_NO_PATH = re.compile(r'^([a-z][a-z0-9+.-]*:)//|^//[^/\s]*:[^/\s]*@', re.I)


def domain_xml(text: str) -> str:
    """Reduce a domain's XML to its name, uuid and what is decided on.

    :raises InvalidDomain: when the text cannot be parsed
    """
    root = safe_xml.parse(text)
    if root.tag != 'domain':
        return f'<{root.tag}/>'
    kept = etree.Element('domain')
    _copy_attributes(root, kept)
    for child in root:
        if child.tag == 'devices':
            devices = etree.SubElement(kept, 'devices')
            for device in child:
                if device.tag in _DEVICES and _counts(device):
                    _keep(device, devices)
        elif child.tag == 'os' and child.find('./nvram') is not None:
            _keep(child, kept)
        elif child.tag in _DOMAIN:
            etree.SubElement(kept, child.tag).text = child.text
    arguments = qemu_arguments.reduced(root)
    if arguments is not None:
        kept.append(arguments)
    return safe_xml.render(kept)


def block_device_info(info: Json) -> Json:
    """Reduce nova's block_device_info to what locates the volumes.

    :raises InvalidCase: when the structure is not nova's
    """
    if info is None:
        return None
    mapping = [_row(row) for row in block_device_mapping.rows(info)]
    return {
        'root_device_name': _clean_value(
            'root_device_name', info.get('root_device_name')
        ),
        'block_device_mapping': mapping,
    }


def case(recorded: migration_case.Case) -> migration_case.Case:
    """Reduce a case that may come from elsewhere.

    :raises InvalidInput: when its domain or its mapping cannot be read
    """
    definition = recorded.persistent_xml
    options = recorded.options
    return dataclasses.replace(
        recorded,
        domain_xml=domain_xml(recorded.domain_xml),
        block_device_info=block_device_info(recorded.block_device_info),
        persistent_xml=definition and domain_xml(definition),
        options=dataclasses.replace(
            options,
            destination_uri=uri(options.destination_uri or '') or None,
            migrate_uri=uri(options.migrate_uri or '') or None,
        ),
    )


def uri(text: str) -> str:
    """Drop user and password of a URI."""
    return _USERINFO.sub(r'\1', text)


def anywhere(text: str) -> str:
    """Drop user and password of a URI inside another notation."""
    return re.sub(r'//[^/\s]*@', '//', text)


def _counts(device: etree._Element) -> bool:
    if device.tag == 'memory':
        return device.get('model') in device_xml.PERSISTENT_MODELS
    if device.tag != 'interface':
        return True
    return device.get('type') in _HOST_INTERFACES


def _keep(node: etree._Element, parent: etree._Element) -> None:
    kept = etree.SubElement(parent, node.tag)
    _copy_attributes(node, kept)
    if node.tag in _TEXT:
        kept.text = node.text
    for child in node:
        if child.tag in _CHILDREN.get(node.tag, ()):
            _keep(child, kept)


def _copy_attributes(node: etree._Element, kept: etree._Element) -> None:
    for name in sorted(_ATTRIBUTES.get(node.tag, ())):
        value = node.get(name)
        if value is not None:
            kept.set(name, _clean(name, value))
    if node.get('protocol') in _URL_PROTOCOLS and node.get('name'):
        kept.set('name', kept.get('name', '').partition('?')[0])


def _clean(name: str, value: str) -> str:
    is_path = name in _PATHS and not _NO_PATH.match(value)
    cleaned = value if is_path else uri(value)
    return _INLINE_OPTIONS.sub(r'\1', cleaned)


def _row(row: dict[str, Json]) -> dict[str, Json]:
    connection = block_device_mapping.json_object(
        row.get('connection_info'), 'connection_info'
    )
    data = block_device_mapping.json_object(
        connection.get('data'), 'connection_info.data'
    )
    ids = ('driver_volume_type', 'serial', 'volume_id')
    kept = _clean_values(connection, ids)
    where = _clean_values(data, block_device_mapping.DATA_KEYS)
    export = where.get('export')
    if kept.get('driver_volume_type') == 'vzstorage' and export:
        where['export'] = _VZ_PASSWORD.sub(r'\1', str(export))
    kept['data'] = where
    found = _clean_values(row, ('mount_device', 'volume_id'))
    found['connection_info'] = kept if connection else None
    return found


def _clean_values(tree: dict[str, Json], keys: Keys) -> dict[str, Json]:
    values = {key: _clean_value(key, tree.get(key)) for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def _clean_value(name: str, value: Json) -> Json:
    if isinstance(value, str):
        return _clean(name, value)
    if isinstance(value, list) and name in block_device_mapping.LIST_KEYS:
        return [_clean_value(name, item) for item in value]
    return value if isinstance(value, int) else None
