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

"""Build a server: its records first, then what nova-compute does."""

from typing import Any

from nova import context as nova_context
from nova import objects
from nova import utils
from nova.compute import power_state
from nova.compute import vm_states
from nova.network import model
from nova.virt import driver
from oslo_utils import timeutils


def build(
    context: nova_context.RequestContext,
    manager: Any,
    description: dict[str, Any],
) -> None:
    """Make and start a server as described by lab.nova.server_boot.

    The scheduler's and the resource tracker's part is left out: no claim.
    """
    image = (
        manager.image_api.get(context, description['image'])
        if description['image']
        else {'properties': description['image_properties']}
    )
    instance = _create_instance(context, manager, description, image)
    bdms = _create_bdms(context, manager, instance, description['disks'])
    block_device_info = manager._prep_block_device(context, instance, bdms)
    manager.driver.spawn(
        context,
        instance,
        objects.ImageMeta.from_dict(image),
        [],
        None,
        {},
        network_info=model.NetworkInfo(),
        block_device_info=block_device_info,
    )
    for driver_bdm in driver.block_device_info_get_mapping(block_device_info):
        driver_bdm.save()
    instance.vm_state = vm_states.ACTIVE
    instance.power_state = power_state.RUNNING
    instance.task_state = None
    instance.launched_at = timeutils.utcnow()
    instance.save()


def _create_instance(
    context: nova_context.RequestContext,
    manager: Any,
    description: dict[str, Any],
    image: dict[str, Any],
) -> objects.Instance:
    flavor = objects.Flavor(
        id=1,
        name='lab',
        flavorid='lab',
        memory_mb=description['memory_mib'],
        vcpus=1,
        root_gb=0,
        ephemeral_gb=description['ephemeral_gib'],
        swap=description['swap_mib'],
        rxtx_factor=1.0,
        vcpu_weight=0,
        disabled=False,
        is_public=True,
        extra_specs={},
        description=None,
    )
    properties = image.get('properties', {})
    node = next(iter(manager.rt.compute_nodes.values()))
    instance = objects.Instance(
        context,
        uuid=description['server'],
        display_name=description['server'],
        hostname='server',
        user_id=context.user_id,
        project_id=context.project_id,
        host=manager.host,
        node=node.hypervisor_hostname,
        launched_on=manager.host,
        availability_zone='nova',
        vm_state=vm_states.BUILDING,
        power_state=power_state.NOSTATE,
        memory_mb=flavor.memory_mb,
        vcpus=1,
        root_gb=0,
        ephemeral_gb=flavor.ephemeral_gb,
        instance_type_id=flavor.id,
        flavor=flavor,
        old_flavor=None,
        new_flavor=None,
        image_ref=description['image'] or '',
        kernel_id=properties.get('kernel_id', ''),
        ramdisk_id=properties.get('ramdisk_id', ''),
        root_device_name='/dev/vda',
        config_drive='True' if description['config_drive'] else '',
        system_metadata=utils.get_system_metadata_from_image(image, flavor),
        metadata={},
        numa_topology=None,
        pci_requests=objects.InstancePCIRequests(requests=[]),
        info_cache=objects.InstanceInfoCache(network_info=model.NetworkInfo()),
        keypairs=objects.KeyPairList(objects=[]),
    )
    # The records of nova 27 have the name of the node alone.
    if 'compute_id' in objects.Instance.fields:
        instance.compute_id = node.id
    instance.create()
    return instance


def _create_bdms(
    context: nova_context.RequestContext,
    manager: Any,
    instance: objects.Instance,
    disks: list[dict[str, Any]],
) -> objects.BlockDeviceMappingList:
    for number, fields in enumerate(disks):
        bdm = objects.BlockDeviceMapping(
            context,
            instance_uuid=instance.uuid,
            device_type=fields.pop('device_type', 'disk'),
            boot_index=0 if number == 0 else -1,
            delete_on_termination=fields['destination_type'] == 'local',
            **fields,
        )
        if bdm.is_volume:
            attachment = manager.volume_api.attachment_create(
                context, bdm.volume_id, instance.uuid
            )
            bdm.attachment_id = attachment['id']
        bdm.create()
    return objects.BlockDeviceMappingList.get_by_instance_uuid(
        context, instance.uuid
    )
