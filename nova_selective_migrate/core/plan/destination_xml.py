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

"""Change a domain's XML for what a migration makes of its disks."""

import collections.abc
import dataclasses

from lxml import etree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.model import domains

Drivers = collections.abc.Mapping[str, collections.abc.Mapping[str, str]]
#: Where disks are there, by target.
Placed = collections.abc.Mapping[str, destination_places.DestinationPlace]
# The attribute of <source> that holds a path, by disk type.
_PATHS = {domains.SourceType.FILE: 'file', domains.SourceType.BLOCK: 'dev'}
_SOURCE_NAMES = ('file', 'dev', 'pool', 'volume', 'mode')


@dataclasses.dataclass(frozen=True)
class Changes:
    """How the copied disks differ in the XML for the destination.

    :ivar flattened: targets whose backing chain ends at the top image
    :ivar drivers: by target, attributes of <driver> and their values
    :ivar renamed: by target, the path that a device has there
    :ivar placed: by target, the place of a disk that is elsewhere there or
        of another format
    """

    flattened: collections.abc.Collection[str] = ()
    drivers: Drivers = dataclasses.field(default_factory=dict)
    renamed: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    placed: Placed = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(
            self.flattened or self.drivers or self.renamed or self.placed
        )


def flatten(text: str, targets: collections.abc.Collection[str]) -> str:
    """End the backing chain of the named disks at their top image.

    :raises InvalidDomain: when the text cannot be parsed
    """
    return for_copy(text, Changes(targets))


def for_copy(text: str, changes: Changes) -> str:
    """Adapt the XML of the copied disks for the destination.

    Target dev, bus, alias, address and serial stay: libvirt names the NBD
    exports by them on both sides, and the guest knows its disks by them.

    :raises InvalidDomain: when the text cannot be parsed
    """
    root = safe_xml.parse(text)
    for disk in root.iterfind('./devices/disk'):
        target = disk.find('./target')
        if target is None:
            continue
        name = target.get('dev', '')
        if name in changes.flattened:
            for store in disk.findall('./backingStore'):
                disk.remove(store)
            # An empty element says that the chain ends here; none at all
            # would have libvirt look into the image.
            target.addprevious(etree.Element('backingStore'))
        source = disk.find('./source')
        path = changes.renamed.get(name)
        if path is not None and source is not None:
            source.set('dev', path)
        place = changes.placed.get(name)
        if place is not None and source is not None:
            _put(disk, source, place)
        _drive(disk, changes.drivers.get(name, {}))
    return safe_xml.render(root)


def _put(
    disk: etree._Element,
    source: etree._Element,
    place: destination_places.DestinationPlace,
) -> None:
    """Have a disk at another place, or in another format.

    A slice is of the source's file: the image there has its content alone.
    """
    if place.by:
        for name in _SOURCE_NAMES:
            source.attrib.pop(name, '')
        disk.set('type', place.type.value)
        if place.type is domains.SourceType.VOLUME:
            source.set('pool', place.pool or '')
            source.set('volume', place.volume or '')
        else:
            source.set(_PATHS[place.type], place.path or '')
    for part in source.findall('./slices'):
        source.remove(part)
    _drive(disk, {'type': place.format})
    driver = disk.find('./driver')
    if driver is not None and place.format == 'raw':
        # libvirt takes these of qcow2 alone.
        driver.attrib.pop('discard_no_unref', '')
        for part in driver.findall('./metadata_cache'):
            driver.remove(part)


def _drive(
    disk: etree._Element, wanted: collections.abc.Mapping[str, str]
) -> None:
    """Set attributes of the <driver> of a disk."""
    driver = disk.find('./driver')
    if wanted and driver is None:
        driver = etree.Element('driver', name='qemu')
        disk.insert(0, driver)
    if driver is not None:
        for name, value in wanted.items():
            driver.set(name, value)


def of_definition(text: str, live: str, changes: Changes) -> str:
    """Adapt the same disks in the domain's definition.

    A disk that will be another one at the next start stays as it is. What
    keeps zeroes from taking room is of what runs alone.

    :param live: XML of what runs
    :raises InvalidDomain: when a text cannot be parsed
    """
    running = {d.target: d.source for d in domain_xml.parse(live).disks}
    same = [
        disk.target
        for disk in domain_xml.parse(text).disks
        if disk.source == running.get(disk.target)
    ]
    return for_copy(
        text,
        Changes(
            [target for target in changes.flattened if target in same],
            {},
            {k: path for k, path in changes.renamed.items() if k in same},
            {k: place for k, place in changes.placed.items() if k in same},
        ),
    )


def keep_targets(text: str, live: str) -> str:
    """Give every disk the target that it has where it runs.

    nova names a volume by its block device mapping, whose device name goes
    stale (nova.virt.libvirt.migration._update_volume_xml). The order of the
    disks is the same in both texts.

    :param live: XML of what runs
    :raises InvalidDomain: when a text cannot be parsed, or the disks of
        both are not the same ones
    """
    root, running = safe_xml.parse(text), safe_xml.parse(live)
    disks = root.findall('./devices/disk')
    here = running.findall('./devices/disk')
    if len(disks) != len(here):
        raise exceptions.InvalidDomain(
            f'the destination XML has {len(disks)} disks, the domain '
            f'{len(here)}'
        )
    changed = False
    for disk, same in zip(disks, here, strict=True):
        target, kept = disk.find('./target'), same.find('./target')
        if target is None or kept is None:
            continue
        if target.get('dev') != kept.get('dev'):
            target.set('dev', kept.get('dev', ''))
            changed = True
    return safe_xml.render(root) if changed else text
