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

"""What libvirt copies of a domain, and of which disks that is wrong.

Nothing of the package is imported: the XML is read with the standard
library, the rule is written from libvirt's source.
"""

import collections.abc
import dataclasses
import typing
from xml.etree import ElementTree

_DEVICES = ('disk', 'cdrom', 'floppy', 'lun')
_PATHS = {'file': 'file', 'block': 'dev', 'dir': 'dir'}
_NON_SHARED = {'VIR_MIGRATE_NON_SHARED_DISK', 'VIR_MIGRATE_NON_SHARED_INC'}
_ADDED_BY_LIBVIRT = {'destination_xml', 'migrate_uri', 'destination_name'}
_LIMIT = 64  # VIR_TYPED_PARAMETERS of remote_protocol.x's migrations


@dataclasses.dataclass(frozen=True)
class Disk:
    """A disk, as far as libvirt's rule and ours go.

    :ivar by_default: libvirt's shouldMigrateDisk without a list of disks
        (qemuMigrationSrcAnyCopyDisk): not shareable, read-only or empty
    :ivar copyable: of a kind that a copy can take
    :ivar paths: of all images of its chain
    """

    target: str
    type: str
    by_default: bool
    copyable: bool
    path: str | None
    image: str | None
    paths: tuple[tuple[str, str], ...]


def usable(text: str) -> bool:
    """Tell a domain whose disks can be told apart."""
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return False
    nodes = root.findall('devices/disk')
    targets = [_target(node) for node in nodes]
    return (
        root.tag == 'domain'
        and all(targets)
        and len(targets) == len(set(targets))
        and all(node.get('device', 'disk') in _DEVICES for node in nodes)
    )


def inner(text: str) -> list[str]:
    """Cut out the domains of a status or a snapshot."""
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return []
    found = root.iter('domain') if root.tag != 'domain' else ()
    return [ElementTree.tostring(node, encoding='unicode') for node in found]


def disks(text: str) -> list[Disk]:
    """Read the disks of a usable domain, in XML order."""
    root = ElementTree.fromstring(text)
    return [_disk(node) for node in root.findall('devices/disk')]


def pools(text: str) -> set[str]:
    """Name the storage pools that a domain's disks are in."""
    root = ElementTree.fromstring(text)
    return {n.attrib['pool'] for n in root.iter('source') if n.get('pool')}


def _disk(node: ElementTree.Element) -> Disk:
    kind = node.get('type', 'file')
    device = node.get('device', 'disk')
    source = node.find('source')
    attributes = {} if source is None else source.attrib
    path = attributes.get(_PATHS.get(kind, '')) or None
    # libvirt marks every cdrom read-only (virDomainDiskDefPostParse).
    readonly = device == 'cdrom' or node.find('readonly') is not None
    shareable = node.find('shareable') is not None
    empty = source is None or (kind in _PATHS and path is None)
    return Disk(
        target=_target(node),
        type=kind,
        by_default=not (readonly or shareable or empty),
        copyable=kind in ('file', 'block', 'volume')
        and device != 'lun'
        and node.find('transient') is None
        and node.find('.//dataStore') is None
        and node.find('.//encryption') is None,
        path=path,
        image=attributes.get('name'),
        paths=tuple(
            (name, value)
            for part in node.iter('source')
            for name in ('file', 'dev', 'dir')
            if (value := part.get(name))
        ),
    )


def _target(node: ElementTree.Element) -> str:
    target = node.find('target')
    return '' if target is None else target.get('dev', '')


def wrong(
    plan: typing.Any,
    found: collections.abc.Sequence[Disk],
    local: collections.abc.Collection[str],
) -> collections.abc.Iterator[str]:
    """Say what is wrong with a plan.

    :param local: targets of which the case proves that they are local, and
        of which no attachment and no declaration says otherwise
    """
    copied = plan['migrate_disks']
    if not plan['ready']:
        if copied or plan['flags'] or plan['parameters']:
            yield 'a refused plan has a call'
        if not all(r['reason'] and r['message'] for r in plan['refusals']):
            yield 'a refusal without a reason'
        return
    by_target = {disk.target: disk for disk in found}
    for target in copied:
        if not by_target[target].by_default:
            yield f'{target}: libvirt itself would not copy it'
        if not by_target[target].copyable:
            yield f'{target}: is of a kind that is never copied'
        if target not in local:
            yield f'{target}: is not proven local'
    wanted = [d.target for d in found if d.by_default and d.target in local]
    if copied != wanted:
        yield f'copies {copied}, and {wanted} are local and writable'
    yield from _wrong_call(plan, copied)


def _wrong_call(
    plan: typing.Any, copied: list[str]
) -> collections.abc.Iterator[str]:
    flags, parameters = plan['flags'], plan['parameters']
    if 'VIR_MIGRATE_UNSAFE' in flags:
        yield 'the call is unsafe'
    if len(_NON_SHARED & {*flags}) != bool(copied):
        yield f'{flags} for {copied}'
    if parameters.get('migrate_disks', []) != copied:
        yield 'the parameter is another list'
    if not copied and 'migrate_disks' in parameters:
        yield 'an empty list, which means every disk'
    sent = sum(
        len(value) if isinstance(value, list) else 1
        for value in parameters.values()
    )
    if copied and sent + len(_ADDED_BY_LIBVIRT - {*parameters}) > _LIMIT:
        yield f'{sent} parameters'
    there = parameters.get('destination_xml')
    if there and not usable(there):
        yield 'the XML for the destination is no domain'
