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

"""Which domains of a host use which paths."""

import collections.abc
import os.path

import libvirt
from lxml import etree

from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import storage_answers


def users_of(
    host: connection.Connection, directory: str, besides: str = ''
) -> list[str]:
    """Name the domains, running or defined, with a path in a directory.

    Every path in their XML counts: disks with their backing chains, of the
    definition as of what runs, kernels, consoles.

    :param besides: UUID of a domain that does not count
    :raises HypervisorError: when not all of them can be asked
    :raises InvalidDomain: when what they answer is not XML
    :raises StorageSilent: when the storage of one does not answer
    """
    uses = list(_uses(host, lambda d: d.UUIDString() == besides))
    storage_answers.require(directory, *{path for path, _ in uses})
    below = {directory, os.path.realpath(directory)}
    return sorted({name for path, name in uses if _is_in(path, below)})


def paths_in_use(host: connection.Connection, uuid: str) -> dict[str, str]:
    """Return path -> name of a domain that has it, of all domains.

    The definition of the guest itself does not count while it is inactive: it
    is to arrive, or has moved away.

    :param uuid: of the domain whose definition does not count
    :raises HypervisorError: when not all of them can be asked
    :raises InvalidDomain: when what they answer is not XML
    """

    def idle(domain: libvirt.virDomain) -> bool:
        return bool(domain.UUIDString() == uuid and not domain.isActive())

    return dict(_uses(host, idle))


def user_of(
    used: collections.abc.Mapping[str, str], path: str, volume: str = ''
) -> str | None:
    """Name the domain that uses a path; None where none does.

    :param used: as paths_in_use returns it
    :param volume: ``/dev/VG/LV`` of a logical volume, which a domain may
        have by each name that it has on every host
    """
    names = (path, *logical_volumes.aliases(volume))
    return next((used[name] for name in names if name in used), None)


def image_paths(host: connection.Connection) -> frozenset[str]:
    """Return the paths of all images of all domains, running and defined.

    :raises HypervisorError: when not all of them can be asked
    :raises InvalidDomain: when what they answer is not XML
    """
    with libvirt_codes.translated(f'cannot list the domains of {host.name}'):
        uuids = [d.UUIDString() for d in host.virt.listAllDomains()]
    found: set[str] = set()
    for uuid in uuids:
        domain = _domain(host, uuid)
        for root in _roots(domain) if domain is not None else ():
            for source in root.iterfind('./devices/disk//source'):
                path = source.get('file') or source.get('dev')
                pool, volume = source.get('pool'), source.get('volume')
                if pool and volume:
                    path = _volume(host, pool, volume)
                if path:
                    found.add(path)
    return frozenset(found)


def _uses(
    host: connection.Connection,
    skip: collections.abc.Callable[[libvirt.virDomain], bool],
) -> collections.abc.Iterator[tuple[str, str]]:
    """Yield every path in the XML of every domain, and its name."""
    with libvirt_codes.translated(f'cannot list the domains of {host.name}'):
        uuids = [d.UUIDString() for d in host.virt.listAllDomains()]
    for uuid in uuids:
        domain = _domain(host, uuid)
        if domain is None or skip(domain):
            continue
        for path in _paths(host, domain):
            yield path, str(domain.name())


def _domain(
    host: connection.Connection, uuid: str
) -> libvirt.virDomain | None:
    """Return a domain; None where it has gone meanwhile.

    nova's connection under eventlet has each object that it returns ask in a
    thread of its own, and those of a list not (nova.virt.libvirt.host): one
    of these would hold up all of nova-compute for as long as libvirt takes.
    """
    try:
        return host.virt.lookupByUUIDString(uuid)
    except libvirt.libvirtError as err:
        if err.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise libvirt_codes.ours(err, 'cannot read a domain') from err


def _paths(
    host: connection.Connection, domain: libvirt.virDomain
) -> collections.abc.Iterator[str]:
    for root in _roots(domain):
        for element in root.iter():
            values = [*element.attrib.values(), element.text or '']
            yield from (v.strip() for v in values if v.strip()[:1] == '/')
            pool, volume = element.get('pool'), element.get('volume')
            if pool and volume and (path := _volume(host, pool, volume)):
                yield path


def _roots(
    domain: libvirt.virDomain,
) -> collections.abc.Iterator[etree._Element]:
    """Yield the XML of what runs, and of the definition."""
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        try:
            text = domain.XMLDesc(flags)
        except libvirt.libvirtError as err:
            if err.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return  # it has gone meanwhile
            raise libvirt_codes.ours(err, 'cannot read a domain') from err
        yield safe_xml.parse(text)


def _volume(host: connection.Connection, pool: str, volume: str) -> str | None:
    """Return the path of a volume that a domain names by its pool."""
    try:
        found = host.virt.storagePoolLookupByName(pool)
        return str(found.storageVolLookupByName(volume).path())
    except libvirt.libvirtError:
        return None  # then the domain does not run with it


def _is_in(path: str, directories: collections.abc.Set[str]) -> bool:
    both = {os.path.normpath(path), os.path.realpath(path)}
    return any(
        p == d or p.startswith(f'{d}{os.sep}')
        for p in both
        for d in directories
    )
