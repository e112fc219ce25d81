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
"""The state of a host as metrics of Prometheus.

Names and labels are as libvirt-exporter and KubeVirt have them; they are a
contract, and doc/source/admin/metrics.rst lists them. No label is what a user
has chosen: a guest is named by libvirt's name for it and by its UUID.
"""

import collections.abc

from prometheus_client import core

from nova_selective_migrate.compute.metrics import audit_results
from nova_selective_migrate.compute.metrics import host_state
from nova_selective_migrate.core.job import followed_migration
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import migration_progress

_PREFIX = 'selective_migrate'
_GUEST = ('domain', 'instance_id')
_DISK = (*_GUEST, 'target_device')
#: Told from the beginning, so that the first one is seen as an increase.
_ENDINGS = (
    (guest_location.Ending.MOVED, 'completed'),
    (guest_location.Ending.MOVED, 'error'),
    (guest_location.Ending.NOT_MOVED, 'failed'),
    (guest_location.Ending.NOT_MOVED, 'cancelled'),
    (guest_location.Ending.UNKNOWN, 'error'),
)

Families = collections.abc.Iterator[core.Metric]


def families(state: host_state.HostState) -> Families:
    """Yield all metrics of a host."""
    following = state.activity.following
    yield from _disks(following)
    yield from _memory(following)
    yield from _times(following)
    yield from _counts(state)
    yield from _waiting(state)
    if state.audit is not None:
        yield from _audit(state.audit)
    yield _gauge(
        'unread_parts',
        'Parts of these metrics that are left out, as they cannot be read; '
        "nova-compute's log says why",
        state.unread,
    )


def _disks(
    following: collections.abc.Iterable[followed_migration.FollowedMigration],
) -> Families:
    copied = core.CounterMetricFamily(
        f'{_PREFIX}_disk_copied_bytes',
        'Bytes of a disk that a running migration has copied; begins again '
        'with a second copy',
        labels=_DISK,
    )
    remaining = core.GaugeMetricFamily(
        f'{_PREFIX}_disk_remaining_bytes',
        'Bytes of a disk that a running migration has still to copy',
        labels=_DISK,
    )
    rate = core.GaugeMetricFamily(
        f'{_PREFIX}_disk_transfer_rate_bytes',
        'Bytes per second at which a disk is copied, between the last two '
        'looks at it',
        labels=_DISK,
    )
    for each in following:
        for disk in each.progress.disks if each.progress else ():
            labels = (each.domain, each.instance, disk.name)
            copied.add_metric(labels, disk.processed)
            remaining.add_metric(labels, disk.remaining)
            rate.add_metric(labels, disk.rate)
    yield from (copied, remaining, rate)


def _memory(
    following: collections.abc.Iterable[followed_migration.FollowedMigration],
) -> Families:
    remaining = core.GaugeMetricFamily(
        f'{_PREFIX}_memory_remaining_bytes',
        'Bytes of memory that a running migration has still to send',
        labels=_GUEST,
    )
    total = core.GaugeMetricFamily(
        f'{_PREFIX}_memory_bytes',
        'Bytes of memory that a running migration sends',
        labels=_GUEST,
    )
    for each in following:
        progress = each.progress
        if progress is None or not progress.memory.total:
            continue  # libvirt tells of memory when the disks are copied
        labels = (each.domain, each.instance)
        total.add_metric(labels, progress.memory.total)
        remaining.add_metric(labels, progress.memory.remaining)
    yield from (total, remaining)


def _times(
    following: collections.abc.Iterable[followed_migration.FollowedMigration],
) -> Families:
    phases = core.GaugeMetricFamily(
        f'{_PREFIX}_migration_phase_start_time_seconds',
        'Unix time at which a running migration came to a phase',
        labels=(*_GUEST, 'phase'),
    )
    moved = core.GaugeMetricFamily(
        f'{_PREFIX}_migration_last_progress_time_seconds',
        'Unix time at which bytes of a running migration were last seen to '
        'move',
        labels=_GUEST,
    )
    for each in following:
        labels = (each.domain, each.instance)
        moved.add_metric(labels, each.moved_at)
        for phase, began in each.phases:
            phases.add_metric((*labels, phase_label(phase)), began)
    yield from (phases, moved)


def phase_label(phase: migration_progress.Phase) -> str:
    """Return a phase as a label: preparing, disks, memory, finishing."""
    return phase.name.lower()


def _counts(state: host_state.HostState) -> Families:
    activity = state.activity
    if state.pending is not None:
        yield _gauge(
            'migrations_in_pending_phase',
            'Migrations from this host that wait for their turn, or whose '
            'destination is being prepared',
            state.pending,
        )
    yield _gauge(
        'migrations_in_running_phase',
        'Migrations from this host that run',
        len(activity.following),
    )
    endings = core.CounterMetricFamily(
        f'{_PREFIX}_migrations',
        'Migrations from this host that have ended, by where the guest was '
        "found and by nova's status of the migration",
        labels=('outcome', 'status'),
    )
    for ending, status in dict.fromkeys((*_ENDINGS, *activity.endings)):
        endings.add_metric(
            (ending.value, status), activity.endings.get((ending, status), 0)
        )
    yield endings
    refusals = core.CounterMetricFamily(
        f'{_PREFIX}_refusals',
        'Plans of migrations from this host that are refused, by reason code; '
        'one that is refused for several counts for each',
        labels=('reason',),
    )
    # Each from the beginning, so that its first one is seen as an increase.
    for code in sorted(audit_results.KNOWN_CODES):
        refusals.add_metric((code,), activity.refusals.get(code, 0))
    yield refusals


def _waiting(state: host_state.HostState) -> Families:
    if state.promised_bytes is not None:
        yield _gauge(
            'incoming_promised_bytes',
            'Bytes that running migrations to this host are to bring to its '
            'disks',
            state.promised_bytes,
        )
    waiting = {
        'incoming': state.incoming_waiting,
        'outgoing': state.outgoing_waiting,
    }
    yield _gauges(
        'journal_waiting_entries',
        'Entries of a journal that no running migration has: somebody has to '
        'look at them',
        'journal',
        {name: count for name, count in waiting.items() if count is not None},
    )


def _audit(audit: audit_results.AuditResults) -> Families:
    yield _gauges(
        'audit_guests',
        'Running guests of this host, by what the last audit has found of '
        'them',
        'result',
        {
            'movable': audit.movable,
            'refused': audit.refused,
            'not-planned': audit.not_planned,
        },
    )
    yield _gauges(
        'audit_refused_guests',
        'Running guests of this host that the last audit refuses, by reason '
        'code; one that is refused for several counts for each',
        'reason',
        dict(sorted(audit.refused_by.items())),
    )
    yield _gauge(
        'audit_time_seconds',
        'Unix time of the last audit of this host',
        audit.time,
    )
    yield _gauge(
        'audit_copy_bytes',
        'Bytes of disks that would be copied to empty this host, of guests '
        'that can move',
        audit.copy_bytes,
    )
    yield _gauge(
        'audit_memory_bytes',
        'Bytes of memory of the guests of this host that can move',
        audit.memory_bytes,
    )


def _gauges(
    name: str,
    documentation: str,
    label: str,
    values: collections.abc.Mapping[str, float],
) -> core.Metric:
    found = core.GaugeMetricFamily(
        f'{_PREFIX}_{name}', documentation, labels=(label,)
    )
    for each, value in values.items():
        found.add_metric((each,), value)
    return found


def _gauge(name: str, documentation: str, value: float) -> core.Metric:
    return core.GaugeMetricFamily(
        f'{_PREFIX}_{name}', documentation, value=value
    )
