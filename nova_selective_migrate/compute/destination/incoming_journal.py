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

"""The journal of incoming migrations: directories that they make here.

An entry is written before the directory is made, and gets the proof of which
directory that is once it exists. Only what is proven is ever removed.
"""

import collections.abc
import dataclasses
import datetime
import os.path
import re
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.destination import instance_directory
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import plan_ids
from nova_selective_migrate.host.journal import journal_entries

# Files that appear beside the images: disk.info is nova.virt.libvirt.
# imagebackend's, console.log QEMU's, or virtlogd's when it is rotated.
_LATER = re.compile(r'disk\.info|console\.log(\.\d+)?')
# nova.virt.libvirt.driver._fetch_instance_kernel_ramdisk.
_BESIDE = ('kernel', 'ramdisk')


@dataclasses.dataclass(frozen=True)
class IncomingMigration:
    """One incoming migration and the instance directory that it makes.

    :ivar directory: path of the instance directory
    :ivar top: nova's instances_path, which has the directory
    :ivar names: file names of the images to make in it
    :ivar since: ISO time of the entry, before the directory was made
    :ivar request: id of the request, as in nova's logs
    :ivar proof: the directory and its files; None: not yet proven
    :ivar complete: whether the proof was taken after all files were made
    :ivar doubt: why it may hold the guest's newest data, so that it is left
        for the operator; empty where it cannot
    :ivar volume_paths: of logical volumes to make
    :ivar volumes: those that were made
    :ivar promised_bytes: that the copy is to bring; 0 in entries of earlier
        releases
    """

    directory: str
    top: str
    names: tuple[str, ...]
    since: str
    request: str
    proof: instance_directory.DirectoryProof | None = None
    complete: bool = False
    doubt: str = ''
    volume_paths: tuple[str, ...] = ()
    volumes: tuple[logical_volumes.LogicalVolume, ...] = ()
    promised_bytes: int = 0

    def check(self) -> None:
        """Assert that the directory is the proven one, with known files alone.

        :raises NotOurs: naming what is not
        """
        instance_directory.check(
            self.top, self.directory, self._proven, self._known
        )

    def remove(self) -> tuple[str, ...]:
        """Remove the directory, or nothing; return the names of its files.

        :raises NotOurs: naming what this migration did not make
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
        # A process that was killed leaves temporary files as well.
        return name in (*self.names, *_BESIDE) or any(
            media_transfer.is_scratch(name, of) for of in self.names
        )


class IncomingJournal:
    """The incoming migrations of this host, one entry for each instance.

    :param directory: of the journal
    :param top: nova's instances_path
    """

    def __init__(self, directory: str, top: str) -> None:
        self._journal = journal_entries.JournalEntries(directory)
        self._top = top
        # UUIDs of instances; each change of it is one step.
        self._coming: set[str] = set()

    def begin(
        self,
        instance: str,
        directory: str,
        names: collections.abc.Iterable[str],
        request: str,
        volume_paths: collections.abc.Iterable[str] = (),
        promised_bytes: int = 0,
    ) -> None:
        """Write the entry, before the directory or a volume is made.

        :param instance: UUID
        :param directory: path that is about to be made
        :param names: file names of the images
        :param request: id of nova's request
        :param volume_paths: of logical volumes that are about to be made
        :param promised_bytes: that the copy is to bring
        :raises JournalFailed: when it cannot be written
        """
        now = datetime.datetime.now(datetime.timezone.utc)
        self.comes(instance)
        self._write(
            instance,
            IncomingMigration(
                directory,
                self._top,
                tuple(names),
                now.isoformat(timespec='seconds'),
                request,
                volume_paths=tuple(volume_paths),
                promised_bytes=promised_bytes,
            ),
        )

    def add_volume(
        self, instance: str, volume: logical_volumes.LogicalVolume
    ) -> None:
        """Add a volume that has just been made to the entry.

        :raises JournalFailed: when it cannot be written
        """
        claim = self.entry(instance)
        if claim is None:
            raise exceptions.JournalFailed(
                f'{volume.path} was made for a migration without an entry'
            )
        self._write(
            instance,
            dataclasses.replace(claim, volumes=(*claim.volumes, volume)),
        )

    def prove(self, instance: str, *, complete: bool) -> None:
        """Add the proof of the directory as it is now to the entry.

        An entry that is complete stays as it is.

        :param complete: whether all files have been made
        :raises JournalFailed: when it cannot be written
        :raises NotOurs: when there is no such directory
        """
        claim = self.entry(instance)
        if claim is not None and not claim.complete:
            proof = instance_directory.prove(claim.top, claim.directory)
            self._write(
                instance,
                dataclasses.replace(claim, proof=proof, complete=complete),
            )

    def plan_id(self, instance: str) -> str:
        """Return the plan id of an entry; empty where it has none."""
        return migration_log.journalled(self._journal, instance)

    def doubt(self, instance: str, why: str) -> None:
        """Note why the directory is left for the operator.

        :raises JournalFailed: when it cannot be written
        """
        claim = self.entry(instance)
        if claim is not None and not claim.doubt:
            self._write(instance, dataclasses.replace(claim, doubt=why))

    def entry(self, instance: str) -> IncomingMigration | None:
        """Return the entry of an instance; None where it has none.

        :raises JournalFailed: when it cannot be read
        """
        return self._journal.read_as(instance, _claim, 'claim')

    def drop(self, instance: str) -> None:
        """Remove the entry of an instance, where it has one.

        :raises JournalFailed: when it cannot be removed
        """
        self._journal.drop(instance)
        self.ends(instance)

    def comes(self, instance: str) -> None:
        """Note that a migration of the instance to this host goes on."""
        self._coming.add(instance)

    def ends(self, instance: str) -> None:
        """Note that it does not: an entry that stays waits for somebody."""
        self._coming.discard(instance)

    def waiting(self) -> list[str]:
        """List the UUIDs of instances whose entries wait for somebody.

        :raises JournalFailed: when the entries cannot be read
        """
        return [
            uuid for uuid, entry in self._entries() if self._waits(uuid, entry)
        ]

    def promised_bytes(self) -> int:
        """Return what the migrations that go on are to bring, in bytes.

        :raises JournalFailed: when the entries cannot be read
        """
        return sum(
            entry.promised_bytes
            for uuid, entry in self._entries()
            if not self._waits(uuid, entry)
        )

    def _waits(self, instance: str, entry: IncomingMigration) -> bool:
        return bool(entry.doubt) or instance not in self._coming

    def _entries(
        self,
    ) -> collections.abc.Iterator[tuple[str, IncomingMigration]]:
        for uuid in self.instances():
            # One that is dropped meanwhile is no entry any more.
            if (entry := self.entry(uuid)) is not None:
                yield uuid, entry

    def instances(self) -> list[str]:
        """List the UUIDs of the instances that have an entry.

        :raises JournalFailed: when they cannot be listed
        """
        return self._journal.names()

    def _write(self, instance: str, claim: IncomingMigration) -> None:
        tree = dataclasses.asdict(claim)
        for name in ('volume_paths', 'volumes', 'promised_bytes'):
            # Without them it is as earlier releases have written it.
            if not tree[name]:
                del tree[name]
        if named := plan_ids.of_request(claim.request, instance):
            tree['plan_id'] = named
        self._journal.write(instance, {'instance': instance, **tree})


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
        tuple(tree.get('volume_paths') or ()),
        tuple(
            logical_volumes.LogicalVolume(**each)
            for each in tree.get('volumes') or ()
        ),
        int(tree.get('promised_bytes') or 0),
    )
