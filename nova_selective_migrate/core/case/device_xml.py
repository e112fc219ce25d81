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

"""Read the devices of a domain other than its disks."""

import collections.abc

from lxml import etree

from nova_selective_migrate.core.case import qemu_arguments
from nova_selective_migrate.core.model import other_devices

#: Models of <memory> that have a <path> (libvirt docs/formatdomain).
PERSISTENT_MODELS = ('nvdimm', 'virtio-pmem')


def parse(root: etree._Element) -> other_devices.OtherDevices:
    """Read the devices of a ``<domain>``."""
    return other_devices.OtherDevices(
        directories=tuple(_directories(root)),
        devices=tuple(_devices(root)),
        videos=tuple(
            node.get('type', '')
            for node in root.iterfind('./devices/video/model')
        ),
        nvram=_nvram(root),
        tpm=any(
            node.get('type') == 'emulator'
            for node in root.iterfind('./devices/tpm/backend')
        ),
        memories=tuple(_memories(root)),
        qemu_options=qemu_arguments.storage_options(root),
    )


def _directories(
    root: etree._Element,
) -> collections.abc.Iterator[other_devices.HostDirectory]:
    for node in root.iterfind('./devices/filesystem'):
        source, target = node.find('./source'), node.find('./target')
        driver = node.find('./driver')
        if source is None:
            continue
        names = ('socket', 'dir', 'file', 'dev')
        path = next((p for n in names if (p := source.get(n))), '')
        if path:
            yield other_devices.HostDirectory(
                '' if target is None else target.get('dir', ''),
                'path' if driver is None else driver.get('type', 'path'),
                path,
            )


def _devices(
    root: etree._Element,
) -> collections.abc.Iterator[other_devices.HostDevice]:
    for node in root.iterfind('./devices/hostdev'):
        mode = node.get('mode', 'subsystem')
        source = node.find('./source')
        yield other_devices.HostDevice(
            node.get('type', '') if mode == 'subsystem' else mode,
            teamed=_teamed(node),
            over_network=(
                source is not None and source.get('protocol') is not None
            ),
        )
    for node in root.iterfind('./devices/interface'):
        kind = node.get('type')
        if kind == 'hostdev':
            yield other_devices.HostDevice('interface', teamed=_teamed(node))
        elif kind == 'vdpa':
            yield other_devices.HostDevice('vdpa')
    for node in root.iterfind('./devices/shmem'):
        model = node.find('./model')
        legacy = model is not None and model.get('type') == 'ivshmem'
        yield other_devices.HostDevice(
            'shmem', role=None if legacy else node.get('role')
        )


def _memories(
    root: etree._Element,
) -> collections.abc.Iterator[other_devices.PersistentMemory]:
    for node in root.iterfind('./devices/memory'):
        model = node.get('model', '')
        path = (node.findtext('./source/path') or '').strip()
        if model in PERSISTENT_MODELS and path:
            # virtio-pmem is always shared (virDomainMemoryDefPostParse).
            shared = model != 'nvdimm' or node.get('access') == 'shared'
            yield other_devices.PersistentMemory(model, path, shared)


def _teamed(node: etree._Element) -> bool:
    team = node.find('./teaming')
    return team is not None and team.get('type') == 'transient'


def _nvram(root: etree._Element) -> str | None:
    node = root.find('./os/nvram')
    if node is None:
        return None
    source = node.find('./source')
    if source is not None:
        return source.get('file')
    return (node.text or '').strip() or None
