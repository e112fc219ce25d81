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

"""Read nova's records of this host's servers, and of their volumes.

Reads alone: through the conductor, as nova-compute does.
"""

import collections.abc
import json
import os
import typing

from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf

from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.common import nova_images
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import audit_options
from nova_selective_migrate.core.model import nova_servers

CONF = nova.conf.CONF
#: Servers whose volumes are asked for in one message.
_AT_ONCE = 50


def options(
    settings: driver_settings.DriverSettings,
) -> audit_options.AuditOptions:
    """Return what an audit of this host takes for given."""
    return audit_options.AuditOptions(
        policy=settings.policy,
        thin=nova_images.thin(settings.thin),
        parallel_mirrors=settings.parallel_mirrors,
        accept_known_bad=settings.accept_known_bad,
        shared_filesystems=settings.shared_filesystems,
        tunnelled=CONF.libvirt.live_migration_tunnelled,
        tls=CONF.libvirt.live_migration_with_native_tls,
        images_by_nova=True,
    )


def find(uuid: str) -> nova_servers.NovaServer | None:
    """Return one server of this host; None where nova has none."""
    context = nova_context.get_admin_context()
    try:
        instance = objects.Instance.get_by_uuid(
            context, uuid, expected_attrs=[]
        )
    except exception.InstanceNotFound:
        return None
    if instance.host != CONF.host:
        return None
    mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(
        context, uuid
    )
    return _server(instance, mappings)


def of_host(host: str) -> tuple[nova_servers.NovaServer, ...]:
    """Return all servers of a host."""
    context = nova_context.get_admin_context()
    instances = list(
        objects.InstanceList.get_by_host(context, host, expected_attrs=[])
    )
    found = []
    for start in range(0, len(instances), _AT_ONCE):
        some = instances[start : start + _AT_ONCE]
        mappings: dict[str, list[typing.Any]] = {}
        for each in objects.BlockDeviceMappingList.get_by_instance_uuids(
            context, [instance.uuid for instance in some]
        ):
            mappings.setdefault(each.instance_uuid, []).append(each)
        found += [
            _server(instance, mappings.get(instance.uuid, ()))
            for instance in some
        ]
    return tuple(found)


def is_known(host: str) -> bool:
    """Tell whether nova has a nova-compute of this name."""
    return (
        objects.Service.get_by_host_and_binary(
            nova_context.get_admin_context(), host, 'nova-compute'
        )
        is not None
    )


def _server(
    instance: typing.Any, mappings: collections.abc.Iterable[typing.Any]
) -> nova_servers.NovaServer:
    volumes = [each for each in mappings if each.is_volume]
    return nova_servers.NovaServer(
        uuid=instance.uuid,
        name=instance.display_name or '',
        vm_state=instance.vm_state,
        task_state=instance.task_state,
        block_device_info=redaction.block_device_info(
            {'block_device_mapping': [_row(each) for each in volumes]}
        ),
        # nova.virt.libvirt.utils.get_instance_path.
        directory=os.path.join(CONF.instances_path, instance.uuid),
        images_type=nova_images.images_type(CONF.libvirt.images_type),
        volume_backed=any(each.boot_index == 0 for each in volumes),
        tunnelled=CONF.libvirt.live_migration_tunnelled,
    )


def _row(mapping: typing.Any) -> dict[str, typing.Any]:
    return {
        'mount_device': mapping.device_name,
        'volume_id': mapping.volume_id,
        'connection_info': json.loads(mapping.connection_info)
        if mapping.connection_info
        else None,
    }
