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

"""What is asked of a cloud before a host of it is emptied."""

import typing

from openstack import exceptions as sdk_exceptions

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import destination_choices
from nova_selective_migrate.drain import drain_journal
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import nova_port

#: How the reason begins for which a drain disables a service; its id follows.
REASON = 'emptied by nova-selective-migrate, drain'


def projects(sdk: typing.Any, names: list[str]) -> tuple[str, ...]:
    """Return the ids of projects.

    :raises InvalidInput: when there is no such one
    """
    found = []
    for name in names:
        try:
            project = sdk.identity.find_project(name, ignore_missing=False)
        except sdk_exceptions.SDKException as err:
            raise exceptions.InvalidInput(f'--project {name}: {err}') from err
        found.append(str(project.id))
    return tuple(found)


def source(
    services: tuple[nova_port.ComputeService, ...],
    options: drain_options.DrainOptions,
) -> nova_port.ComputeService:
    """Return the service of the host that is to be emptied.

    :raises InvalidInput: when there is none that could move anything
    """
    for service in services:
        if service.host == options.host:
            if service.up:
                return service
            raise exceptions.InvalidInput(
                f'nova-compute of {options.host} is down and migrates nothing '
                'live. Start it; if the host is lost, evacuate its servers'
            )
    known = ', '.join(sorted(each.host for each in services)) or 'none'
    raise exceptions.InvalidInput(
        f'{options.host} is no compute host of this cloud, which has {known}'
    )


def hosts(
    nova: nova_port.NovaPort,
    services: tuple[nova_port.ComputeService, ...],
    options: drain_options.DrainOptions,
) -> tuple[destination_choices.DestinationHosts, tuple[str, ...]]:
    """Return where servers may go, and what there is to say of it.

    :raises InvalidInput: when the target is none of them
    """
    fit = frozenset(
        each.host
        for each in services
        if each.enabled and each.up and each.host != options.host
    )
    if options.target is not None and options.target not in fit:
        raise exceptions.InvalidInput(
            f'--target {options.target} is no compute host that is enabled '
            f'and up; those are {", ".join(sorted(fit)) or "none"}'
        )
    enforcing = nova.enforcing_hosts()
    notes: tuple[str, ...] = ()
    if enforcing is None:
        notes = (
            'placement could not be asked which hosts decide disk by disk.',
        )
    return (
        destination_choices.DestinationHosts(
            fit, (enforcing or frozenset()) & fit, options.target
        ),
        notes,
    )


def assert_alone(
    source: nova_port.ComputeService,
    latest: drain_journal.DrainRecord | None,
    host: str,
) -> None:
    """Refuse where another machine may be emptying the host.

    :raises InvalidInput: when its journal is not the one we have
    """
    if source.enabled or not is_ours(source):
        return
    drain = source.reason.removeprefix(REASON).strip()
    if latest is not None and latest.id == drain:
        return
    raise exceptions.InvalidInput(
        f'drain {drain} has disabled nova-compute of {host}, and its journal '
        'is not here. Name it with --journal; or, when no other drain runs, '
        f'openstack compute service set --enable {host} nova-compute, and '
        'drain again'
    )


def is_ours(service: nova_port.ComputeService) -> bool:
    """Tell whether a drain has disabled a service."""
    return not service.enabled and service.reason.startswith(REASON)
