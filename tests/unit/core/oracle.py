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

"""What the rules say of a case, written a second time.

Nothing of the package is imported: the domain is read with the standard
library, the lists are those of doc/source/reference/decisions.rst. The oracle
does not decide; it says what must not happen.
"""

import dataclasses
import ipaddress
import json
import typing
from xml.etree import ElementTree

from tests.unit.core import builders

LOCAL_FILESYSTEMS = ('ext4', 'xfs', 'btrfs', 'zfs', 'tmpfs', 'overlay')


@dataclasses.dataclass(frozen=True)
class Seen:
    """A disk as the oracle reads it."""

    target: str
    type: str
    path: str | None
    serial: str | None
    writable: bool
    empty: bool
    plain: bool
    hosts: tuple[dict[str, str], ...]
    chain: bool
    pool: str | None = None
    data_file: str | None = None
    ends: bool = True


def disks(case: builders.Tree) -> list[Seen]:
    root = ElementTree.fromstring(case['domain_xml'])
    return [_seen(node) for node in root.iterfind('devices/disk')]


def _seen(node: ElementTree.Element) -> Seen:
    source = node.find('source')
    found = {} if source is None else source.attrib
    device = node.get('device', 'disk')
    target = node.find('target')
    assert target is not None
    flags = ('readonly', 'shareable', 'transient')
    return Seen(
        target=target.attrib['dev'],
        type=node.get('type', 'file'),
        path=found.get('file') or found.get('dev'),
        serial=(node.findtext('serial') or '').strip().lower() or None,
        writable=device != 'cdrom' and node.find('readonly') is None,
        empty=source is None,
        plain=device == 'disk'
        and not any(node.find(flag) is not None for flag in flags)
        and node.find('.//encryption') is None
        and node.find('.//dataStore') is None,
        hosts=tuple(dict(h.attrib) for h in node.iterfind('source/host')),
        chain=node.find('backingStore/source') is not None,
        pool=found.get('pool'),
        data_file=_data_file(node),
        ends=_ends(node),
    )


def _data_file(node: ElementTree.Element) -> str | None:
    found = node.find('source/dataStore/source')
    return None if found is None else found.get('file')


def _ends(node: ElementTree.Element) -> bool:
    """Tell a chain that no untold image can lie below."""
    driver = node.find('driver')
    form = None if driver is None else driver.get('type')
    while (store := node.find('backingStore')) is not None:
        if store.find('source') is None:
            return True
        node = store
        found = node.find('format')
        form = None if found is None else found.get('type')
    return form == 'raw'


def rows(case: builders.Tree) -> list[dict[str, typing.Any]]:
    info = case.get('block_device_info') or {}
    return info.get('block_device_mapping') or []


def volume_id(row: dict[str, typing.Any]) -> str | None:
    info = row.get('connection_info') or {}
    if isinstance(info, str):
        info = json.loads(info)
    found = (
        info.get('serial')
        or (info.get('data') or {}).get('volume_id')
        or info.get('volume_id')
        or row.get('volume_id')
    )
    return str(found).lower() if found else None


def facts(case: builders.Tree, side: str, path: str | None) -> typing.Any:
    storage = case.get('storage') or {}
    return (storage.get(side) or {}).get(path) or {}


def names(case: builders.Tree, disk: Seen) -> list[str]:
    if disk.type not in ('file', 'block') or not disk.path:
        return []
    behind = facts(case, 'source', disk.path).get('resolved')
    return [disk.path, *([behind] if behind else [])]


def declared(case: builders.Tree, name: str) -> str | None:
    """Return what the longest declared prefix of a path says."""
    policy = case.get('policy') or {}
    parts = _parts(name)
    best: tuple[int, str] | None = None
    for word in ('shared', 'local'):
        for prefix in policy.get(f'{word}_paths') or ():
            wanted = _parts(prefix)
            if parts[: len(wanted)] == wanted:
                best = max(best or (-1, ''), (len(wanted), word))
    return best[1] if best else None


def _parts(path: str) -> list[str]:
    return [part for part in path.split('/') if part]


def loopback(host: dict[str, str]) -> bool:
    if host.get('transport') == 'unix' or host.get('socket'):
        return True
    name = host.get('name', '').lower()
    if name == 'localhost':
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def shared_evidence(case: builders.Tree, disk: Seen) -> list[str]:
    """List what speaks for a disk being shared."""
    found = []
    ids = {volume_id(row) for row in rows(case)} - {None}
    if disk.serial and disk.serial in ids:
        found.append('attachment joined by serial')
    servers = disk.hosts if disk.type == 'network' else ()
    if servers and not any(map(loopback, servers)):
        found.append('network disk')
    here = facts(case, 'source', disk.path)
    there = facts(case, 'destination', disk.path)
    if here.get('identity') and here['identity'] == there.get('identity'):
        found.append('same identity on both hosts')
    if any(declared(case, name) == 'shared' for name in names(case, disk)):
        found.append('declared shared')
    return found


def proven_local(case: builders.Tree, disk: Seen) -> bool:
    """Tell a disk that is proven local, with nothing against it."""
    here = facts(case, 'source', disk.path)
    return bool(
        disk.type == 'file'
        and disk.path
        and here.get('exists') is True
        and here.get('kind') == 'file'
        and here.get('fstype') in LOCAL_FILESYSTEMS
        and not shared_evidence(case, disk)
    )


def is_device(case: builders.Tree, disk: Seen) -> bool:
    here = facts(case, 'source', disk.path)
    kind = here.get('kind')
    if kind is None:
        return disk.type == 'block' or 'transport' in here
    return kind == 'block'


def may_be_itself(case: builders.Tree, disk: Seen) -> bool:
    """Tell where what the destination has may be the disk itself.

    Either host may serve the other; two file systems that are local to
    both are two.
    """
    here = facts(case, 'source', disk.path)
    there = facts(case, 'destination', disk.path)
    if there.get('exists') is False:
        return False
    if here.get('identity') and there.get('identity'):
        return bool(here['identity'] == there['identity'])
    apart = not is_device(case, disk) and there.get('kind') != 'block'
    return not (
        apart
        and here.get('fstype') in LOCAL_FILESYSTEMS
        and there.get('fstype') in LOCAL_FILESYSTEMS
    )


def overwrites(case: builders.Tree, disk: Seen) -> bool:
    """Tell a disk whose image at the destination the caller has made."""
    options = case.get('options') or {}
    return bool(
        options.get('create_images')
        and disk.target in (options.get('existing') or ())
        and disk.type in ('file', 'block')
    )


def one_cluster(case: builders.Tree, disk: Seen) -> bool:
    """Tell a Ceph pool that both hosts have from the same servers."""
    storage = case.get('storage') or {}
    here, there = (
        (storage.get(side) or {}).get(disk.pool) or {}
        for side in ('pools', 'destination_pools')
    )
    servers = [
        {host.get('name') for host in pool.get('hosts') or ()}
        for pool in (here, there)
    ]
    return bool(
        servers[0]
        and servers[0] == servers[1]
        and here.get('name') == there.get('name')
        and not any(loopback(host) for host in here['hosts'])
    )
