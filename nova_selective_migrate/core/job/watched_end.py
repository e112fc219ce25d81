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

"""How a migration ended that was only watched, from its source alone."""

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence

Ending = guest_location.Ending
Presence = guest_presence.Presence

_ASK = 'name DEST_URI to have the destination asked as well'


def judge(
    source: guest_presence.GuestSide, *, departed: bool
) -> guest_location.Settlement:
    """Say where the guest is, as far as its source tells.

    :param departed: whether libvirt there has said that the guest stopped
        because it was migrated (VIR_DOMAIN_EVENT_STOPPED_MIGRATED). It says
        so after the destination has told that the guest runs
    """
    if source.holds:
        return _settled(
            Ending.NOT_MOVED, f'the guest is on the source, {source}'
        )
    gone = source.presence in (Presence.OFF, Presence.ABSENT)
    if source.presence is Presence.MIGRATED or (gone and departed):
        return _settled(
            Ending.MOVED,
            'libvirt on the source says that the guest was migrated, and the '
            'destination was not asked',
        )
    if source.presence is Presence.UNREACHABLE:
        return _settled(Ending.UNKNOWN, f'the source is {source}; {_ASK}')
    if gone:
        return _settled(
            Ending.UNKNOWN,
            f'the source has the guest {source} and did not say that it was '
            f'migrated; {_ASK}',
        )
    return _settled(
        Ending.UNKNOWN,
        f'no job runs any more, and the source has the guest {source}; {_ASK}',
    )


def _settled(ending: Ending, why: str) -> guest_location.Settlement:
    return guest_location.Settlement(ending, why)
