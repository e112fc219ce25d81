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

"""Claims to what live migrations make here: journalled, then proven."""

import collections.abc
import dataclasses
import datetime
import os.path
import re
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.destination import instance_directory
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.host.journal import journal_entries

# What nova, libvirt and QEMU make beside the images: disk.info is
# nova.virt.libvirt.imagebackend's, console.log QEMU's, and virtlogd's once
# there is more of it.
_LATER = re.compile(r'disk\.info|console\.log(\.\d+)?')
# nova.virt.libvirt.driver._fetch_instance_kernel_ramdisk.
_BESIDE = ('kernel', 'ramdisk')


@dataclasses.dataclass(frozen=True)
class IncomingMigration:
    """The claim to one instance directory.

    :ivar top: nova's instances_path, where it is
    :ivar names: the images that it is to have
    :ivar since: when it was entered, before there was a directory
    :ivar request: the request of the migration, as in nova's logs
    :ivar proof: what it was when somebody last looked; None: nobody could
    :ivar complete: whether that was after all had been made
    :ivar doubt: why it may be the newest that there is of the guest, and is
        left until somebody has looked; empty where it is not
    """

    directory: str
    top: str
    names: tuple[str, ...]
    since: str
    request: str
    proof: instance_directory.DirectoryProof | None = None
    complete: bool = False
    doubt: str = ''

    def check(self) -> None:
        """See to it that there is what was claimed and nothing else.

        :raises NotOurs: naming what is something else
        """
        instance_directory.check(
            self.top, self.directory, self._proven, self._known
        )

    def remove(self) -> tuple[str, ...]:
        """Remove what was claimed, or nothing; return names of files.

        :raises NotOurs: naming what is something else
        """
        return instance_directory.remove(
            self.top, self.directory, self._proven, self._known
        )

    @property
    def _proven(self) -> instance_directory.DirectoryProof:
        if self.proof is None:
            raise exceptions.NotOurs(
                f'{self.directory} is not proven to be the one that a live '
                f'migration was about to make at {self.since}'
            )
        return self.proof

    def _known(self, name: str) -> bool:
        if _LATER.fullmatch(name):
            return True
        if self.complete:
            return False
        # A process that was killed leaves what it had half made as well.
        return name in (*self.names, *_BESIDE) or any(
            media_transfer.is_scratch(name, of) for of in self.names
        )


class IncomingJournal:
    """The claims of this host, journalled by instance."""

    def __init__(self, directory: str, top: str) -> None:
        self._journal = journal_entries.JournalEntries(directory)
        self._top = top

    def begin(
        self,
        instance: str,
        directory: str,
        names: collections.abc.Iterable[str],
        request: str,
    ) -> None:
        """Enter a claim to what is about to be made.

        :raises JournalFailed: when that cannot be written down
        """
        now = datetime.datetime.now(datetime.UTC)
        self._write(
            instance,
            IncomingMigration(
                directory,
                self._top,
                tuple(names),
                now.isoformat(timespec='seconds'),
                request,
            ),
        )

    def prove(self, instance: str, *, complete: bool) -> None:
        """Add the proof of what there is by now to an incomplete claim.

        :param complete: whether all has been made
        :raises JournalFailed: when that cannot be written down
        :raises NotOurs: when there is no such directory
        """
        claim = self.of(instance)
        if claim is not None and not claim.complete:
            proof = instance_directory.prove(claim.top, claim.directory)
            self._write(
                instance,
                dataclasses.replace(claim, proof=proof, complete=complete),
            )

    def doubt(self, instance: str, why: str) -> None:
        """Note that it is to be left until somebody has looked.

        :raises JournalFailed: when that cannot be written down
        """
        claim = self.of(instance)
        if claim is not None and not claim.doubt:
            self._write(instance, dataclasses.replace(claim, doubt=why))

    def of(self, instance: str) -> IncomingMigration | None:
        """Return the claim of an instance.

        :raises JournalFailed: when it cannot be read
        """
        return self._journal.read_as(instance, _claim, 'claim')

    def drop(self, instance: str) -> None:
        """Give up the claim of an instance, where there is one.

        :raises JournalFailed: when it cannot be removed
        """
        self._journal.drop(instance)

    def instances(self) -> list[str]:
        """List the instances that have a claim.

        :raises JournalFailed: when they cannot be listed
        """
        return self._journal.names()

    def _write(self, instance: str, claim: IncomingMigration) -> None:
        self._journal.write(
            instance, {'instance': instance, **dataclasses.asdict(claim)}
        )


def _claim(tree: dict[str, typing.Any]) -> IncomingMigration:
    proof = tree['proof'] and instance_directory.DirectoryProof.from_json(
        tree['proof']
    )
    return IncomingMigration(
        os.path.normpath(tree['directory']),
        tree['top'],
        tuple(tree['names']),
        tree['since'],
        tree['request'],
        proof,
        tree['complete'] is True,
        str(tree.get('doubt') or ''),
    )
