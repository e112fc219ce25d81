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

"""What a migration that came through has moved, in nova's own record.

nova looks at its job twice a second and notes every few seconds what it
sees. A copy that is shorter leaves the zeros of the first look, and any other
what it had moved some seconds before the end.
"""

import typing

from oslo_log import log as logging

from nova_selective_migrate.core.plan import migration_plan

LOG = logging.getLogger(__name__)

_MIB = 2**20


def save(
    migration: typing.Any,
    instance: typing.Any,
    plan: migration_plan.MigrationPlan,
) -> None:
    """Note that all of it has been moved; never raises.

    :param migration: nova.objects.Migration
    :param plan: of what has just come through
    """
    # As QEMU counts: of a top that is copied alone, what it has allocated.
    disks = sum(
        disk.copy_bytes
        if disk.decision.top_only
        else disk.virtual_bytes or disk.copy_bytes
        for disk in plan.disks
        if disk.copied
    )
    try:
        for kind, least in (
            ('memory', instance.flavor.memory_mb * _MIB),
            ('disk', disks),
        ):
            # What libvirt has told counts: a guest has more than its RAM.
            total = max(getattr(migration, f'{kind}_total') or 0, least)
            setattr(migration, f'{kind}_total', total)
            setattr(migration, f'{kind}_processed', total)
            setattr(migration, f'{kind}_remaining', 0)
        migration.save()
    except Exception as err:
        # A boundary: the guest has moved, and nova's work goes on.
        LOG.warning('Its totals are not noted: %s', err, instance=instance)
