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

"""The call that follows where the disks of the first do not converge."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import migrate_call

#: VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES is one of libvirt's since then.
_FIRST_LIBVIRT = 8_000_000


def build(
    call: migrate_call.MigrateCall, case: migration_case.Case
) -> migrate_call.MigrateCall | None:
    """Return the call to make when the first copy does not converge.

    libvirt takes the flag with the call alone, not for a copy that runs.

    :returns: None where the caller wants none, or the flag is not known to
        be safe with what both hosts run
    """
    if not case.options.converge or not call.flags & migrate_call.NON_SHARED:
        return None
    flag = migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
    if flag in call.flags or not _safe(case):
        return None
    incremental = migrate_call.MigrateFlag.NON_SHARED_INC in call.flags
    if incremental and not case.options.create_images:
        # Who has made the images makes them once, and a copy of top images
        # alone must not find what an earlier one has written.
        return None
    return dataclasses.replace(call, flags=call.flags | flag)


def _safe(case: migration_case.Case) -> bool:
    hosts = case.hypervisors
    if hosts.source.qemu is None:
        return False
    for host in (hosts.source, hosts.destination):
        if host.libvirt is None or host.libvirt < _FIRST_LIBVIRT:
            return False
    using = (known_bad_releases.Feature.SYNCHRONOUS_WRITES,)
    accept = case.options.accept_known_bad
    return not any(known_bad_releases.find(hosts, using, accept))


def notes(
    again: migrate_call.MigrateCall | None,
) -> collections.abc.Iterator[str]:
    """Note that the copy may be started a second time."""
    if again is not None:
        yield (
            'should the disks not get ahead of what the guest writes, the '
            'copy begins again, once, with synchronous writes'
        )
