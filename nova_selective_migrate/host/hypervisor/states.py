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

from nova_selective_migrate.core.job import outcome

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
_SWITCHING = (
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED,
    libvirt.VIR_DOMAIN_PAUSED_STARTING_UP,
)


def word(state: int) -> str:
    """Return libvirt's word for a state."""
    return _STATES.get(state, 'nostate')


def side(state: int, reason: int) -> outcome.Side:
    """Say what libvirt's state and reason mean for a migration."""
    said = word(state)
    if said == 'paused':
        if reason in _SWITCHING:
            return outcome.Side(outcome.Presence.SWITCHING)
        return outcome.Side(outcome.Presence.PAUSED)
    if said == 'shutoff' and reason == libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED:
        return outcome.Side(outcome.Presence.MIGRATED)
    if said in _OFF:
        return outcome.Side(outcome.Presence.OFF, said)
    return outcome.Side(outcome.Presence.RUNNING, said)
