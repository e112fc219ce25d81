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

"""Ask the QEMU guest agent of a domain, through libvirt."""

import libvirt

from nova_selective_migrate.host.hypervisor import libvirt_codes


def trim(domain: libvirt.virDomain, seconds: int) -> None:
    """Have the agent trim all that the guest has mounted; wait for it.

    libvirt waits for an agent without end unless it is told otherwise, and
    cannot tell what it was told before: its default is set again.

    :param seconds: after which libvirt stops to wait
    :raises HypervisorError: when it does not succeed in time
    """
    without_end = libvirt.VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK
    with libvirt_codes.translated(f'cannot trim {domain.name()}'):
        domain.agentSetResponseTimeout(seconds, 0)
        try:
            domain.fSTrim(None, 0, 0)
        finally:
            domain.agentSetResponseTimeout(without_end, 0)
