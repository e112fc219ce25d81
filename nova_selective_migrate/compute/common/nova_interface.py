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

"""The methods and words of nova that the driver builds on.

At its start the driver compares NOVA_METHODS with the installed nova.
"""

import collections.abc
import importlib
import importlib.metadata

from nova_selective_migrate.compute.common import nova_method

#: Status of a migration record that nova does not change any more.
FINAL_STATUSES = ('completed', 'failed', 'error', 'cancelled')


_DRIVER = 'nova.virt.libvirt.driver:LibvirtDriver'
_HOST = 'nova.virt.libvirt.host:Host'
_MANAGER = 'nova.compute.manager:ComputeManager'
_GUEST = 'nova.virt.libvirt.guest:Guest'
_LVM = 'nova.virt.libvirt.storage.lvm'
#: The releases that the table below was compared with.
RELEASES = (
    '27.5.1',
    '28.3.1',
    '29.4.0',
    '30.3.0',
    '31.3.1',
    '32.2.1',
    '33.0.2',
    '34.0.0',
)
_OLDEST = int(RELEASES[0].partition('.')[0])


NOVA_METHODS = (
    nova_method.NovaMethod(_DRIVER, 'init_host', ('host',)),
    nova_method.NovaMethod(_DRIVER, 'cleanup_host', ('host',)),
    nova_method.NovaMethod(
        _DRIVER,
        'update_provider_tree',
        ('provider_tree', 'nodename', 'allocations'),
    ),
    nova_method.NovaMethod(
        'nova.compute.provider_tree:ProviderTree',
        'add_traits',
        ('name_or_uuid',),
    ),
    nova_method.NovaMethod(
        'nova.compute.provider_tree:ProviderTree',
        'remove_traits',
        ('name_or_uuid',),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'check_can_live_migrate_destination',
        ('context', 'instance', 'src_compute_info', 'dst_compute_info'),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'check_can_live_migrate_source',
        ('context', 'instance', 'dest_check_data', 'block_device_info'),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'get_instance_disk_info',
        ('instance', 'block_device_info'),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'pre_live_migration',
        (
            'context',
            'instance',
            'block_device_info',
            'network_info',
            'disk_info',
            'migrate_data',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'live_migration',
        (
            'context',
            'instance',
            'dest',
            'post_method',
            'recover_method',
            'block_migration',
            'migrate_data',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'rollback_live_migration_at_destination',
        (
            'context',
            'instance',
            'network_info',
            'block_device_info',
            'destroy_disks',
            'migrate_data',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        'post_live_migration_at_destination',
        ('context', 'instance', 'network_info'),
    ),
    nova_method.NovaMethod(
        'nova.virt.libvirt.volume.remotefs:RemoteFilesystem',
        'copy_file',
        ('src', 'dst'),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_check_shared_storage_test_file',
        ('filename', 'instance'),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_is_shared_block_storage',
        ('instance', 'dest_check_data', 'block_device_info'),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_assert_dest_node_has_enough_disk',
        (
            'context',
            'instance',
            'available_mb',
            'disk_over_commit',
            'block_device_info',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_create_images_and_backing',
        (
            'context',
            'instance',
            'instance_dir',
            'disk_info',
            'fallback_from_host',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER, '_ensure_console_log_for_instance', ('instance',)
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_live_migration_copy_disk_paths',
        ('context', 'instance', 'guest'),
    ),
    nova_method.NovaMethod(
        _DRIVER, '_live_migration_data_gb', ('instance', 'disk_paths')
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_live_migration_operation',
        (
            'context',
            'instance',
            'dest',
            'block_migration',
            'migrate_data',
            'guest',
            'device_names',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_live_migration_monitor',
        (
            'context',
            'instance',
            'guest',
            'dest',
            'post_method',
            'recover_method',
            'block_migration',
            'migrate_data',
        ),
    ),
    nova_method.NovaMethod(
        _DRIVER,
        '_get_volume_config',
        (),
        keywords=('connection_info', 'disk_info'),
    ),
    nova_method.NovaMethod(_DRIVER, 'live_migration_abort', ('instance',)),
    nova_method.NovaMethod(
        'nova.compute.rpcapi:ComputeAPI',
        'live_migration_abort',
        ('ctxt', 'instance', 'migration_id'),
    ),
    nova_method.NovaMethod(
        _DRIVER, 'live_migration_force_complete', ('instance',)
    ),
    nova_method.NovaMethod(_GUEST, 'abort_job', ()),
    nova_method.NovaMethod(_HOST, '_connect', ('uri', 'read_only')),
    nova_method.NovaMethod(_GUEST, 'pause', ()),
    nova_method.NovaMethod(_GUEST, 'resume', ()),
    nova_method.NovaMethod(_GUEST, 'migrate_start_postcopy', ()),
    nova_method.NovaMethod(
        _GUEST,
        'migrate',
        (
            'destination',
            'migrate_uri',
            'migrate_disks',
            'destination_xml',
            'flags',
            'bandwidth',
        ),
    ),
    nova_method.NovaMethod(_GUEST, 'get_job_info', ()),
    nova_method.NovaMethod(_GUEST, 'get_xml_desc', ()),
    nova_method.NovaMethod(_GUEST, 'get_block_device', ('disk',)),
    nova_method.NovaMethod(
        'nova.virt.libvirt.guest:BlockDevice',
        'get_job_info',
        (),
    ),
    nova_method.NovaMethod(_HOST, 'get_guest', ('instance',)),
    nova_method.NovaMethod(_HOST, 'get_connection', ()),
    nova_method.NovaMethod(_HOST, 'list_guests', ('only_running',)),
    # nova's rollback, and its work after a migration that succeeded.
    nova_method.NovaMethod(
        _MANAGER,
        '_rollback_live_migration',
        (
            'context',
            'instance',
            'dest',
            'migrate_data',
            'migration_status',
            'source_bdms',
        ),
    ),
    nova_method.NovaMethod(
        _MANAGER,
        '_post_live_migration_update_host',
        (
            'ctxt',
            'instance',
            'dest',
            'block_migration',
            'migrate_data',
            'source_bdms',
        ),
    ),
    nova_method.NovaMethod(
        _MANAGER,
        '_delete_allocation_after_move',
        ('context', 'instance', 'migration'),
    ),
    nova_method.NovaMethod(
        _MANAGER, 'update_available_resource', ('context',)
    ),
    nova_method.NovaMethod(
        'nova.compute.manager:ComputeVirtAPI', '__init__', ('compute',)
    ),
    nova_method.NovaMethod(_DRIVER, '_live_migration_uri', ()),
    nova_method.NovaMethod('nova.virt.libvirt.guest', 'JobInfo', ()),
    nova_method.NovaMethod(
        'nova.virt.libvirt.utils', 'get_instance_path', ('instance',)
    ),
    nova_method.NovaMethod(
        'nova.virt.libvirt.utils',
        'get_instance_path_at_destination',
        ('instance', 'migrate_data'),
    ),
    nova_method.NovaMethod(
        'nova.virt.libvirt.utils',
        'fetch_image',
        ('context', 'target', 'image_id', 'trusted_certs'),
    ),
    nova_method.NovaMethod(
        'nova.virt.libvirt.imagecache', 'get_cache_fname', ('image_id',)
    ),
    nova_method.NovaMethod(_DRIVER, '_lvm_disks', ('instance',)),
    nova_method.NovaMethod(_LVM, 'create_volume', ('vg', 'lv', 'size')),
    nova_method.NovaMethod(_LVM, 'get_volume_group_info', ('vg',)),
    nova_method.NovaMethod(_LVM, 'get_volume_size', ('path',)),
    nova_method.NovaMethod(_LVM, 'list_volumes', ('vg',)),
    nova_method.NovaMethod(_LVM, 'remove_volumes', ('paths',)),
    # privsep's decorator hides its parameter.
    nova_method.NovaMethod('nova.privsep.fs', 'lvinfo', ()),
    nova_method.NovaMethod(
        'nova.compute.utils',
        'add_instance_fault_from_exc',
        ('context', 'instance', 'fault', 'exc_info', 'fault_message'),
    ),
)


def problems(
    table: collections.abc.Iterable[nova_method.NovaMethod] = NOVA_METHODS,
) -> list[str]:
    """List how the installed nova differs from the table.

    A nova that is older than all of RELEASES may have each method and do
    something else in it.
    """
    found = [problem for seam in table if (problem := seam.problem())]
    return [*_too_old(), *found]


def _too_old() -> collections.abc.Iterator[str]:
    try:
        version = importlib.metadata.version('nova')
    except importlib.metadata.PackageNotFoundError:
        # Run from a tree that was not installed: its methods alone tell.
        return
    series = version.partition('.')[0]
    if series.isdecimal() and 0 < int(series) < _OLDEST:
        yield (
            f'it is nova {version}, and {_OLDEST}.0 is the oldest that was '
            'tested'
        )


def thread_pools_are_taken_down() -> bool:
    """Tell whether nova ends its thread pools while migrations still run.

    nova from 34 on does, at the end of ComputeManager.cleanup_host, which
    runs in a thread of its own. In earlier releases the main thread runs it,
    which must not wait.
    """
    try:
        found = importlib.import_module('nova.thread_pool_factory')
    except ImportError:
        return False
    return hasattr(found, 'shutdown_all_executors')
