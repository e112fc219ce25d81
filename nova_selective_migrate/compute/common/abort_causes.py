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

"""Why a watchdog, ours or nova's, aborted a live migration.

libvirt says "canceled by client" of each.
"""

from nova_selective_migrate.host.migration import migration_attempt

_EVENT = 'selective_migrate_'
#: The destination records this event before it asks for the abort.
FULL_EVENT = f'{_EVENT}{migration_attempt.AbortKind.DESTINATION_FULL.value}'


def event_name(cause: migration_attempt.AbortCause) -> str:
    """Return the name of the event that the server's owner reads."""
    return f'{_EVENT}{cause.kind.value}'


def told_by_destination(text: str) -> migration_attempt.AbortCause:
    """Return the cause that the destination recorded as an event."""
    return migration_attempt.AbortCause(
        migration_attempt.AbortKind.DESTINATION_FULL, text
    )


def switch_over_stalled(seconds: float) -> migration_attempt.AbortCause:
    """Return the cause for a guest held paused by a stalled switch-over."""
    return migration_attempt.AbortCause(
        migration_attempt.AbortKind.STALLED,
        f'aborted after {seconds:.0f} s in which the guest was paused for the '
        'switch-over and nothing moved: look at the network between the '
        'hosts, and migrate again',
    )


def no_progress(seconds: float) -> migration_attempt.AbortCause:
    """Return the cause for a migration that moved nothing."""
    return migration_attempt.AbortCause(
        migration_attempt.AbortKind.NO_PROGRESS,
        f'aborted after {seconds:.0f} s in which nothing moved, which is as '
        'long as [selective_migrate]progress_timeout allows: look at the '
        'network between the hosts and at their storage, and migrate again',
    )


def completion_timeout() -> migration_attempt.AbortCause:
    """Return the cause for a migration that took longer than nova allows."""
    return migration_attempt.AbortCause(
        migration_attempt.AbortKind.COMPLETION_TIMEOUT,
        'aborted by nova because it took longer than '
        '[libvirt]live_migration_completion_timeout allows for its size: '
        'raise that, or give it more bandwidth, and migrate again',
    )


def destination_full(
    host: str, directory: str, free: int, floor: int
) -> migration_attempt.AbortCause:
    """Return the cause for a destination that runs out of free space.

    :param free: bytes that are free in the directory
    :param floor: bytes that are to stay free
    """
    return migration_attempt.AbortCause(
        migration_attempt.AbortKind.DESTINATION_FULL,
        f'{host} has {free} bytes free in {directory}, less than the {floor} '
        'that are to stay while a live migration comes: it is aborted. Make '
        'room there and migrate again, or lower '
        '[selective_migrate]free_space_reserve',
    )
