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

"""Reach nova-conductor from a process that is no service of nova's.

As nova.cmd.compute.main does for nova-compute, and for reading alone.
"""

import collections.abc
import contextlib
import typing

from nova import config
from nova import objects
from nova.conductor import rpcapi
import nova.conf
from nova.objects import base
from oslo_config import cfg
import oslo_messaging

from nova_selective_migrate import conf
from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.source import server_records
from nova_selective_migrate.core.case import nova_records

CONF = nova.conf.CONF
#: For one answer; nova's own minute is for a busy service.
ANSWER_SECONDS = 20
#: What is asked; each reads and does nothing else.
READS = frozenset(
    {
        ('BlockDeviceMappingList', 'get_by_instance_uuids'),
        ('InstanceList', 'get_by_host'),
        ('Service', 'get_by_host_and_binary'),
    }
)


class ReadOnlyConductor(rpcapi.ConductorAPI):
    """nova-conductor, of which nothing is asked but what reads."""

    def object_class_action_versions(
        self,
        context: typing.Any,
        objname: str,
        objmethod: str,
        *args: typing.Any,
        **kwargs: typing.Any,
    ) -> typing.Any:
        """Pass on what reads.

        :raises SelectiveMigrateError: for all else
        """
        _assert_reads(objname, objmethod)
        return super().object_class_action_versions(
            context, objname, objmethod, *args, **kwargs
        )

    def object_action(
        self,
        context: typing.Any,
        objinst: typing.Any,
        objmethod: str,
        *args: typing.Any,
        **kwargs: typing.Any,
    ) -> typing.Any:
        """Refuse: a method of a record may change it.

        :raises SelectiveMigrateError: always
        """
        _assert_reads(objinst.obj_name(), objmethod)


def _assert_reads(name: str, method: str) -> None:
    if (name, method) not in READS:
        raise exceptions.SelectiveMigrateError(
            f'{name}.{method} is not asked of nova-conductor: an audit reads'
        )


def configure(files: collections.abc.Iterable[str]) -> str:
    """Read nova's configuration as nova-compute does.

    :returns: where the message bus is, for messages
    :raises InvalidInput: when it cannot be read, or names no message bus
    """
    arguments = [f'--config-file={file}' for file in files]
    conf.register_opts(CONF)
    try:
        config.parse_args(['nova-compute', *arguments], configure_db=False)
        found = oslo_messaging.TransportURL.parse(CONF)
    except (cfg.Error, oslo_messaging.InvalidTransportURL, ValueError) as err:
        raise exceptions.InvalidInput(
            f"nova's configuration cannot be read: {err}"
        ) from err
    places = [f'{host.hostname}:{host.port or 5672}' for host in found.hosts]
    if not places:
        raise exceptions.InvalidInput(
            'the configuration has no [DEFAULT] transport_url, so that '
            'nova-conductor cannot be asked; add the --config-file that has '
            'it, or plan without nova by --no-nova'
        )
    return ', '.join(places)


@contextlib.contextmanager
def conductor() -> collections.abc.Iterator[None]:
    """Have nova's objects ask the conductor."""
    objects.register_all()
    before = base.NovaObject.indirection_api
    base.NovaObject.indirection_api = ReadOnlyConductor()
    # The client that it has made knows the option.
    CONF.set_override('rpc_response_timeout', ANSWER_SECONDS)
    try:
        yield
    finally:
        CONF.clear_override('rpc_response_timeout')
        base.NovaObject.indirection_api = before


def read() -> nova_records.NovaRecords:
    """Read what nova has of the host that is configured.

    :raises InvalidInput: when nova has no such host, or an option of
        [selective_migrate] is wrong
    """
    group = CONF.selective_migrate
    settings = driver_settings.DriverSettings.of(group)
    with conductor():
        servers = server_records.of_host(CONF.host)
        if not servers and not server_records.is_known(CONF.host):
            raise exceptions.InvalidInput(
                f'nova has no nova-compute on a host {CONF.host!r}; set '
                '[DEFAULT] host as nova-compute has it: "openstack compute '
                'service list" shows the names'
            )
    return nova_records.NovaRecords(
        CONF.host,
        settings.mode.value if group.enabled else 'disabled',
        server_records.options(settings),
        servers,
    )
