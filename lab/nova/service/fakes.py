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

"""Put the fakes where nova looks for the services around it."""

from pathlib import Path

from nova.conductor.tasks import live_migrate
from nova.conductor.tasks import migrate
from nova.image import glance as nova_glance
from nova.network import neutron as nova_neutron
from nova.network import security_group_api
from nova.privsep import fs
from nova.scheduler import utils as scheduler_utils
from nova.scheduler.client import report
from nova.virt import configdrive
from nova.virt import images
from nova.virt.libvirt import imagebackend
from nova.volume import cinder as nova_cinder
from oslo_concurrency import processutils

from lab.hosts.lab_host import SHARED
from lab.nova.service import cinder
from lab.nova.service import glance
from lab.nova.service import neutron
from lab.nova.service import placement


def install(directory: Path) -> None:
    """Replace the clients of other services.

    :param directory: what the hosts and the test share.
    """
    nova_cinder.API = lambda: cinder.Volumes(directory)
    nova_glance.API = lambda: glance.Images(directory / 'images')
    # These made theirs when they were imported.
    images.IMAGE_API = imagebackend.IMAGE_API = nova_glance.API()
    nova_neutron.API = neutron.Network
    security_group_api.get_instance_security_groups = lambda *_, **__: []
    report.SchedulerReportClient = placement.Reports
    # No allocations, which conductor would move, and no cells, which it
    # would compare.
    migrate.replace_allocation_with_migration = lambda *_: (None, None)
    scheduler_utils.claim_resources_on_destination = lambda *_, **__: None
    task = live_migrate.LiveMigrationTask
    task._get_source_cell_mapping = _cell
    task._get_destination_cell_mapping = _cell
    configdrive.ConfigDriveBuilder._make_vfat = _make_vfat
    fs.mount = _mount


class _Cell:
    uuid = 'the only one'


def _cell(*_: object) -> type[_Cell]:
    return _Cell


def _make_vfat(
    builder: configdrive.ConfigDriveBuilder, path: str, files: str
) -> None:
    """Do without the mount: few kernels of test machines have vfat."""
    with open(path, 'wb') as file:
        file.truncate(configdrive.CONFIGDRIVESIZE_BYTES)
    processutils.execute('mkfs.vfat', '-n', 'config-2', path)


def _mount(kind: str, export: str, mountpoint: str, options: object) -> None:
    """Mount what both hosts have already, in the place of an NFS export."""
    assert kind == 'nfs', kind
    processutils.execute('mount', '--bind', SHARED, mountpoint)
