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

"""Write domains and cases tersely.

A case is built as the tree that doc/source/reference/cases.rst shows, never
from the classes of the package.
"""

import json
import typing
from xml.sax import saxutils

Tree = dict[str, typing.Any]

GIB = 1 << 30
MIB = 1 << 20
UUID = '8c0d9f5e-6e43-4a3f-9b3a-0d3f3ad5b6c1'
#: Volume ids, as cinder makes them.
VOLUMES = tuple(f'{n}{n}aa1111-2222-4333-8444-5555555555{n}{n}' for n in '123')
VOLUME, OTHER_VOLUME, THIRD_VOLUME = VOLUMES


class Source(typing.NamedTuple):
    """A <source> with the type and format of what bears it."""

    type: str
    xml: str
    format: str | None = 'raw'


def attributes(**values: object) -> str:
    """Write attributes; None leaves one out."""
    return ''.join(
        f' {name}={saxutils.quoteattr(str(value))}'
        for name, value in values.items()
        if value is not None
    )


def file(path: str, format: str | None = 'qcow2', inside: str = '') -> Source:
    xml = f'<source{attributes(file=path)}>{inside}</source>'
    return Source('file', xml, format)


def block(path: str, format: str = 'raw', inside: str = '') -> Source:
    xml = f'<source{attributes(dev=path)}>{inside}</source>'
    return Source('block', xml, format)


def network(
    protocol: str, name: str | None, *hosts: str, inside: str = ''
) -> Source:
    """A network disk; a host is a name or the attributes of <host>."""
    servers = ''.join(
        f'<host {host}/>' if '=' in host else f'<host{attributes(name=host)}/>'
        for host in hosts
    )
    xml = (
        f'<source{attributes(protocol=protocol, name=name)}>'
        f'{servers}{inside}</source>'
    )
    return Source('network', xml)


def rbd(image: str = 'vms/image') -> Source:
    return network('rbd', image, 'ceph-mon')


def volume(pool: str, name: str, format: str = 'raw') -> Source:
    return Source(
        'volume', f'<source{attributes(pool=pool, volume=name)}/>', format
    )


def directory(path: str) -> Source:
    return Source('dir', f'<source{attributes(dir=path)}/>', 'fat')


def nvme() -> Source:
    address = "<address domain='0' bus='1' slot='0' function='0'/>"
    xml = f"<source type='pci' managed='yes' namespace='1'>{address}</source>"
    return Source('nvme', xml)


def vhostuser(path: str = '/run/vhost.sock') -> Source:
    return Source('vhostuser', f"<source type='unix'{attributes(path=path)}/>")


def vdpa(path: str = '/dev/vhost-vdpa-0') -> Source:
    return Source('vhostvdpa', f'<source{attributes(dev=path)}/>')


LUKS = "<encryption format='luks'/>"


def data_store(path: str) -> str:
    return (
        f"<dataStore type='file'><format type='raw'/>"
        f'<source{attributes(file=path)}/></dataStore>'
    )


def disk(
    target: str,
    source: Source | None = None,
    *flags: str,
    device: str | None = 'disk',
    serial: str | None = None,
    alias: str | None = None,
    over: typing.Sequence[Source] = (),
    ends: bool = True,
    type: str | None = None,
    inside: str = '',
) -> str:
    """Write a <disk>.

    :param flags: empty elements: readonly, shareable, transient
    :param over: the images below the source, nearest first
    :param ends: whether the XML says that the chain ends
    """
    chain = '<backingStore/>' if ends and source else ''
    for image in reversed(over):
        chain = (
            f'<backingStore{attributes(type=image.type)}>'
            f'<format{attributes(type=image.format)}/>{image.xml}{chain}'
            '</backingStore>'
        )
    kind = type or (source.type if source else 'file')
    driver = attributes(name='qemu', type=source.format) if source else ''
    return ''.join(
        (
            f'<disk{attributes(type=kind, device=device)}>',
            f'<driver{driver}/>' if driver else '',
            source.xml if source else '',
            chain,
            f"<target{attributes(dev=target)} bus='virtio'/>",
            *(f'<{flag}/>' for flag in flags),
            f'<serial>{saxutils.escape(serial)}</serial>' if serial else '',
            inside,
            f'<alias{attributes(name=alias or f"virtio-{target}")}/>',
            "<address type='pci' domain='0x0000' bus='0x04' slot='0x00'/>",
            '</disk>',
        )
    )


def cdrom(target: str, source: Source | None = None) -> str:
    return disk(target, source, 'readonly', device='cdrom')


def domain(*disks: str, name: str = 'guest', around: str = '') -> str:
    return (
        f"<domain type='kvm'><name>{name}</name><uuid>{UUID}</uuid>{around}"
        f'<devices>{"".join(disks)}</devices></domain>'
    )


def local(**more: object) -> Tree:
    """Facts of a file on a file system of this host."""
    return on('ext4', '/dev/vda1', **more)


def on(
    fstype: str, mount_source: str | None = 'srv:/exp', **more: object
) -> Tree:
    """Facts of a file."""
    return {
        'exists': True,
        'kind': 'file',
        'fstype': fstype,
        'mount_source': mount_source,
        'virtual_bytes': GIB,
        'allocated_bytes': MIB,
        **more,
    }


def device(transport: str | None, *slaves: str, **more: object) -> Tree:
    """Facts of a block device, whose node lies on devtmpfs."""
    facts: Tree = {
        'exists': True,
        'kind': 'block',
        'fstype': 'devtmpfs',
        'mount_source': 'udev',
        'virtual_bytes': GIB,
        **more,
    }
    if transport:
        facts['transport'] = transport
    if slaves:
        facts['slaves'] = list(slaves)
    return facts


GONE: Tree = {'exists': False}


def row(
    device_name: str | None = None,
    volume_id: str | None = None,
    /,
    driver: str | None = 'custom',
    **data: object,
) -> Tree:
    """A row of nova's block device mapping."""
    info: Tree = {'driver_volume_type': driver, 'data': data}
    if volume_id:
        info['serial'] = volume_id
    return {
        'mount_device': f'/dev/{device_name}' if device_name else None,
        'connection_info': info,
    }


def mapping(*rows: Tree) -> Tree:
    return {'root_device_name': '/dev/vda', 'block_device_mapping': [*rows]}


def case(
    *disks: str,
    rows: typing.Sequence[Tree] | None = None,
    source: Tree | None = None,
    destination: Tree | None = None,
    pools: Tree | None = None,
    pools_there: Tree | None = None,
    shared: typing.Sequence[str] = (),
    local: typing.Sequence[str] = (),
    state: Tree | None = None,
    versions: Tree | None = None,
    persistent_xml: str | None = None,
    readiness: Tree | None = None,
    **options: object,
) -> Tree:
    """A case; ``rows`` None leaves the block device mapping out."""
    tree: Tree = {
        'version': 1,
        'domain_xml': domain(*disks),
        'storage': {
            'source': source or {},
            'destination': destination or {},
            'pools': pools or {},
        },
        'policy': {'shared_paths': [*shared], 'local_paths': [*local]},
        'options': {'destination_uri': 'qemu+tcp://there/system', **options},
    }
    if pools_there is not None:
        tree['storage']['destination_pools'] = pools_there
    if rows is not None:
        tree['block_device_info'] = mapping(*rows)
    if state is not None:
        tree['domain_state'] = state
    if versions is not None:
        tree['hypervisor'] = versions
    if persistent_xml is not None:
        tree['persistent_xml'] = persistent_xml
    if readiness is not None:
        tree['readiness'] = readiness
    return tree


def text(tree: typing.Any) -> str:
    return json.dumps(tree)
