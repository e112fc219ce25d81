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

"""The journal of migrations of the command line that have not ended."""

import collections.abc
import contextlib
import dataclasses
import datetime
import os
import typing
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.journal import file_locks
from nova_selective_migrate.host.journal import journal_entries


@dataclasses.dataclass(frozen=True)
class CreatedImage:
    """An image at the destination.

    :ivar stamp: as it was when it had just been made; None while it is
        not known whether it was. That of a volume is empty.
    :ivar pool: the storage pool that it is a volume of; None: it is a file
    :ivar key: of a volume, as the pool has had it since it was made: its
        UUID; None where volumes of such pools have none, too
    :ivar content: of a medium that is brought over: its digest, '' until
        all of it is there; None: it is no medium
    :ivar source_path: of the disk on the source, where that is another path
    """

    path: str
    format: str
    virtual_bytes: int
    stamp: storage_facts.FileStamp | None = None
    pool: str | None = None
    key: str | None = None
    content: str | None = None
    source_path: str | None = None

    @classmethod
    def planned(
        cls, image: destination_images.DestinationImage
    ) -> 'CreatedImage':
        """Note an image that is to be made."""
        return cls(
            image.path,
            image.format,
            image.virtual_bytes,
            pool=image.pool,
            source_path=image.source_path,
        )


@dataclasses.dataclass(frozen=True)
class LeavingImage:
    """An image of the source that goes when the guest has moved.

    :ivar identity: see core.decision.source_removals
    :ivar modified: of a file, when it was written to last; None until the
        guest is known to have left
    """

    path: str
    identity: str
    virtual_bytes: int
    pool: str | None = None
    modified: str | None = None


_OF_SOME = ('pool', 'key', 'content', 'source_path')


@dataclasses.dataclass(frozen=True)
class MigrationRecord:
    """A migration that a command has begun, until it is concluded.

    :ivar began: UTC, ISO 8601
    :ivar source_host: host UUIDs as libvirt gives them
    :ivar targets: target devs of the disks that are copied
    :ivar images: in the order in which they are made
    :ivar destination_name: of the guest there, where it is another
    :ivar removals: images of the source that go when the guest has moved
    :ivar postcopy: whether the call permits post-copy
    """

    plan_id: str
    began: str
    domain: str
    uuid: str
    source_uri: str
    source_host: str
    destination_uri: str
    destination_host: str
    targets: tuple[str, ...] = ()
    images: tuple[CreatedImage, ...] = ()
    destination_name: str = ''
    removals: tuple[LeavingImage, ...] = ()
    postcopy: bool = False

    @classmethod
    def begun(cls, **fields: typing.Any) -> 'MigrationRecord':
        """Return a run that begins now; one without an id gets its own."""
        fields.setdefault('plan_id', str(uuid.uuid4()))
        now = datetime.datetime.now(datetime.timezone.utc)
        return cls(
            began=now.isoformat(timespec='seconds'),
            **fields,
        )

    @classmethod
    def loads(cls, tree: typing.Any) -> 'MigrationRecord':
        """Read a run from JSON's types.

        :raises InvalidInput: when it is none
        """
        try:
            fields = dict(tree)
            fields['images'] = tuple(map(_image, fields['images']))
            fields['targets'] = tuple(fields['targets'])
            fields['removals'] = tuple(
                LeavingImage(**each) for each in fields.get('removals', ())
            )
            uuid.UUID(fields['plan_id'])
            found = cls(**fields)
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise exceptions.InvalidInput(
                f'it is no journal of a migration: {err!r}'
            ) from err
        _check_texts(found)
        return found

    def dumps(self) -> dict[str, typing.Any]:
        """Return JSON's types; of an image no fields of others."""
        tree = dataclasses.asdict(self)
        for image in tree['images']:
            for name in _OF_SOME:
                if image[name] is None:
                    del image[name]  # which earlier releases do not know
        if not self.destination_name:
            del tree['destination_name']
        if not self.removals:
            del tree['removals']
        if not self.postcopy:
            del tree['postcopy']
        return tree

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the guest is called, on either host."""
        names = (self.domain, self.uuid, self.destination_name)
        return tuple(filter(None, names))

    def with_image(self, image: CreatedImage) -> 'MigrationRecord':
        """Put a made image in the place of the planned one."""
        return dataclasses.replace(
            self,
            images=tuple(
                image if each.path == image.path else each
                for each in self.images
            ),
        )

    def only(
        self, paths: collections.abc.Collection[str]
    ) -> 'MigrationRecord':
        """Keep some of the images."""
        kept = tuple(each for each in self.images if each.path in paths)
        return dataclasses.replace(self, images=kept)


def _image(tree: typing.Any) -> CreatedImage:
    fields = dict(tree)
    stamp = fields.pop('stamp')
    return CreatedImage(
        **fields, stamp=storage_facts.FileStamp(**stamp) if stamp else None
    )


def _check_texts(run: MigrationRecord) -> None:
    """Refuse a file with fields of a wrong type.

    :raises InvalidInput: when a field is not what it has to be
    """
    texts = [
        value
        for field in dataclasses.fields(run)
        if field.name not in ('images', 'targets', 'removals', 'postcopy')
        for value in (getattr(run, field.name),)
    ]
    texts += run.targets
    texts += [text for each in run.images for text in (each.path, each.format)]
    texts += [
        text
        for each in run.images
        for text in (*(each.pool, each.key, each.content, each.source_path),)
        if text is not None
    ]
    texts += [
        text
        for left in run.removals
        for text in (left.path, left.identity, left.pool, left.modified)
        if text is not None
    ]
    sizes = [each.virtual_bytes for each in run.images]
    sizes += [each.virtual_bytes for each in run.removals]
    if not all(isinstance(text, str) for text in texts):
        raise exceptions.InvalidInput('it is no journal: not all are texts')
    if not all(type(size) is int for size in sizes):
        raise exceptions.InvalidInput('it is no journal: a size is no number')
    if not isinstance(run.postcopy, bool):
        raise exceptions.InvalidInput('it is no journal: postcopy is no bool')


class MigrationJournal:
    """A directory of migration records, by their plan ids."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._entries = journal_entries.JournalEntries(directory)

    def write(self, run: MigrationRecord) -> None:
        """Write a run, in place of what was known of it, to the disk.

        :raises PreparationFailed: when it cannot be written
        """
        try:
            self._entries.write(run.plan_id, run.dumps())
        except exceptions.JournalFailed as err:
            raise exceptions.PreparationFailed(
                f'{err}; name another directory with --journal'
            ) from err

    def end(self, run: MigrationRecord) -> None:
        """Remove a record of which nothing is left; never raises."""
        # An entry that stays does no harm: cleanup looks at it again.
        with contextlib.suppress(exceptions.JournalFailed):
            self._entries.drop(run.plan_id)

    @contextlib.contextmanager
    def alone(self, uuid: str, name: str) -> collections.abc.Iterator[None]:
        """Lock a guest, and what was made for it, against other processes.

        The lock ends with this process, however it ends: what is in the
        journal of a guest that nobody has locked is of a dead one.

        :param uuid: the guest's
        :param name: the guest's, for the message
        :raises GuestBusy: when another process has it
        :raises JournalFailed: when nothing can be locked
        """
        lock = self._entries.lock(uuid)
        try:
            lock.take()
        except file_locks.Held as err:
            raise exceptions.GuestBusy(
                f'{said(err.process or 0)} migrates {name} or cleans up '
                'after it; wait for it to end',
                err.process or 0,
            ) from err
        try:
            yield
        finally:
            lock.release()

    def busy(self, uuid: str) -> int | None:
        """Return the process that has locked a guest, if one has.

        :returns: 0 where its number is not known, None where none has
        :raises JournalFailed: when that is no UUID
        """
        return self._entries.lock(uuid).holder()

    def runs(self) -> list[MigrationRecord]:
        """Read all runs, the oldest first.

        :raises JournalFailed: when the directory or a file of it cannot be
            read
        """
        found = [self._read(name) for name in self._entries.names()]
        return sorted(
            (run for run in found if run is not None),
            key=lambda run: run.began,
        )

    def read(self, plan_id: str) -> MigrationRecord | None:
        """Read a record; None where its migration is concluded.

        :raises JournalFailed: when it cannot be read
        """
        return self._read(plan_id)

    def newest(self, domain: str) -> MigrationRecord | None:
        """Return the newest run of a domain, by its name or UUID.

        :raises JournalFailed: when the journal cannot be read
        """
        found = [r for r in self.runs() if domain in r.names]
        return found[-1] if found else None

    def _read(self, name: str) -> MigrationRecord | None:
        tree = self._entries.read(name)
        if tree is None:
            return None  # it has ended since
        try:
            return MigrationRecord.loads(tree)
        except exceptions.InvalidInput as err:
            raise exceptions.JournalFailed(
                f'{self._entries.path(name)} is not of this program: {err}; '
                'move it away after looking into it'
            ) from err


def said(process: int) -> str:
    """Return how a message names a process."""
    return f'process {process}' if process else 'another process'


def default_directory() -> str:
    """Return where the journal of this user is."""
    if os.geteuid() == 0:
        return '/var/lib/nova-selective-migrate/journal'
    state = os.environ.get('XDG_STATE_HOME') or os.path.expanduser(
        '~/.local/state'
    )
    return os.path.join(state, 'nova-selective-migrate', 'journal')
