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

"""Bring hosts back to where `up` left them."""

from collections.abc import Iterable
import shutil

from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.hosts.lab_host import SHARED
from lab.lab_homes import Home
from lab.storage import loop_devices
from lab.storage import nbd_server

_LISTS = (
    ('list', ('destroy', 'undefine')),
    ('pool-list', ('pool-destroy', 'pool-undefine')),
)


def reset(home: Home, hosts: Iterable[Host]) -> None:
    """Remove guests, pools, and all disks, local and shared."""
    for host in hosts:
        for listing, actions in _LISTS:
            names = host.virsh(listing, '--all', '--name').stdout.split()
            for name in names:
                for action in actions:
                    # Transient ones are gone with the first.
                    host.virsh(action, name, check=False)
    for host in hosts:
        for tree in (IMAGES, SHARED, '/dev/lab', '/var/log/libvirt/qemu'):
            for entry in host.path(tree).iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
    for entry in nbd_server.directory(home).iterdir():
        entry.unlink()
    loop_devices.detach_all(home)
    for directory in home.run.glob('*/backing'):
        shutil.rmtree(directory)
