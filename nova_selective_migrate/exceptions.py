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

"""Errors that a caller can act on.

::

    SelectiveMigrateError
     +-- InvalidInput        what was given is no case, domain or option
     |    +-- InvalidDomain  the domain XML
     |    +-- InvalidCase    the recorded case
     |    +-- InvalidPolicy  shared_paths, local_paths
     +-- AddressUnknown      of a host that is to listen
     +-- HypervisorError     libvirt said no; carries its error code
     |    +-- ConnectFailed  a daemon cannot be reached
     |    +-- DomainNotFound no such domain on that host
     +-- PreparationFailed   a destination image could not be made
     +-- GuestBusy           another process migrates it or cleans up
     +-- Interrupted         who asked does not want it any more
     +-- NotOurs             a file or directory is not one that we made
     +-- JournalFailed       what is begun cannot be written down, or read
"""


class SelectiveMigrateError(Exception):
    """Base of all errors that this package raises; one line each."""

    def __init__(self, message: str) -> None:
        super().__init__(' '.join(message.split()))


class InvalidInput(SelectiveMigrateError):
    """Something that the caller gave cannot be used."""


class InvalidDomain(InvalidInput):
    """The text is not the XML of one libvirt domain."""


class InvalidCase(InvalidInput):
    """The text is not a recorded case of a version we know."""


class InvalidPolicy(InvalidInput):
    """The declared shared and local paths contradict each other."""


class AddressUnknown(SelectiveMigrateError):
    """The host that is to listen cannot be found out, or has no address."""


class HypervisorError(SelectiveMigrateError):
    """libvirt refused or failed.

    :ivar code: VIR_ERR_* of the error, 0 where there is none
    :ivar errno: the system's errno where libvirt reports one, else 0
    :ivar domain: VIR_FROM_* of the error, 0 where there is none
    """

    def __init__(
        self, message: str, code: int = 0, errno: int = 0, domain: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.errno = errno
        self.domain = domain


class ConnectFailed(HypervisorError):
    """A libvirt daemon cannot be reached."""


class DomainNotFound(HypervisorError):
    """The host knows no domain by that name, UUID or id."""


class StorageSilent(SelectiveMigrateError):
    """The storage of a path does not answer in time; nothing is known.

    What a daemon was about to make it may still make, once it answers.
    """


class PreparationFailed(SelectiveMigrateError):
    """A destination image could not be made as the plan needs it."""


class GuestBusy(SelectiveMigrateError):
    """Another process of this host migrates the guest, or cleans up.

    :ivar process: its number; 0 where it is not known
    """

    def __init__(self, message: str, process: int) -> None:
        super().__init__(message)
        self.process = process


class Interrupted(SelectiveMigrateError):
    """Who asked for something does not want it any more."""


class NotOurs(SelectiveMigrateError):
    """A file or directory is not proven to be one that we made."""


class JournalFailed(SelectiveMigrateError):
    """An entry of the journal cannot be written, read or removed."""
