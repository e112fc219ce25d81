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

"""What is not said of a guest after a post-copy.

libvirt forgets one: a source that is destroyed in post-copy, or whose QEMU
ends, is off like one that stopped before, and the destination that has lost
the guest has none. Yet the disks there are the newest.
"""

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import location_advice

_Result = guest_location.CallResult
# libvirt aborts nothing in post-copy.
_NO_POST_COPY = (_Result.NOT_MADE, _Result.ABORTED)


def after(
    found: guest_location.Settlement,
    source: guest_presence.GuestSide,
    call: guest_location.CallResult = _Result.NOT_KNOWN,
    *,
    seen: bool,
) -> guest_location.Settlement:
    """Return the ending, which is not "not moved" where that is not shown.

    A source that has the guest shows that it never came to a post-copy:
    libvirt resumes none that has run at the destination.

    :param source: what the source has
    :param call: what is known of the call
    :param seen: whether the guest was in post-copy, or may have been
    """
    not_moved = guest_location.Ending.NOT_MOVED
    gone = source.presence in guest_presence.GONE
    if found.ending is not not_moved or not gone or call in _NO_POST_COPY:
        return found
    here = source.presence.value
    return guest_location.Settlement(
        guest_location.Ending.UNKNOWN,
        location_advice.postcopy_lost_memory(here)
        if seen
        else location_advice.postcopy_permitted(here),
        doubt=guest_location.Doubt.POSTCOPY_FAILED,
    )
