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

"""A guest that runs on both hosts: stop one of them at once.

Each second can damage the disks that both write to. To suspend is taken back
with a word; to destroy is not, and which of them has the newest data is not
known here.
"""

import collections.abc

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.migration import timed_look


def is_to_be_ended(
    found: guest_location.Settlement, call: guest_location.CallResult
) -> bool:
    """Tell whether a migration of ours has made a guest run twice."""
    return (
        found.doubt is guest_location.Doubt.BOTH_RUN
        and call is not guest_location.CallResult.NOT_MADE
    )


def suspend(ask: collections.abc.Callable[[], None]) -> str | None:
    """Have a guest suspended; say why it could not be.

    :param ask: asks for it; may raise HypervisorError, and take for ever
    """
    try:
        timed_look.Question(ask).answer(timed_look.SECONDS)
    except exceptions.HypervisorError as err:
        return str(err)
    return None
