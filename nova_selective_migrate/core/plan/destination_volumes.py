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

"""Give volumes the sources that they have at the destination.

nova does so where the serials are equal, and leaves all others as they are
(nova.virt.libvirt.migration._update_volume_xml).
"""

import collections.abc
import copy
import dataclasses

from lxml import etree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains

_PATH_ATTRIBUTES = {
    domains.SourceType.FILE: 'file',
    domains.SourceType.BLOCK: 'dev',
}


@dataclasses.dataclass(frozen=True)
class KeptVolume:
    """A disk that is a volume and must stay the same volume.

    :ivar label: the volume, for a person
    :ivar serial: that of its connection at the destination
    :ivar proven: whether its id or its source says which volume it is;
        otherwise its device name does, and its source stays as it is
    """

    target: str
    label: str
    serial: str | None
    proven: bool


def of_domain(
    domain: domains.Domain, matches: volume_matching.VolumeMatches
) -> tuple[KeptVolume, ...]:
    """List the volumes of a guest, in the order of its disks."""
    found = ((disk, matches.by_target[disk.target]) for disk in domain.disks)
    return tuple(
        KeptVolume(
            target=disk.target,
            label=joined.attachment.label,
            serial=joined.attachment.serial,
            proven=not joined.weak,
        )
        for disk, joined in found
        if joined.attachment is not None and disk.source is not None
    )


def connect(
    text: str,
    volumes: collections.abc.Iterable[KeptVolume],
    connection: collections.abc.Callable[[KeptVolume], str | None],
) -> str:
    """Check every volume against the destination's connection, or set it.

    :param text: the domain's XML for the destination
    :param connection: returns the ``<disk>`` of a volume as it has to be at
        the destination; None where that has not connected it
    :returns: the same text where nothing had to be changed
    :raises InvalidDomain: when a text cannot be parsed
    :raises PreparationFailed: when a volume would be another one there
    """
    root = safe_xml.parse(text)
    nodes: dict[str | None, etree._Element] = {
        target.get('dev'): disk
        for disk in root.iterfind('./devices/disk')
        for target in disk.iterfind('./target')
    }
    changed = False
    for volume in volumes:
        there = connection(volume)
        disk = nodes.get(volume.target)
        if disk is None or there is None:
            raise exceptions.PreparationFailed(
                f'{volume.target}: the destination has no connection of '
                f'{volume.label}, so that the guest would open another '
                'volume or none'
            )
        wanted = safe_xml.parse(there)
        if not volume.proven or _key(disk) == _key(wanted):
            continue
        _take(disk, wanted)
        if _key(disk) != _key(wanted):
            raise exceptions.PreparationFailed(
                f'{volume.target}: the destination has {volume.label} as '
                f'{_source(wanted).label}, which cannot take the place of '
                f'{_source(disk).label}'
            )
        changed = True
    return safe_xml.render(root) if changed else text


def _source(disk: etree._Element) -> domains.DiskSource:
    """Read the source of a <disk>, wherever that stands."""
    root = etree.Element('domain')
    copied = safe_xml.parse(safe_xml.render(disk))
    etree.SubElement(root, 'devices').append(copied)
    (found,) = domain_xml.parse(safe_xml.render(root)).disks
    return found.source or domains.DiskSource(domains.SourceType.OTHER)


def _key(disk: etree._Element) -> tuple[object, ...]:
    """Return what identifies the volume that a <disk> opens."""
    source = _source(disk)
    return (
        source.type,
        source.path,
        source.protocol,
        (source.name or '').lstrip('/'),
        frozenset((host.name, host.port, host.socket) for host in source.hosts)
        if source.type is domains.SourceType.NETWORK
        else None,
        source.pool,
        source.volume,
    )


def _take(disk: etree._Element, wanted: etree._Element) -> None:
    """Set the path or servers of a <source>, and keep the rest of it."""
    here, there = disk.find('./source'), wanted.find('./source')
    if here is None or there is None or disk.get('type') != wanted.get('type'):
        return
    attribute = _PATH_ATTRIBUTES.get(_source(wanted).type)
    names = [attribute] if attribute else ['protocol', 'name']
    for name in names:
        value = there.get(name)
        if value is not None:
            here.set(name, value)
    if attribute is None:
        for host in here.findall('./host'):
            here.remove(host)
        for number, host in enumerate(there.findall('./host')):
            here.insert(number, copy.deepcopy(host))
