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

"""nova's API and placement's traits by openstacksdk."""

import collections.abc
import contextlib
import typing

from keystoneauth1 import exceptions as auth_exceptions
from openstack import connection
from openstack import exceptions as sdk_exceptions
from openstack import utils

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import host_traits
from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import nova_port

#: Details of events: of Victoria, and so of each nova that we know.
_LEAST_MICROVERSION = '2.84'
#: openstacksdk calls live migration with 2.30, which answers only after the
#: checks of both hosts. From 2.34 on nova answers at once; 2.68 has no force.
_LIVE_MICROVERSION = '2.68'
_ACTION = 'live-migration'
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_TIMED_OUT = 408


class SdkNova:
    """The port by a connection of openstacksdk."""

    def __init__(self, sdk: connection.Connection) -> None:
        """Take a connection.

        :raises InvalidInput: when this nova is older than those we know
        """
        self._sdk = sdk
        self._compute = typing.cast(typing.Any, sdk.compute)
        # Each resource negotiates its own version, whatever --os-compute-
        # api-version says of this process.
        self._compute.default_microversion = None
        with _answers('nova'):
            known = utils.supports_microversion(
                self._compute, _LEAST_MICROVERSION
            )
        if not known:
            raise exceptions.InvalidInput(
                f'this nova has no microversion {_LEAST_MICROVERSION}'
            )

    def services(self) -> tuple[nova_port.ComputeService, ...]:
        """List the nova-compute services of the cloud."""
        with _answers('the list of compute services'):
            return tuple(
                nova_port.ComputeService(
                    str(each.id),
                    each.host,
                    each.status == 'enabled',
                    each.state == 'up' and not each.is_forced_down,
                    each.disabled_reason or '',
                )
                for each in self._compute.services(binary='nova-compute')
            )

    def disable(self, service: nova_port.ComputeService, reason: str) -> None:
        """Disable a service."""
        with _answers(f'disabling nova-compute of {service.host}'):
            self._compute.update_service(
                service.uuid, status='disabled', disabled_reason=reason
            )

    def enforcing_hosts(self) -> frozenset[str] | None:
        """Return the hosts with our trait; None: placement says nothing.

        A provider is named as the hypervisor is, which may differ from the
        name of nova-compute's host.
        """
        placement = typing.cast(typing.Any, self._sdk.placement)
        try:
            with _answers('placement'):
                found = {
                    each.name
                    for each in placement.resource_providers(
                        required=host_traits.ENFORCES
                    )
                }
                if not found:
                    return frozenset()
                hypervisors = self._compute.hypervisors(details=True)
                return frozenset(
                    (each.service_details or {}).get('host', each.name)
                    for each in hypervisors
                    if each.name in found
                )
        except nova_port.NovaRefused as err:
            # placement refuses a trait that no host has ever reported.
            return frozenset() if err.code == _CLIENT_ERROR else None
        except nova_port.NovaError:
            return None

    def servers(
        self, host: str
    ) -> collections.abc.Iterator[drain_servers.DrainServer]:
        """List the servers of a host, of all projects."""
        with _answers(f'the list of servers of {host}'):
            for each in self._compute.servers(
                details=True, all_projects=True, compute_host=host
            ):
                yield _server(each)

    def server(self, uuid: str) -> drain_servers.DrainServer | None:
        """Return a server; None where there is none any more."""
        with _answers(f'server {uuid}'):
            try:
                return _server(self._compute.get_server(uuid))
            except sdk_exceptions.NotFoundException:
                return None

    def attachments(self, uuid: str) -> nova_port.Attachments:
        """Return the volumes of a server."""
        with _answers(f'the volumes of server {uuid}'):
            return frozenset(
                (each.volume_id, each.device or '')
                for each in self._compute.volume_attachments(uuid)
            )

    def live_migrate(self, uuid: str, host: str | None) -> str:
        """Ask for a live migration."""
        with _answers(f'the live migration of server {uuid}'):
            response = self._compute.post(
                f'/servers/{uuid}/action',
                json={
                    'os-migrateLive': {
                        'host': host,
                        'block_migration': 'auto',
                    }
                },
                microversion=_LIVE_MICROVERSION,
            )
            sdk_exceptions.raise_from_response(response)
        return str(response.headers.get('x-openstack-request-id', ''))

    def migrations(
        self, uuid: str
    ) -> tuple[nova_port.LiveMigrationRecord, ...]:
        """List the live migrations of a server."""
        with _answers(f'the migrations of server {uuid}'):
            return tuple(
                nova_port.LiveMigrationRecord(
                    int(each.id),
                    each.status,
                    each.source_compute,
                    each.dest_compute,
                )
                for each in self._compute.migrations(
                    server_id=uuid, migration_type=_ACTION
                )
            )

    def moved_bytes(
        self, uuid: str, migration: int
    ) -> nova_port.MovedBytes | None:
        """Return how far a running migration is.

        nova writes it down every few seconds, and lists only what runs.
        """
        with _answers(f'the progress of server {uuid}'):
            for each in self._compute.server_migrations(uuid):
                if int(each.id) == migration:
                    return _moved_bytes(each)
        return None

    def abort(self, uuid: str, migration: int) -> None:
        """Abort a running migration."""
        with _answers(f'the abort of server {uuid}'):
            self._compute.abort_server_migration(
                migration, server=uuid, ignore_missing=True
            )

    def failed_events(
        self, uuid: str, request: str
    ) -> tuple[nova_port.FailedEvent, ...]:
        """List what failed of a request, or of the latest live migration."""
        with _answers(f'the events of server {uuid}'):
            found = request or next(
                (
                    each.request_id
                    for each in self._compute.server_actions(uuid)
                    if each.action == _ACTION
                ),
                None,
            )
            if not found:
                return ()
            action = self._compute.get_server_action(found, uuid)
            return tuple(
                _event(each)
                for each in action.events or ()
                if each.result == 'Error'
            )


def _server(found: typing.Any) -> drain_servers.DrainServer:
    flavor = found.flavor
    # openstacksdk makes {} of the image '' of a server that has none.
    image = getattr(found.image, 'id', None)
    return drain_servers.DrainServer(
        uuid=found.id,
        name=found.name or '',
        project=found.project_id or '',
        host=found.compute_host,
        status=found.status,
        flavor=flavor.original_name or '',
        memory_bytes=(flavor.ram or 0) * drain_servers.MIB,
        disk_bytes=_disk_bytes(flavor, has_image=bool(image)),
        task=found.task_state,
        fault=str((found.fault or {}).get('message') or ''),
    )


def _disk_bytes(flavor: typing.Any, *, has_image: bool) -> int | None:
    """Return what local disks a server of this flavor has at most.

    Without an image its root disk is a volume. A root disk of size 0 is as
    large as its image.
    """
    more = (flavor.ephemeral or 0) * drain_servers.GIB
    more += (flavor.swap or 0) * drain_servers.MIB
    if not has_image:
        return more
    return more + flavor.disk * drain_servers.GIB if flavor.disk else None


def _moved_bytes(found: typing.Any) -> nova_port.MovedBytes | None:
    total = (found.memory_total_bytes or 0) + (found.disk_total_bytes or 0)
    if not total:
        return None
    remaining = found.memory_remaining_bytes or 0
    remaining += found.disk_remaining_bytes or 0
    return nova_port.MovedBytes(total, remaining)


def _event(found: typing.Any) -> nova_port.FailedEvent:
    """Read an event; nova cuts its details at 255 characters.

    Our driver gives the whole message as the traceback too, which only an
    administrator reads.
    """
    words = found.details or ''
    if found.event.startswith(nova_port.OUR_EVENTS):
        words = found.traceback or words
    return nova_port.FailedEvent(found.event, ' '.join(words.split()))


@contextlib.contextmanager
def _answers(what: str) -> collections.abc.Iterator[None]:
    """Turn the errors of a call into ours.

    :raises NovaRefused: when the API says no
    :raises NovaError: when it is not known what it did
    """
    try:
        yield
    except sdk_exceptions.HttpException as err:
        code = err.status_code or _SERVER_ERROR
        words = f'{what}: {code}: {err.details or err.message}'
        if _CLIENT_ERROR <= code < _SERVER_ERROR and code != _TIMED_OUT:
            raise nova_port.NovaRefused(words, code) from err
        raise nova_port.NovaError(words) from err
    except (
        sdk_exceptions.SDKException,
        auth_exceptions.ClientException,
    ) as err:
        raise nova_port.NovaError(f'{what}: {err}') from err
