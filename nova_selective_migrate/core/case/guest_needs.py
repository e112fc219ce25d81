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


"""Read from a guest's XML what it needs of any host."""

import collections.abc

from lxml import etree

from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.model import destination_readiness

# libvirt docs/formatdomain, "Memory allocation"; KiB without a unit.
_UNITS = {
    'b': 1,
    'bytes': 1,
    **{f'{letter}B': 1000**n for n, letter in enumerate('KMGT', 1)},
    **{f'{letter}iB': 1024**n for n, letter in enumerate('KMGT', 1)},
    **{letter: 1024**n for n, letter in enumerate('kMGT', 1)},
}
# With the others libvirt gives QEMU the CPU as it is, and asks for nothing
# (qemuProcessStartValidate, qemuProcessVerifyCPU).
_CHECKED = ('partial', 'full')
# Where a domain names models of devices, and where domain capabilities list
# those of a QEMU (libvirt docs/formatdomaincaps).
_MODELS = (
    ('video/model', 'type', 'modelType'),
    ('graphics', 'type', 'type'),
    ('tpm/backend', 'type', 'backendModel'),
    ('channel', 'type', 'type'),
    ('redirdev', 'bus', 'bus'),
)
_PASSED_THROUGH = 'host-passthrough'


def parse(text: str) -> destination_readiness.GuestNeeds:
    """Read the XML of a running guest.

    Its CPU is the one that QEMU has given it. The migratable XML has that of
    the definition, and libvirt sends the other beside it
    (qemuMigrationCookieAddCPU).

    :raises InvalidDomain: when the text cannot be parsed
    """
    root = safe_xml.parse(text)
    kind = root.find('./os/type')
    cpu = root.find('./cpu')
    sizes = _page_sizes(root)
    return destination_readiness.GuestNeeds(
        emulator=(root.findtext('./devices/emulator') or '').strip(),
        arch='' if kind is None else kind.get('arch', ''),
        machine='' if kind is None else kind.get('machine', ''),
        virt_type=root.get('type', ''),
        cpu_xml=_checked(cpu),
        cpu_unchecked=_unchecked(cpu),
        memory_bytes=_bytes(root.find('./memory')),
        page_kib=sizes[0] if len(sizes) == 1 else None,
        pages_vary=len(sizes) > 1 or None in sizes,
        locked=root.find('./memoryBacking/locked') is not None,
        networks=tuple(dict.fromkeys(_networks(root))),
        devices=tuple(dict.fromkeys(_devices(root))),
        models=tuple(dict.fromkeys(_models(root))),
    )


def _checked(cpu: etree._Element | None) -> str:
    if (
        cpu is None
        or cpu.get('mode', 'custom') == _PASSED_THROUGH
        or cpu.get('check') not in _CHECKED
        or cpu.find('./model') is None
    ):
        return ''
    return safe_xml.render(cpu)


def _unchecked(cpu: etree._Element | None) -> str:
    if cpu is not None and cpu.get('mode') == _PASSED_THROUGH:
        return (
            'it is the CPU of its host (host-passthrough), which libvirt '
            'compares with no other: both hosts have to have the same'
        )
    return ''


def _bytes(node: etree._Element | None) -> int | None:
    """Read a size; None where it is none."""
    text = '' if node is None else (node.text or '').strip()
    if node is None or not text.isdecimal():
        return None
    unit = _UNITS.get(node.get('unit', 'KiB'))
    return int(text) * unit if unit else None


def _page_sizes(root: etree._Element) -> list[int | None]:
    """Read sizes of huge pages in KiB.

    0 is the size that the host has by default; None one that some of the
    memory has alone.
    """
    pages = root.find('./memoryBacking/hugepages')
    if pages is None:
        return []
    found: list[int | None] = []
    for page in pages.iterfind('./page'):
        unit = _UNITS.get(page.get('unit', 'KiB'))
        size = page.get('size', '')
        whole = page.get('nodeset') is None
        known = unit is not None and size.isdecimal() and whole
        found.append(int(size) * (unit or 0) // 2**10 if known else None)
    return found or [0]


def _networks(root: etree._Element) -> collections.abc.Iterator[str]:
    for node in root.iterfind("./devices/interface[@type='network']/source"):
        if name := node.get('network'):
            yield name


def _devices(root: etree._Element) -> collections.abc.Iterator[str]:
    """Find bridges, and devices below macvtap.

    A bridge of Open vSwitch may bear a name that no device of the kernel
    has.
    """
    for node in root.iterfind("./devices/interface[@type='bridge']"):
        source = node.find('./source')
        if source is None or node.find('./virtualport') is not None:
            continue
        if name := source.get('bridge'):
            yield name
    for node in root.iterfind("./devices/interface[@type='direct']/source"):
        if name := node.get('dev'):
            yield name


def _models(
    root: etree._Element,
) -> collections.abc.Iterator[destination_readiness.DeviceModel]:
    for path, attribute, enumeration in _MODELS:
        for node in root.iterfind(f'./devices/{path}'):
            if value := node.get(attribute):
                yield destination_readiness.DeviceModel(
                    path.partition('/')[0], enumeration, value
                )
