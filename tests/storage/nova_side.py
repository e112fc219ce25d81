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

"""nova's side of a migration with logical volumes, inside a host.

Run there with the interpreter of a nova, once: it takes long to start. Reads
a step a line from the standard input, and writes what each returned. Real are
LVM, libvirt, QEMU, nova's code of logical volumes, and our driver's parts;
feigned are nova's services, its database and its records.
"""

import dataclasses
import functools
import json
import os
import pathlib
import sys
import types
import typing

import libvirt
from nova import config
from nova import objects
import nova.conf
import nova.privsep
from nova.virt.libvirt import driver as libvirt_driver
from nova.virt.libvirt.storage import lvm

from nova_selective_migrate import conf
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.destination import check_destination
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_recovery
from nova_selective_migrate.compute.destination import pre_live_migration
from nova_selective_migrate.compute.destination import rollback
from nova_selective_migrate.compute.source import check_source
from nova_selective_migrate.compute.source import nova_case
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import running_plans
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.host.facts import image_digests

CONF = nova.conf.CONF
HOME = pathlib.Path('/var/lib/libvirt/nova')


class Data(types.SimpleNamespace):
    """Stands for LibvirtLiveMigrateData."""

    def __contains__(self, name: str) -> bool:
        return hasattr(self, name)


class Host:
    """One host's parts of our driver, on its libvirt."""

    def __init__(self, uuid: str, group: str, name: str) -> None:
        self.uuid = uuid
        self.virt = libvirt.open('qemu:///system')
        self.instances = HOME / 'instances'
        self.instances.mkdir(parents=True, exist_ok=True)
        CONF.set_override('host', name)
        CONF.set_override('instances_path', str(self.instances))
        CONF.set_override('images_type', 'lvm', 'libvirt')
        CONF.set_override('images_volume_group', group, 'libvirt')
        # What runs as root runs here: this is root.
        nova.privsep.sys_admin_pctxt.set_client_mode(False)
        self.context = types.SimpleNamespace(request_id='req-lvm')
        self.instance = types.SimpleNamespace(
            uuid=uuid,
            name='lvm',
            image_ref='',
            trusted_certs=None,
            host='a',
            vm_state='active',
            ephemeral_key_uuid=None,
            _context=self.context,
            get=lambda key: None,
            save=lambda: None,
        )
        self.driver = types.SimpleNamespace(
            _host=types.SimpleNamespace(
                get_connection=lambda: self.virt,
                get_guest=lambda instance: types.SimpleNamespace(
                    _domain=self.virt.lookupByUUIDString(instance.uuid)
                ),
            ),
            _block_migration_flags=(
                libvirt.VIR_MIGRATE_LIVE
                | libvirt.VIR_MIGRATE_PEER2PEER
                | libvirt.VIR_MIGRATE_NON_SHARED_INC
            ),
            _check_shared_storage_test_file=lambda *_: False,
            _ensure_console_log_for_instance=lambda *_: None,
        )
        self.journal = incoming_journal.IncomingJournal(
            str(HOME / 'arrivals'), str(self.instances)
        )
        self.space = types.SimpleNamespace(
            begin=lambda *_: None, end=lambda *_: None
        )
        self.digests = image_digests.DigestCache()
        self.roll = rollback.DestinationRollback(
            self.driver, self.journal, self.space
        )

    # The steps, in their order.

    def report(self) -> str:
        """The destination's report, from its volume group."""
        (self.instances / 'tmptest').touch()
        data = check_destination.DestinationCheck(
            self.driver, self.digests
        ).mark(self.instance, Data(filename='tmptest'))
        (self.instances / data.filename).unlink()
        return str(data.filename)

    def plan(self, report: str) -> dict[str, typing.Any]:
        """The source's plan, and what it tells the destination to make."""
        planned_of = planned_migrations.PlannedMigrations()
        settings = driver_settings.DriverSettings.of(CONF.selective_migrate)
        check = check_source.SourceCheck(
            self.driver,
            nova_case.CaseGatherer(settings, self.digests),
            planned_of,
        )
        objects.BlockDeviceMappingList.get_by_instance_uuid = lambda *_: (
            objects.BlockDeviceMappingList(objects=[])
        )
        fault_reports.record_fault = lambda *_: None
        planned = check.plan(
            self.context, self.instance, Data(filename=report), {}
        )
        shown = plan_formats.plan_tree(planned.plan)
        told = ''
        if planned.plan.ready:
            planned_of.keep(self.uuid, planned)
            told = running_plans.RunningPlans(
                check, planned_of, self.digests
            ).disk_info(self.instance)
        return {
            'plan': shown,
            'disk_info': told,
            'flags': int(planned.plan.call.flags),
            'parameters': {
                **planned.plan.call.parameters,
                **self._xml(planned.plan),
            },
        }

    def _xml(self, plan: migration_plan.MigrationPlan) -> dict[str, str]:
        """The destination's XML, as nova would have our driver adapt it."""
        domain = self.virt.lookupByUUIDString(self.uuid)
        text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
        if not plan.changes_xml:
            return {}
        adapted = plan.destination_xml(text)
        return {'destination_xml': adapted, 'persistent_xml': adapted}

    def prepare(self, disk_info: str) -> dict[str, typing.Any]:
        """The destination makes the volumes; nova's part is to mkdir."""
        directory = self.instances / self.uuid
        data = Data(
            is_shared_instance_path=False,
            is_shared_block_storage=False,
            instance_relative_path=self.uuid,
            filename='tmptest',
        )
        seen: dict[str, typing.Any] = {}

        def stock(disk_info: str) -> Data:
            seen['before nova'] = self.volumes()
            seen['disk_info of nova'] = disk_info
            directory.mkdir()
            return data

        try:
            pre_live_migration.DestinationPreparation(
                self.driver, self.journal, self.space
            ).prepare(stock, self.context, self.instance, disk_info, data)
        except Exception as err:
            seen['error'] = str(err)
        claim = self.journal.entry(self.uuid)
        seen['journal'] = [
            dataclasses.asdict(v) for v in (claim.volumes if claim else ())
        ]
        return seen

    def roll_back(self) -> list[str]:
        """nova's own removal by names is asked for, and must do nothing."""
        asked: list[str] = []
        data = Data(
            is_shared_instance_path=False, instance_relative_path=self.uuid
        )

        def stock(*, destroy_disks: bool, migrate_data: Data) -> None:
            asked.append(f'destroy_disks={destroy_disks}')
            asked.append(f'marked={self.roll.is_under_way(self.instance)}')
            directory = self.instances / self.uuid
            if destroy_disks and directory.exists():
                os.rmdir(directory)

        self.roll.roll_back(
            stock,
            self.context,
            self.instance,
            destroy_disks=True,
            migrate_data=data,
        )
        return [*asked, f'entry={self.journal.entry(self.uuid)}']

    def restart(self) -> str:
        """nova-compute starts again; nova has the server on the source."""
        objects.Instance.get_by_uuid = lambda *_: self.instance
        objects.MigrationList.get_by_filters = lambda *_: []
        incoming_recovery.remote_libvirt.look = lambda *_: (
            incoming_recovery.guest_presence.GuestSide(
                incoming_recovery.guest_presence.Presence.RUNNING
            )
        )
        incoming_recovery.IncomingRecovery(self.driver, self.journal).settle()
        return f'entry={self.journal.entry(self.uuid)}'

    def clean_up(self) -> list[str]:
        """nova's own clean-up of the source, after the guest has moved."""
        owner = types.SimpleNamespace()
        owner._lvm_disks = functools.partial(
            libvirt_driver.LibvirtDriver._lvm_disks, owner
        )
        libvirt_driver.LibvirtDriver._cleanup_lvm(owner, self.instance, None)
        return self.volumes()

    def create(self, name: str, size: int) -> None:
        """Make a volume as nova makes it for a server's disk."""
        lvm.create_volume(CONF.libvirt.images_volume_group, name, size)

    def migrate(self, uri: str, flags: int, parameters: typing.Any) -> str:
        """Make the planned call."""
        domain = self.virt.lookupByUUIDString(self.uuid)
        flags |= int(migrate_call.MigrateFlag.PEER2PEER)
        try:
            domain.migrateToURI3(uri, parameters, flags)
        except libvirt.libvirtError as err:
            return str(err)
        return ''

    def volumes(self) -> list[str]:
        return list(lvm.list_volumes(CONF.libvirt.images_volume_group))


def main() -> None:
    """Serve: a line of JSON for the host, then one for each step."""
    told = json.loads(sys.stdin.readline())
    config.parse_args(
        ['nova-compute', '--config-file', '/dev/null'],
        configure_db=False,
        init_rpc=False,
    )
    conf.register_opts(CONF)
    objects.register_all()
    host = Host(told['uuid'], told['group'], told['name'])
    for line in sys.stdin:
        step, arguments = json.loads(line)
        print(json.dumps(getattr(host, step)(**arguments)), flush=True)


if __name__ == '__main__':
    main()
