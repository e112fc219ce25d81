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

"""Know which Debian packages the laboratory needs."""

from pathlib import Path
import shutil

from lab.hosts import privileges

#: Program or file -> the package that brings it.
_NEEDED = {
    'libvirtd': 'libvirt-daemon',
    '/etc/libvirt/qemu.conf': 'libvirt-daemon-system',
    '/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/'
    'libvirt_driver_qemu.so': 'libvirt-daemon-driver-qemu',
    'virsh': 'libvirt-clients',
    'qemu-system-x86_64': 'qemu-system-x86',
    'qemu-img': 'qemu-utils',
    'nbdkit': 'nbdkit',
    'openssl': 'openssl',
    'ip': 'iproute2',
    'nsenter': 'util-linux',
    'mount': 'mount',
    'gcc': 'gcc',
    '/usr/lib/x86_64-linux-gnu/libc.a': 'libc6-dev',
    'apt-get': 'apt',
    'dpkg-deb': 'dpkg',
    '/usr/share/keyrings/debian-archive-keyring.gpg': (
        'debian-archive-keyring'
    ),
}

_NEEDED_BY_ROOT = {
    'glusterd': 'glusterfs-server',
    'glusterfs': 'glusterfs-client',
}

_NEEDED_BY_USER = {'newuidmap': 'uidmap'}

#: What the kernels of hosts are started with, and what runs in them.
_NEEDED_BY_KERNELS = {
    'cryptsetup': 'cryptsetup-bin',
    'ethtool': 'ethtool',
    'exportfs': 'nfs-kernel-server',
    'iscsid': 'open-iscsi',
    'lvcreate': 'lvm2',
    'mkfs.ext4': 'e2fsprogs',
    'mkfs.vfat': 'dosfstools',
    'modprobe': 'kmod',
    'multipathd': 'multipath-tools',
    'thin_check': 'thin-provisioning-tools',
    'udevadm': 'udev',
}

_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def missing(*, own_kernels: bool = False) -> str:
    """Say in one line which packages to install; empty if none.

    :param own_kernels: whether hosts are to have kernels of their own
    """
    needed = dict(_NEEDED)
    needed |= _NEEDED_BY_KERNELS if own_kernels else {}
    needed |= _NEEDED_BY_ROOT if privileges.is_root() else _NEEDED_BY_USER
    packages = sorted(
        {package for item, package in needed.items() if not _is_there(item)}
    )
    if not packages:
        return ''
    return f'missing: apt-get install {" ".join(packages)}'


def _is_there(item: str) -> bool:
    if item.startswith('/'):
        return Path(item).exists()
    return shutil.which(item, path=_PATH) is not None
