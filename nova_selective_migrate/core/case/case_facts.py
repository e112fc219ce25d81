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

"""What a case says, read once: the first value of the planner."""

import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts


@dataclasses.dataclass(frozen=True)
class Facts:
    """A case with its texts parsed.

    :ivar domain: the domain as it runs
    :ivar attachments: the volumes that nova knows; None where it was not
        asked
    :ivar dangling_rows: how many rows of the block device mapping name
        neither volume nor device
    :ivar definition: the domain as it is defined; None where that is what
        runs, or cannot be read
    """

    case: migration_case.Case
    domain: domains.Domain
    attachments: tuple[domains.VolumeAttachment, ...] | None
    dangling_rows: int
    definition: domains.Domain | None

    @classmethod
    def of(cls, case: migration_case.Case) -> 'Facts':
        """Read a case.

        :raises InvalidDomain: when its XML is no domain
        :raises InvalidCase: when its block device mapping is not nova's
        """
        return cls(
            case=case,
            domain=domain_xml.parse(case.domain_xml),
            attachments=block_device_mapping.parse(case.block_device_info),
            dangling_rows=block_device_mapping.dangling(
                case.block_device_info
            ),
            definition=_definition(case.persistent_xml),
        )

    @property
    def storage(self) -> storage_facts.Storage:
        """Return what both hosts know of paths and pools."""
        return self.case.storage

    @property
    def options(self) -> migration_options.MigrationOptions:
        """Return how the caller wants the migration."""
        return self.case.options

    @property
    def prepared(self) -> migration_options.Preparation | None:
        """Return what nova prepares; None on the command line."""
        return self.case.options.prepared

    @property
    def hypervisors(self) -> domains.Hypervisors:
        """Return the releases of libvirt and QEMU on both hosts."""
        return self.case.hypervisors


def _definition(text: str | None) -> domains.Domain | None:
    if not text:
        return None
    try:
        # A case that was written by hand can have secrets in it.
        return domain_xml.parse(redaction.domain_xml(text))
    except exceptions.InvalidDomain:
        return None  # the domain that runs is what the plan rests on
