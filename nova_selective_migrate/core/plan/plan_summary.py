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


"""A plan in a line: what moves, how long it takes, what the guest notices."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.core.plan import migrate_call

_MIB = 2**20


@dataclasses.dataclass(frozen=True)
class PlanSummary:
    """What a plan comes to.

    :ivar disk_bytes: that the copies move
    :ivar memory_bytes: what of memory moves at most, once; None: not known
    :ivar rate: the limit of the link, MiB/s; None: none is given
    :ivar measured_rate: without a limit, that of the last migration to the
        host, MiB/s; None: none is known
    :ivar seconds: at either rate, of a guest that changes nothing meanwhile;
        without its memory where that is not known; None: neither is known
    :ivar notices: what the guest comes to notice, in parts of a sentence
    :ivar media: how many files of read-only media are copied before the
        call; None where none is
    :ivar media_bytes: that these have
    """

    disk_bytes: int = 0
    memory_bytes: int | None = None
    rate: int | None = None
    measured_rate: float | None = None
    seconds: int | None = None
    notices: tuple[str, ...] = ()
    media: int | None = None
    media_bytes: int | None = None


def of_plan(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
    second_call: migrate_call.MigrateCall | None,
    disk_bytes: int,
    counted_bytes: int,
    media: collections.abc.Sequence[media_choices.MediumChoice],
) -> PlanSummary:
    """Sum up a plan that is ready.

    :param disk_bytes: that the copies move
    :param counted_bytes: what QEMU counts of them under a limit
    :param media: the read-only media that are copied, each file once
    """
    told = facts.case.readiness
    memory = told.memory.moved_bytes if told and told.memory else None
    rate = facts.options.bandwidth or None
    measured = told.bytes_per_second if told and not rate else None
    seconds = None
    if rate:
        seconds = -(-(counted_bytes + (memory or 0)) // (rate * _MIB))
    elif measured:
        seconds = -(-(disk_bytes + (memory or 0)) // measured)
    return PlanSummary(
        disk_bytes,
        memory,
        rate,
        round(measured / _MIB, 1) if measured else None,
        seconds,
        tuple(_notices(facts, call, second_call)),
        len(media) or None,
        sum(each.size_bytes for each in media) if media else None,
    )


def _notices(
    facts: case_facts.Facts,
    call: migrate_call.MigrateCall,
    second_call: migrate_call.MigrateCall | None,
) -> collections.abc.Iterator[str]:
    flag = migrate_call.MigrateFlag
    if facts.case.domain_state.state == 'paused':
        yield 'it stays paused'
    elif facts.options.transport.suspend:
        yield 'it is paused at the destination'
    else:
        yield 'it pauses for a moment at the switch-over'
    if flag.AUTO_CONVERGE in call.flags:
        yield 'it is slowed down while memory changes faster than it is sent'
    if flag.NON_SHARED_SYNCHRONOUS_WRITES in call.flags:
        yield 'its writes wait for the destination while disks are copied'
    elif second_call is not None:
        yield (
            'its writes wait for the destination should the disks not get '
            'ahead of them'
        )
    timeout = facts.options.transport
    if timeout.timeout and (
        timeout.timeout_action is transport_options.TimeoutAction.SUSPEND
    ):
        yield f'it is suspended after {timeout.timeout} s until it has moved'
    if flag.POSTCOPY in call.flags:
        yield (
            'in post-copy it waits for memory, and is lost where the link '
            'breaks'
        )
