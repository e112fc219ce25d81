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

"""What a migration leaves on the source beside the images it has copied."""

import collections.abc
import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import redact


@dataclasses.dataclass(frozen=True)
class LeftBehind:
    """A file or a record that stays on the source.

    :ivar what: a path, or words where there is none
    """

    what: str
    why: str

    def __str__(self) -> str:
        return f'{self.what} stays on the source: {self.why}'


def of(
    domain: model.Domain, case: case_.Case
) -> collections.abc.Iterator[LeftBehind]:
    """List what stays, as far as it is known."""
    yield from _of_definition(domain, case)
    if domain.others.nvram:
        yield LeftBehind(
            domain.others.nvram,
            'the UEFI variables travel with memory, and their file is not '
            'removed',
        )
    if domain.others.tpm:
        yield LeftBehind(
            'the state of the TPM',
            'it travels with memory; whether libvirt removes what it keeps '
            'of it is up to its release',
        )
    if count := case.domain_state.checkpoints:
        yield LeftBehind(
            f'what libvirt records of {count} backup checkpoint(s)',
            'without it the next backup is a full one',
        )


def _of_definition(
    domain: model.Domain, case: case_.Case
) -> collections.abc.Iterator[LeftBehind]:
    """List disks that the guest would get at its next start."""
    if not case.persistent_xml:
        return
    try:
        # A case that was written by hand can have anything in it.
        text = redact.domain_xml(case.persistent_xml)
        defined = domain_xml.parse(text)
    except exceptions.InvalidDomain:
        return  # of no use here; what runs has been read
    running = {disk.target for disk in domain.disks}
    for disk in defined.disks:
        source = disk.source
        if disk.target not in running and source and source.path:
            yield LeftBehind(
                source.path,
                f'{disk.target} is in the definition alone, and is not copied',
            )
