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

"""Compare volume groups by the UUIDs that LVM gives them.

A UUID stays with the device, whatever a host calls it. A physical volume is
in one volume group alone, so that volumes of two groups never share a byte.
"""

from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import storage_facts

#: Stands for the UUID of an empty volume group: it is not the one with the
#: guest's volume.
EMPTY_GROUP = 'empty'


def of(
    path: str,
    facts: storage_facts.StorageFacts,
    known: storage_facts.StorageFacts,
) -> locality_verdicts.Evidence | None:
    """Read what both hosts know of a logical volume's group.

    :param facts: what the source host knows
    :param known: what the destination knows
    :returns: None where one of them does not tell the group
    """
    here, there = facts.group_uuid, known.group_uuid
    one = bool(facts.volume_uuid) and facts.volume_uuid == known.volume_uuid
    if not one and (not here or not there):
        return None
    if here and there and here != there:
        other = 'no volume' if there == EMPTY_GROUP else f'the UUID {there}'
        return locality_verdicts.Evidence(
            f'both hosts: the volume group of {path} has the UUID {here} on '
            f'the source, and the group for it on the destination has '
            f'{other}',
            domains.Locality.LOCAL,
            locality_verdicts.Strength.PROOF,
            reasons.Reason.LOCAL_VOLUME_GROUP,
        )
    group = f'has the UUID {here or there}' if here or there else 'is one'
    sentence = f'both hosts: the volume group of {path} {group}'
    if one and known.exists is not False:
        sentence = f'{sentence}, and it is the same volume'
        if storage_facts.device_reach(facts) is not storage_facts.Reach.LOCAL:
            return locality_verdicts.Evidence(
                sentence,
                domains.Locality.SHARED,
                locality_verdicts.Strength.PROOF,
                reasons.Reason.SAME_AT_DESTINATION,
            )
        # On a disk of this host alone the other volume is a clone, unless both
        # hosts are cabled to that disk.
    return locality_verdicts.Evidence(
        sentence,
        domains.Locality.UNKNOWN,
        locality_verdicts.Strength.DOUBT,
        reasons.Reason.SAME_VOLUME_GROUP,
    )
