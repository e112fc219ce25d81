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

"""Write the configuration of a host's nova-compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES

#: Each host's own, and among what lab.snapshot looks at.
INSTANCES = f'{IMAGES}/instances'
#: Where nova-compute keeps what it knows of itself; each host's own.
STATE = '/var/lib/libvirt/nova'
#: Below it a host mounts what an NFS volume's export stands for.
NFS = '/mnt/nfs'

STOCK = 'libvirt.LibvirtDriver'
PLUGIN = 'selective_migrate.SelectiveMigrateDriver'

Options = Mapping[str, Mapping[str, str | int]]


@dataclass(frozen=True)
class Settings:
    """What is different from one nova-compute to another."""

    driver: str = STOCK
    #: Section -> option -> value, besides and above ours.
    options: Options = field(default_factory=dict)

    def text(self, host: Host, directory: Path) -> str:
        """Return nova.conf for a host.

        :param directory: what the hosts and the test share.
        """
        sections: dict[str, dict[str, str | int]] = {
            'DEFAULT': {
                'host': host.name,
                'my_ip': host.address,
                'compute_driver': self.driver,
                'instances_path': INSTANCES,
                'state_path': STATE,
                'transport_url': 'fake://',
                'service_down_time': 10**8,
                'debug': 'true',
                'log_file': f'/var/log/nova-compute-{host.name}.log',
                'force_raw_images': 'true',
                'reserved_host_memory_mb': 0,
                'preallocate_images': 'none',
            },
            'database': {'connection': _sqlite(directory / DATABASE)},
            'api_database': {'connection': _sqlite(directory / 'api.sqlite')},
            'filter_scheduler': {'track_instance_changes': 'false'},
            'oslo_messaging_notifications': {'driver': 'noop'},
            'oslo_concurrency': {'lock_path': f'{STATE}/locks'},
            # At the destination, not at the first start, nova takes a kernel
            # for a disk with a partition table, and an odd one.
            'workarounds': {'disable_deep_image_inspection': 'true'},
            'vnc': {'enabled': 'false'},
            'libvirt': {
                'virt_type': 'qemu',
                'cpu_mode': 'none',
                'images_type': 'qcow2',
                'live_migration_uri': 'qemu+tcp://%s/system',
                'live_migration_inbound_addr': host.address,
                'nfs_mount_point_base': NFS,
                # The copies are small: nothing is to be waited for.
                'live_migration_completion_timeout': 0,
                'num_volume_scan_tries': 1,
            },
        }
        for section, options in self.options.items():
            sections.setdefault(section, {}).update(options)
        return ''.join(
            f'[{section}]\n'
            + ''.join(f'{k} = {v}\n' for k, v in options.items())
            for section, options in sections.items()
        )


#: The file with all that nova-compute writes down.
DATABASE = 'nova.sqlite'
#: Has the name of the host that conducts.
CONDUCTOR = 'conductor'


def _sqlite(path: Path) -> str:
    return f'sqlite:///{path}?timeout=60'
