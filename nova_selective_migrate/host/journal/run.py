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

"""One migration and the images that it makes at its destination."""

import collections.abc
import dataclasses
import datetime
import typing
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts


@dataclasses.dataclass(frozen=True)
class Image:
    """An image at the destination.

    :ivar stamp: as it was when it had just been made; None while it is
        not known whether it was
    """

    path: str
    format: str
    virtual_bytes: int
    stamp: storage_facts.FileStamp | None = None

    @classmethod
    def planned(cls, image: destination_images.DestinationImage) -> 'Image':
        """Note an image that is to be made."""
        return cls(image.path, image.format, image.virtual_bytes)


@dataclasses.dataclass(frozen=True)
class Run:
    """A migration that a command has begun and not seen to its end.

    :ivar began: UTC, ISO 8601
    :ivar source_host: host UUIDs as libvirt gives them
    :ivar targets: target devs of the disks that are copied
    :ivar images: in the order in which they are made
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
    images: tuple[Image, ...] = ()

    @classmethod
    def begun(cls, **fields: typing.Any) -> 'Run':
        """Return a run that begins now, with an id of its own."""
        now = datetime.datetime.now(datetime.UTC)
        return cls(
            plan_id=str(uuid.uuid4()),
            began=now.isoformat(timespec='seconds'),
            **fields,
        )

    @classmethod
    def loads(cls, tree: typing.Any) -> 'Run':
        """Read a run from JSON's types.

        :raises InvalidInput: when it is none
        """
        try:
            fields = dict(tree)
            fields['images'] = tuple(map(_image, fields['images']))
            fields['targets'] = tuple(fields['targets'])
            uuid.UUID(fields['plan_id'])
            found = cls(**fields)
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise exceptions.InvalidInput(
                f'it is no journal of a migration: {err!r}'
            ) from err
        _check_texts(found)
        return found

    def dumps(self) -> dict[str, typing.Any]:
        """Return JSON's types."""
        return dataclasses.asdict(self)

    def with_image(self, image: Image) -> 'Run':
        """Put a made image in the place of the planned one."""
        return dataclasses.replace(
            self,
            images=tuple(
                image if each.path == image.path else each
                for each in self.images
            ),
        )

    def only(self, paths: collections.abc.Collection[str]) -> 'Run':
        """Keep some of the images."""
        kept = tuple(each for each in self.images if each.path in paths)
        return dataclasses.replace(self, images=kept)


def _image(tree: typing.Any) -> Image:
    fields = dict(tree)
    stamp = fields.pop('stamp')
    return Image(
        **fields, stamp=storage_facts.FileStamp(**stamp) if stamp else None
    )


def _check_texts(run: Run) -> None:
    """Refuse a file that somebody has filled with anything else.

    :raises InvalidInput: when a field is not what it has to be
    """
    texts = [
        value
        for field in dataclasses.fields(run)
        if field.name not in ('images', 'targets')
        for value in (getattr(run, field.name),)
    ]
    texts += run.targets
    texts += [text for each in run.images for text in (each.path, each.format)]
    sizes = [each.virtual_bytes for each in run.images]
    if not all(isinstance(text, str) for text in texts):
        raise exceptions.InvalidInput('it is no journal: not all are texts')
    if not all(type(size) is int for size in sizes):
        raise exceptions.InvalidInput('it is no journal: a size is no number')
