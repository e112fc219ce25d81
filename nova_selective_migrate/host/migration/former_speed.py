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
"""The speed that a guest's migrations may have, beyond one of them."""

from nova_selective_migrate.host.hypervisor import guest as guest_


class FormerSpeed:
    """What virsh migrate-setspeed said before a migration; never raises."""

    def __init__(self, guest: guest_.Guest) -> None:
        """Be made before the call."""
        self._guest = guest
        self._speed = guest.max_speed()

    def restore(self) -> None:
        """Give it back to a guest that stays, once its job is over.

        libvirt does so itself; 9.0 and 11.3 were seen to.
        """
        if self._speed is None or not self._guest.job_over():
            return
        if self._guest.max_speed() != self._speed:
            self._guest.set_max_speed(self._speed)
