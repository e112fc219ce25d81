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

"""Read a libvirt domain's XML: the only module that knows the schema."""

from lxml import etree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import device_xml
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.model import domains

# The attribute of <source> that holds the path, by disk type
# (libvirt docs/formatdomain: "Hard drives, floppy disks, CDROMs").
_PATH_ATTRIBUTE = {
    domains.SourceType.FILE: 'file',
    domains.SourceType.BLOCK: 'dev',
    domains.SourceType.DIR: 'dir',
    domains.SourceType.VHOSTUSER: 'path',
    domains.SourceType.VHOSTVDPA: 'dev',
}


def parse(text: str) -> domains.Domain:
    """Read a domain and its disks, in XML order.

    :raises InvalidDomain: when the text is no domain, or two disks have
        one target, or a disk has none
    """
    root = safe_xml.parse(text)
    if root.tag != 'domain':
        raise exceptions.InvalidDomain(
            f'the XML is not a domain but <{root.tag}>'
        )
    disks = tuple(_disk(node) for node in root.iterfind('./devices/disk'))
    seen: set[str] = set()
    for disk in disks:
        if disk.target in seen:
            raise exceptions.InvalidDomain(
                f'two disks of the domain have the target {disk.target!r}'
            )
        seen.add(disk.target)
    return domains.Domain(
        name=root.findtext('./name') or '',
        uuid=root.findtext('./uuid'),
        disks=disks,
        others=device_xml.parse(root),
    )


def _disk(node: etree._Element) -> domains.Disk:
    target = node.find('./target')
    dev = None if target is None else target.get('dev')
    if not dev:
        raise exceptions.InvalidDomain('a disk of the domain has no target')
    backing, chain_known = _backing(node)
    driver = node.find('./driver')
    alias = node.find('./alias')
    return domains.Disk(
        target=dev,
        device=_device(node, dev),
        source=_source(node),
        readonly=node.find('./readonly') is not None,
        shareable=node.find('./shareable') is not None,
        transient=node.find('./transient') is not None,
        serial=(node.findtext('./serial') or '').strip() or None,
        alias=None if alias is None else alias.get('name'),
        backing=backing,
        chain_known=chain_known,
        mirror=node.find('./mirror') is not None,
        startup_policy=_startup_policy(node),
        discard=None if driver is None else driver.get('discard'),
        detect_zeroes=(
            None if driver is None else driver.get('detect_zeroes')
        ),
    )


def _startup_policy(node: etree._Element) -> str | None:
    source = node.find('./source')
    return None if source is None else source.get('startupPolicy')


def _device(node: etree._Element, dev: str) -> domains.DiskDevice:
    name = node.get('device', 'disk')
    try:
        return domains.DiskDevice(name)
    except ValueError as err:
        raise exceptions.InvalidDomain(
            f'disk {dev!r} is of an unknown device type {name!r}'
        ) from err


def _backing(
    disk: etree._Element,
) -> tuple[tuple[domains.DiskSource, ...], bool]:
    """Follow <backingStore>; an empty one ends the chain."""
    chain: list[domains.DiskSource] = []
    node = disk.find('./backingStore')
    while node is not None:
        source = _source(node)
        if source is None:
            return tuple(chain), True
        chain.append(source)
        node = node.find('./backingStore')
    return tuple(chain), False


def _source(node: etree._Element) -> domains.DiskSource | None:
    """Read the <source> of a disk or of an image; None where empty."""
    source = node.find('./source')
    kind = _source_type(node)
    if source is None:
        # A type that we do not know may have its path elsewhere.
        other = kind is domains.SourceType.OTHER
        return domains.DiskSource(kind) if other else None
    attribute = _PATH_ATTRIBUTE.get(kind)
    path = source.get(attribute) if attribute else None
    if kind is domains.SourceType.NVME:
        path = _pci_address(source)
    found = domains.DiskSource(
        type=kind,
        path=path or None,
        format=_format(node),
        protocol=source.get('protocol'),
        name=source.get('name'),
        hosts=tuple(_host(host) for host in source.iterfind('./host')),
        pool=source.get('pool'),
        volume=source.get('volume'),
        encrypted=_encrypted(node, source),
        data_file=_data_file(source),
    )
    return None if _empty(found) else found


def _source_type(node: etree._Element) -> domains.SourceType:
    try:
        return domains.SourceType(node.get('type', 'file'))
    except ValueError:
        return domains.SourceType.OTHER


def _empty(source: domains.DiskSource) -> bool:
    """Return whether a drive is empty (virStorageSourceIsEmpty)."""
    if source.type is domains.SourceType.NETWORK:
        return not source.protocol
    if source.type is domains.SourceType.VOLUME:
        return not source.pool and not source.volume
    return source.type in _PATH_ATTRIBUTE and not source.path


def _format(node: etree._Element) -> str | None:
    # A disk has its format in <driver>, an image below it in <format>.
    for tag in ('driver', 'format'):
        found = node.find(f'./{tag}')
        if found is not None and found.get('type'):
            return str(found.get('type'))
    return None


def _encrypted(node: etree._Element, source: etree._Element) -> bool:
    # libvirt takes <encryption> below <disk> (old) and below <source>.
    return any(n.find('./encryption') is not None for n in (node, source))


def _data_file(source: etree._Element) -> domains.DiskSource | None:
    store = source.find('./dataStore')
    if store is None:
        return None
    # A source without a path is still a source, not an empty drive.
    return _source(store) or domains.DiskSource(domains.SourceType.OTHER)


def _host(host: etree._Element) -> domains.NetworkHost:
    return domains.NetworkHost(
        name=host.get('name'),
        port=host.get('port'),
        transport=host.get('transport', 'tcp'),
        socket=host.get('socket'),
    )


def _pci_address(source: etree._Element) -> str | None:
    """Write the address of an NVMe controller as sysfs does."""
    address = source.find('./address')
    if address is None:
        return None
    try:
        parts = [
            int(address.get(key, '0'), 0)
            for key in ('domain', 'bus', 'slot', 'function')
        ]
    except ValueError:
        return None
    return 'pci {:04x}:{:02x}:{:02x}.{:x}'.format(*parts)
