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

"""Servers with disks of every origin, their live migrations and records."""

import contextlib
import importlib.metadata
import os
import typing

from nova import context
from nova import objects
import nova.conf
from nova.tests.fixtures import cinder

from tests.nova import hosts

CONF = nova.conf.CONF
NOVA = tuple(map(int, importlib.metadata.version('nova').split('.')))
MIB = 1 << 20
VOLUME = cinder.CinderFixture.ISCSI_BACKED_VOL
LOCAL = ['vda', 'vdb', 'vdc']
# Of nova's looks at a record, two a second; its own ten are too few where
# the machine does something else as well.
RETRIES = 120

Server = dict[str, typing.Any]


class MigrationTest(hosts.HostsTest):
    """Makes servers, migrates them and reads what became of it."""

    def flavor(self, ephemeral: int = 1) -> str:
        """Make a flavor with a root disk and swap."""
        return str(self._create_flavor(disk=1, ephemeral=ephemeral, swap=64))

    def make_server(
        self, volume: str | None = VOLUME, flavor: str | None = None
    ) -> Server:
        """Boot a server on src with a disk of every origin.

        Local are root (vda), ephemeral disk (vdb), swap (vdc) and the config
        drive, a CD-ROM; a Cinder volume on iSCSI is vdd.

        :param volume: None for a server without any
        """
        body = self._build_server(
            flavor_id=flavor or self.flavor(),
            networks='none',
            host='src',
        )
        body['config_drive'] = True
        if volume is not None:
            body['block_device_mapping_v2'] = _mapping(
                body['imageRef'], volume
            )
        server = self.api.post_server({'server': body})
        server = self._wait_for_state_change(server, 'ACTIVE', RETRIES)
        self._make_files(server)
        return server

    def make_volume_backed(self, *, config_drive: bool) -> Server:
        """Boot a server on src that has all of its disks in Cinder."""
        flavor = self._create_flavor(disk=0, ephemeral=0, swap=0)
        body = self._build_server(
            flavor_id=str(flavor), networks='none', host='src', image_uuid=''
        )
        body['imageRef'] = ''
        body['config_drive'] = config_drive
        body['block_device_mapping_v2'] = [
            {
                'boot_index': 0,
                'uuid': cinder.CinderFixture.IMAGE_BACKED_VOL,
                'source_type': 'volume',
                'destination_type': 'volume',
            }
        ]
        server = self.api.post_server({'server': body})
        server = self._wait_for_state_change(server, 'ACTIVE', RETRIES)
        self._make_files(server)
        return server

    def _make_files(self, server: Server) -> None:
        for disk in self.domain(server)._def['devices']['disks']:
            if disk['type'] == 'file':
                os.makedirs(os.path.dirname(disk['source']), exist_ok=True)
                with open(disk['source'], 'wb') as image:
                    image.truncate(MIB)

    def domain(self, server: Server) -> typing.Any:
        """The fake domain of a server on src."""
        return self.connection('src').lookupByUUIDString(server['id'])

    def add_disks(self, server: Server, *disks: str) -> None:
        """Give the domain disks that nova knows nothing of."""
        domain = self.domain(server)
        domain.defined = domain.defined.replace(
            '</devices>', f'{"".join(disks)}</devices>'
        )

    def request(self, server: Server, block: bool | str = 'auto') -> None:
        """Ask the API for a live migration to dest."""
        self.api.post_server_action(
            server['id'],
            {'os-migrateLive': {'host': 'dest', 'block_migration': block}},
        )

    def refuse(self, server: Server, block: bool | str = 'auto') -> None:
        """Ask for a live migration that no check lets through."""
        self.request(server, block)
        self.conducted.wait()

    def live_migrate(self, server: Server, block: bool | str = 'auto') -> None:
        """Live-migrate a server, however it ends."""
        self.request(server, block)
        self.conducted.wait()
        self.migrated.wait()

    def _wait_for_migration_status(
        self, server: Server, expected_statuses: list[str]
    ) -> typing.Any:
        """Wait as long as for a server, where nova's own waits for 5 s."""
        wait = super()._wait_for_migration_status
        for _ in range(RETRIES // 10 - 1):
            with contextlib.suppress(self.failureException):
                return wait(server, expected_statuses)
        return wait(server, expected_statuses)

    def abort(self, server: Server) -> None:
        """Abort a running migration as a user does."""
        migration = self._wait_for_migration_status(server, ['running'])
        self.api.api_delete(
            f'/servers/{server["id"]}/migrations/{migration["id"]}'
        )

    def outcome(self, server: Server) -> dict[str, typing.Any]:
        """What the records say about a server and its last migration."""
        shown = self.api.get_server(server['id'])
        migrations = [
            each
            for each in self.api.api_get('/os-migrations').body['migrations']
            if each['instance_uuid'] == server['id']
        ]
        return {
            'status': shown['status'],
            'task': shown['OS-EXT-STS:task_state'],
            'host': shown['OS-EXT-SRV-ATTR:host'],
            'migration': max(migrations, key=_number)['status'],
        }

    def events(self, server: Server, api: typing.Any = None) -> list[Server]:
        """The events of the last action as the API shows them."""
        api = api or self.api
        action, *_ = api.get_instance_actions(server['id'])
        shown = api.get_instance_action_details(
            server['id'], action['request_id']
        )
        return list(shown['events'])

    def faults(self, server: Server) -> list[objects.InstanceFault]:
        """The recorded faults, newest first.

        The API shows them of servers in ERROR alone.
        """
        with context.target_cell(
            context.get_admin_context(), self.cell_mappings['cell1']
        ) as cell:
            found = objects.InstanceFaultList.get_by_instance_uuids(
                cell, [server['id']]
            )
        return list(found)


def _number(migration: dict[str, typing.Any]) -> int:
    return int(migration['id'])


def _mapping(image: str, volume: str) -> list[dict[str, typing.Any]]:
    return [
        {
            'boot_index': 0,
            'uuid': image,
            'source_type': 'image',
            'destination_type': 'local',
        },
        {
            'boot_index': -1,
            'uuid': volume,
            'source_type': 'volume',
            'destination_type': 'volume',
        },
    ]
