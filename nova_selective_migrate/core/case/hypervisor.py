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

"""What the two hypervisors are, and what the domain is doing."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Versions:
    """Releases of one side, as libvirt numbers them; None: not known.

    The number is major * 1,000,000 + minor * 1,000 + release.

    :ivar shared_filesystems: of the source: what its qemu.conf names
        besides the file systems that libvirt knows as shared
    :ivar tls_certificates: of the source: whether its QEMU has some for a
        migration; None where that is not known
    """

    libvirt: int | None = None
    qemu: int | None = None
    shared_filesystems: tuple[str, ...] = ()
    tls_certificates: bool | None = None


@dataclasses.dataclass(frozen=True)
class DomainState:
    """What a domain is doing; None where that is not known.

    :ivar state: libvirt's word: running, paused, shutoff, ...
    :ivar snapshots: number of snapshots that libvirt keeps
    :ivar block_jobs: targets with an active block job
    :ivar job_active: whether a job runs on the whole domain
    :ivar checkpoints: number of backup checkpoints that libvirt keeps
    :ivar persistent: whether the domain is defined, not just running
    :ivar paused_without_io: paused, and no disk has served a request since
        its QEMU started: it may have come here paused
    """

    state: str | None = None
    snapshots: int = 0
    block_jobs: tuple[str, ...] = ()
    persistent: bool | None = None
    paused_without_io: bool | None = None
    job_active: bool | None = None
    checkpoints: int = 0


@dataclasses.dataclass(frozen=True)
class Hypervisors:
    """The versions of both sides."""

    source: Versions = dataclasses.field(default_factory=Versions)
    destination: Versions = dataclasses.field(default_factory=Versions)
