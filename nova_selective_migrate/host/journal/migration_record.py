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

"""What the journal keeps of one migration of the command line."""

import collections.abc
import dataclasses
import datetime
import typing
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.core.model import storage_facts


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
    :ivar source_path: of the disk or the medium on the source, where that is
        another path
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

    @classmethod
    def planned_medium(
        cls, medium: media_choices.MediumChoice
    ) -> 'CreatedImage':
        """Note a medium that is to be brought over."""
        return cls(
            medium.there,
            'raw',
            medium.size_bytes,
            content='',
            source_path=medium.path if medium.destination else None,
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
    :ivar existing_sources: images of the source whose copies go to images
        that the caller has made
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
    existing_sources: tuple[str, ...] = ()

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
            fields['existing_sources'] = tuple(
                fields.get('existing_sources', ())
            )
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
        if not self.existing_sources:
            del tree['existing_sources']
        return tree

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the guest is called, on either host."""
        names = (self.domain, self.uuid, self.destination_name)
        return tuple(filter(None, names))

    @property
    def copied(self) -> tuple[str, ...]:
        """Return the source's images of the copied disks, media left out.

        An image that is made elsewhere says which of the source's it is of.
        """
        made = (
            each.source_path or each.path
            for each in self.images
            if each.stamp is not None and each.content is None
        )
        return (*made, *self.existing_sources)

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
        if field.name
        not in (
            'images',
            'targets',
            'removals',
            'postcopy',
            'existing_sources',
        )
        for value in (getattr(run, field.name),)
    ]
    texts += (*run.targets, *run.existing_sources)
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
