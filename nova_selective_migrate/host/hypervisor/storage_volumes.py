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

"""Volumes of storage pools: what libvirt tells of one, and XML to make one."""

import dataclasses
import os

import libvirt
from lxml import etree

from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts


def of_path(
    virt: libvirt.virConnect, path: str
) -> storage_facts.StorageFacts | None:
    """Return the facts of a path that is in a pool of the host already.

    No pool is made for it: one of /dev would open every device.

    :returns: None where no pool that runs has it
    """
    try:
        found = facts(virt.storageVolLookupByPath(path))
    except libvirt.libvirtError:
        return None
    # Its size is the device's, and libvirt does not look what it holds.
    return dataclasses.replace(found, format=None)


def facts(volume: libvirt.virStorageVol) -> storage_facts.StorageFacts:
    """Return what libvirt saw of a volume when its pool was refreshed."""
    root = safe_xml.parse(volume.XMLDesc())
    kind = {
        'file': storage_facts.PathKind.FILE,
        'block': storage_facts.PathKind.BLOCK,
    }
    target_format = root.find('./target/format')
    return storage_facts.StorageFacts(
        exists=True,
        kind=kind.get(root.get('type', ''), storage_facts.PathKind.OTHER),
        virtual_bytes=_bytes(root, 'capacity'),
        allocated_bytes=_bytes(root, 'allocation'),
        format=None if target_format is None else target_format.get('type'),
    )


def empty_xml(name: str) -> str:
    """Return the XML of an empty raw file."""
    volume = etree.Element('volume')
    etree.SubElement(volume, 'name').text = name
    etree.SubElement(volume, 'capacity').text = '0'
    target = etree.SubElement(volume, 'target')
    etree.SubElement(target, 'format', type='raw')
    return safe_xml.render(volume)


def image_xml(image: destination_images.DestinationImage) -> str:
    """Return the XML of a sparse image; libvirt rounds its size up."""
    volume = etree.Element('volume')
    etree.SubElement(volume, 'name').text = os.path.basename(image.path)
    capacity = etree.SubElement(volume, 'capacity', unit='bytes')
    capacity.text = str(image.virtual_bytes)
    etree.SubElement(volume, 'allocation').text = '0'
    target = etree.SubElement(volume, 'target')
    etree.SubElement(target, 'format', type=image.format)
    if image.format == 'qcow2':
        # Version 3 knows zero clusters, which keep a thin disk thin.
        etree.SubElement(target, 'compat').text = '1.1'
    if image.backing_path:
        store = etree.SubElement(volume, 'backingStore')
        etree.SubElement(store, 'path').text = image.backing_path
        etree.SubElement(store, 'format', type=image.backing_format or 'raw')
    return safe_xml.render(volume)


def _bytes(root: etree._Element, tag: str) -> int | None:
    # libvirt prints volumes in bytes, always.
    text = root.findtext(f'./{tag}')
    return int(text) if text and text.isdecimal() else None
