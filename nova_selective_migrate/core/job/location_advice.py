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

"""The sentences that tell an operator where the guest is and what to do.

For the verdicts of ``core.job.guest_location``. Each begins in lower case, has
no full stop and gives the remedy after a colon.
"""

CHOOSE = (
    'look at both, then destroy that of the destination; if only that one has '
    'what must be kept, destroy that of the source and resume the other'
)
STILL_MIGRATES = (
    'the migration still runs on the source, and cannot be told to '
    'have ended: look at the source with virsh domjobinfo'
)
NOT_ASKED_TO_MIGRATE = (
    'libvirt was not asked to migrate, so the guest is where it '
    'was; the source cannot be asked any more'
)
MOVED_SOURCE_SILENT = (
    'the destination has the guest and the job completed; the '
    'source cannot be asked any more: where it has the guest '
    'paused when it answers again, destroy that one'
)
ARRIVED_SOURCE_SILENT = (
    'the destination has the guest, and the job that brought it has '
    'completed; the source cannot be asked, and may have it paused: when it '
    'answers again, look at both with virsh domstate --reason and destroy '
    'that of the source'
)
DESTINATION_WAITS = (
    'the source has the guest; the destination still waits for it: '
    'destroy that domain there'
)
NEVER_HANDED_OVER = (
    'the source has the guest as before, which was never handed '
    'over; the destination cannot be asked, and may keep a domain '
    'that waits for it'
)
SOURCE_HAS_IT_DESTINATION_SILENT = (
    'the source has the guest, and the destination cannot be asked '
    'whether it runs there as well: look there, and where it does, '
    'suspend it at once, then destroy the one without the newest data'
)
SOURCE_SUSPENDED = (
    'the destination cannot be asked whether it runs the guest, so that of '
    'the source was suspended: both would write to the disks that they '
    'share. Look there: where it does not run, let that of the source run '
    'on with virsh resume; where it runs, destroy the one without the '
    'newest data'
)
SOURCE_STAYS_SUSPENDED = (
    'the source has the guest, suspended for as long as the destination '
    'could not be asked, and cannot resume it: resume it with virsh resume'
)
STOPPED_ON_SOURCE = (
    'the guest is off on the source: it stopped during the migration'
)
AS_BEFORE = 'the source has the guest as before'
GONE_BEFORE_THE_CALL = (
    'the source has the guest no more, and it was not this '
    'migration: look at both hosts before it is started anywhere'
)
HANDED_OVER_DESTINATION_SILENT = (
    'the source has handed over the guest and the job completed; '
    'the destination cannot be asked any more'
)
IN_POSTCOPY = (
    'the guest runs at the destination in a post-copy, and a part of '
    'its memory is on the source alone: destroy neither; look at '
    'both with virsh domstate --reason'
)
PAUSED_ON_SOURCE = (
    'the destination has the guest and the source has it paused: '
    'look at both and destroy the one that must not run'
)
RESUME_ON_SOURCE = (
    'the guest is paused on the source by the migration: resume it '
    'with virsh resume'
)
BOTH_RAN = (
    'both hosts ran the guest: that of the destination was suspended at '
    f'once (virsh resume takes that back). Now {CHOOSE}'
)
BOTH_RUN = (
    'both hosts run the guest, and each write damages the disks that '
    'they share: suspend that of the destination at once, with virsh '
    f'suspend there. Then {CHOOSE}'
)
SOURCE_RUNS_OTHER_PAUSED = (
    'the source runs the guest, and the destination has it paused, '
    f'where it may have run: {CHOOSE}. Never run both'
)
DESTINATION_RUNS_OTHER_PAUSED = (
    'the destination runs the guest, and the source has it paused: '
    'look at both, then destroy the one without the newest data. '
    'Never run both'
)
BOTH_PAUSED = (
    'both hosts have the guest, paused: look at both, then destroy one '
    'of them before the other is resumed'
)
POSTCOPY_BROKEN = (
    'the post-copy has failed, and the newest memory and disks of the guest '
    'are at the destination, some of its memory on the source alone: destroy '
    'neither. Where both hosts have libvirt 8.5 or later, look why the '
    'connection broke and take it up again with virsh migrate '
    '--postcopy-resume on the source'
)
NOWHERE = (
    'neither host has the guest running: look into the logs of both '
    'before starting it; its disks may be complete on either'
)


def succeeded_and_source_has_it(there: str) -> str:
    """Advise where the call has succeeded, and the source has it."""
    return (
        'the migration has succeeded, and the source has the guest all '
        f'the same, while the destination has it {there}: look '
        'which host has its newest data before anything is removed'
    )


def source_has_it_other_may_have_run(there: str) -> str:
    """Advise where the destination may have run the guest."""
    return (
        'the source has the guest, and the destination has it '
        f'{there}, where it may have run: look at both hosts before '
        'anything is removed'
    )


def postcopy_lost_destination(there: str) -> str:
    """Advise where the destination has lost a guest that ran there."""
    return (
        'the source has the guest paused in post-copy, and the '
        f'destination, where it ran, has it {there}. The newest disks are at '
        'the destination: look at both hosts before it is started anywhere'
    )


def both_run_not_suspended(failure: str) -> str:
    """Advise where both hosts run the guest, and none can be stopped."""
    return (
        'both hosts run the guest, and that of the destination could not '
        f'be suspended ({failure}): do that first, with virsh suspend '
        f'there. Then {CHOOSE}'
    )


def host_silent(silent: str) -> str:
    """Advise where a host, or both, cannot be asked."""
    return (
        f'the {silent} cannot be asked: look there whether the guest '
        'runs before starting it anywhere'
    )


def postcopy_lost_memory(here: str) -> str:
    """Advise where the source has no part of the guest any more."""
    return (
        f'the post-copy has failed, and the source has the guest {here}: the '
        'memory that was still to come is lost, and the newest disks are at '
        'the destination. Look at both hosts before it is started anywhere'
    )


def postcopy_permitted(here: str) -> str:
    """Advise where the guest is gone and nobody has seen a post-copy."""
    return (
        f'the source has the guest {here}, and post-copy was permitted: if it '
        'had begun, the newest disks are at the destination. Look at both '
        'hosts before it is started anywhere'
    )


def postcopy_lost_guest(there: str) -> str:
    """Advise where the destination, where the guest ran, has lost it."""
    return (
        'the post-copy has failed, and the destination, where the guest ran, '
        f'has it {there}: the newest disks are there, and the memory of the '
        'source is older. Look at both hosts before it is started anywhere'
    )
