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

"""Devices of a domain, other than disks, that can stop a migration."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class HostDirectory:
    """A ``<filesystem>``: a directory of the host that the guest mounts.

    :ivar target: what the guest mounts it by
    :ivar driver: virtiofs, or path for 9p, which is the default
    :ivar path: the directory, or the socket of a virtiofsd that libvirt
        has not started
    """

    target: str
    driver: str
    path: str


@dataclasses.dataclass(frozen=True)
class HostDevice:
    """A device that the guest has of its host, or shares with others.

    :ivar kind: pci, mdev, usb, scsi, scsi_host, capabilities; interface for
        a network interface that is one, vdpa, shmem; or libvirt's word
    :ivar teamed: the guest goes on without it while it migrates
    :ivar over_network: a SCSI device that QEMU reaches over iSCSI
    :ivar role: of shared memory: master, peer or None
    """

    kind: str
    teamed: bool = False
    over_network: bool = False
    role: str | None = None


@dataclasses.dataclass(frozen=True)
class PersistentMemory:
    """A ``<memory>`` whose content is in a file or device of the host.

    :ivar model: nvdimm or virtio-pmem
    :ivar shared: whether what the guest writes gets into the file
    """

    model: str
    path: str
    shared: bool


@dataclasses.dataclass(frozen=True)
class OtherDevices:
    """What a domain has beside disks.

    :ivar videos: models of its video devices
    :ivar nvram: file of its UEFI variables, where it has one
    :ivar memories: its persistent memory
    :ivar tpm: whether swtpm keeps the state of a TPM on the host
    :ivar qemu_options: QEMU's own options that open storage, ``-drive``, of
        which libvirt knows nothing
    """

    directories: tuple[HostDirectory, ...] = ()
    devices: tuple[HostDevice, ...] = ()
    videos: tuple[str, ...] = ()
    nvram: str | None = None
    tpm: bool = False
    qemu_options: tuple[str, ...] = ()
    memories: tuple[PersistentMemory, ...] = ()
