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

from lxml import etree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import safe_xml


def flatten(text: str, targets: collections.abc.Collection[str]) -> str:
    """End the backing chain of the named disks at their top image.

    :raises InvalidDomain: when the text cannot be parsed
    """
    return for_copy(text, targets, {})


_NO_PATHS: collections.abc.Mapping[str, str] = {}


def for_copy(
    text: str,
    flattened: collections.abc.Collection[str],
    drivers: collections.abc.Mapping[str, collections.abc.Mapping[str, str]],
    renamed: collections.abc.Mapping[str, str] = _NO_PATHS,
) -> str:
    """Adapt the XML of the copied disks for the destination.

    Target dev, bus, alias and address stay: libvirt names the NBD exports
    by them on both sides.

    :param flattened: targets whose backing chain ends at the top image
    :param drivers: by target, attributes of <driver> and their values
    :param renamed: by target, the path that a device has there
    :raises InvalidDomain: when the text cannot be parsed
    """
    root = safe_xml.parse(text)
    for disk in root.iterfind('./devices/disk'):
        target = disk.find('./target')
        if target is None:
            continue
        if target.get('dev') in flattened:
            for store in disk.findall('./backingStore'):
                disk.remove(store)
            # An empty element says that the chain ends here; none at all
            # would have libvirt look into the image.
            target.addprevious(etree.Element('backingStore'))
        source = disk.find('./source')
        path = renamed.get(target.get('dev', ''))
        if path is not None and source is not None:
            source.set('dev', path)
        wanted = drivers.get(target.get('dev', ''))
        if wanted:
            driver = disk.find('./driver')
            if driver is None:
                driver = etree.Element('driver', name='qemu')
                disk.insert(0, driver)
            for name, value in wanted.items():
                driver.set(name, value)
    return safe_xml.render(root)


def of_definition(
    text: str,
    live: str,
    flattened: collections.abc.Collection[str],
    renamed: collections.abc.Mapping[str, str] = _NO_PATHS,
) -> str:
    """Adapt the same disks in the domain's definition.

    A disk that will be another one at the next start stays as it is.

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
        [target for target in flattened if target in same],
        {},
        {k: path for k, path in renamed.items() if k in same},
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
