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

"""The plan id of a live migration of nova's.

It is made of the id of nova's request and of the server's UUID. Both hosts
have these without being told, and so has every line of nova's own log.
"""

import uuid

# Any fixed UUID: the ids of all releases are to be the same.
_NAMESPACE = uuid.UUID('0d9bb3a1-9f0c-5a58-8d0e-3f3a6a5c7d11')
#: How the mark begins by which logs, events and faults name a plan.
MARK_BEGIN = '[plan: '


def mark(plan_id: str) -> str:
    """Return how a text names a plan; empty without an id."""
    return f'{MARK_BEGIN}{plan_id}]' if plan_id else ''


def of_request(request: str | None, instance: str) -> str:
    """Return the plan id of a server's live migration.

    :param request: id of nova's request, as in nova's logs; None or empty
        where it is not known, which gives no id
    :param instance: UUID of the server
    """
    if not request:
        return ''
    return str(uuid.uuid5(_NAMESPACE, f'{request} {instance}'))
