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

"""What libvirt's state of a domain means."""

import libvirt

from nova_selective_migrate.core.job import guest_location

_STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: 'nostate',
    libvirt.VIR_DOMAIN_RUNNING: 'running',
    libvirt.VIR_DOMAIN_BLOCKED: 'blocked',
    libvirt.VIR_DOMAIN_PAUSED: 'paused',
    libvirt.VIR_DOMAIN_SHUTDOWN: 'shutdown',
    libvirt.VIR_DOMAIN_SHUTOFF: 'shutoff',
    libvirt.VIR_DOMAIN_CRASHED: 'crashed',
    libvirt.VIR_DOMAIN_PMSUSPENDED: 'pmsuspended',
}
_OFF = ('shutoff', 'crashed')
# The pauses that libvirt itself makes for a migration.
_PAUSED = {
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION: guest_location.Presence.SWITCHING,
    libvirt.VIR_DOMAIN_PAUSED_STARTING_UP: guest_location.Presence.SWITCHING,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY: guest_location.Presence.POSTCOPY,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED: (
        guest_location.Presence.POSTCOPY_FAILED
    ),
}
# VIR_DOMAIN_RUNNING_POSTCOPY_FAILED: bindings before 8.5 do not have it.
_RUNNING_POSTCOPY_FAILED = 11


def word(state: int) -> str:
    """Return libvirt's word for a state."""
    return _STATES.get(state, 'nostate')


def side(state: int, reason: int) -> guest_location.GuestSide:
    """Say what libvirt's state and reason mean for a migration."""
    presence = guest_location.Presence
    said = word(state)
    if said == 'paused':
        return guest_location.GuestSide(_PAUSED.get(reason, presence.PAUSED))
    if said == 'shutoff' and reason == libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED:
        return guest_location.GuestSide(presence.MIGRATED)
    if said in _OFF:
        return guest_location.GuestSide(presence.OFF, said)
    if said == 'running' and reason == _RUNNING_POSTCOPY_FAILED:
        return guest_location.GuestSide(presence.POSTCOPY_FAILED, said)
    resumed = libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED
    return guest_location.GuestSide(
        presence.RUNNING, said, said == 'running' and reason == resumed
    )
