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

"""All cases with what the rules decide of them."""

from tests.unit.core.scenarios import blockers
from tests.unit.core.scenarios import chains
from tests.unit.core.scenarios import declarations
from tests.unit.core.scenarios import destinations
from tests.unit.core.scenarios import devices
from tests.unit.core.scenarios import filesystems
from tests.unit.core.scenarios import identities
from tests.unit.core.scenarios import images
from tests.unit.core.scenarios import joins
from tests.unit.core.scenarios import mappings
from tests.unit.core.scenarios import networks
from tests.unit.core.scenarios import nova_volumes
from tests.unit.core.scenarios import pools
from tests.unit.core.scenarios import preparations
from tests.unit.core.scenarios import readiness
from tests.unit.core.scenarios import transports
from tests.unit.core.scenarios import uncopied
from tests.unit.core.scenarios import unsafe
from tests.unit.core.scenarios import volume_names
from tests.unit.core.scenarios import volumes
from tests.unit.core.scenarios import whole_plan

#: By the noun that they are about, which names the tests.
SCENARIOS = {
    noun.__name__.rpartition('.')[2]: noun.SCENARIOS
    for noun in (
        blockers,
        chains,
        declarations,
        destinations,
        devices,
        filesystems,
        identities,
        images,
        joins,
        mappings,
        networks,
        nova_volumes,
        pools,
        preparations,
        readiness,
        transports,
        uncopied,
        unsafe,
        volume_names,
        volumes,
        whole_plan,
    )
}


def find(name: str):
    """Find a scenario by ``noun.name``."""
    noun, _, rest = name.partition('.')
    (found,) = (s for s in SCENARIOS[noun] if s.name == rest)
    return found
