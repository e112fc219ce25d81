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

"""Audit mode: nova acts, and the plan is compared with its choice."""

import collections.abc
import copy
import typing

from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import check_source
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.plan import plan_formats

LOG = migration_log.logger(__name__)

Method = collections.abc.Callable[..., typing.Any]

#: A destination in audit mode reports nothing. The plan is the one that both
#: hosts would make in enforce mode.
_ENFORCING = protocol.DestinationReport(
    free_bytes=2**63, directory_exists=False
)


def audit(
    check: check_source.SourceCheck,
    stock: Method,
    stock_choice: Method,
    context: typing.Any,
    instance: typing.Any,
    data: typing.Any,
    block_device_info: typing.Any,
) -> typing.Any:
    """Let nova answer, and log how the plan differs from nova's choice.

    :param stock: nova's check_can_live_migrate_source, without its
        dest_check_data
    :param stock_choice: nova's _live_migration_copy_disk_paths
    :returns: what nova answers; what it raises is raised
    """
    asked = copy.copy(data)  # nova changes it
    planned = (check, context, instance, asked, block_device_info)
    try:
        result = stock(dest_check_data=data)
    except Exception as err:
        _compare(*planned, f'nova refuses: {err}')
        raise
    copied: list[str] | str = []
    if result.block_migration:
        copied = _choice(check, stock_choice, context, instance)
    _compare(*planned, copied)
    return result


def _choice(
    check: check_source.SourceCheck,
    stock_choice: Method,
    context: typing.Any,
    instance: typing.Any,
) -> list[str] | str:
    try:
        return list(stock_choice(context, instance, check.found(instance))[1])
    except Exception as err:
        # nova's code may fail where ours does not.
        return f'nova fails to choose: {err!r}'


def _compare(
    check: check_source.SourceCheck,
    context: typing.Any,
    instance: typing.Any,
    data: typing.Any,
    block_device_info: typing.Any,
    theirs: list[str] | str,
) -> None:
    try:
        planned = check.plan(
            context,
            instance,
            data,
            block_device_info,
            otherwise=_ENFORCING,
        )
        LOG.info(
            'Audit, as if the destination had the plugin: %s',
            plan_formats.difference(planned.plan, theirs),
            instance=instance,
        )
    except Exception:
        # A boundary: an audit must not hinder nova.
        LOG.exception('Audit failed', instance=instance)
