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

"""Read-only content that travels inside nova's messages.

libvirt copies no read-only disk, and nova makes an empty file in its place
at the destination (nova.virt.libvirt.driver._create_images_and_backing).
"""

import base64
import binascii
import dataclasses
import os
import tempfile
import typing
import zlib

from nova_selective_migrate import exceptions
from nova_selective_migrate.host import content

#: The largest file that is read to see how it compresses, in bytes.
READ_LIMIT = 64 * 2**20
_LEVEL = 6


@dataclasses.dataclass(frozen=True)
class Medium:
    """One file to be brought over, byte for byte.

    :ivar size: bytes
    :ivar digest: of the bytes, as host.content makes it
    :ivar data: the bytes compressed, in base64; None where the destination
        is to fetch them again as the instance's image
    """

    size: int
    digest: str
    data: str | None

    @property
    def weight(self) -> int:
        """Return how much of media_limit it takes, in bytes."""
        return len(self.data) * 3 // 4 if self.data else 0

    def tree(self) -> dict[str, typing.Any]:
        """Return it as JSON's types."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, tree: typing.Any) -> typing.Self:
        """Read what :meth:`tree` wrote.

        :raises PreparationFailed: when it is no such thing
        """
        try:
            found = cls(tree['size'], tree['digest'], tree['data'])
        except (KeyError, TypeError) as err:
            raise exceptions.PreparationFailed(
                'the source sent no usable description of read-only content'
            ) from err
        return found


@dataclasses.dataclass(frozen=True)
class Carriage:
    """A read-only file of the source that a plan brings over.

    :ivar digest: what it held when the plan was made
    :ivar refetched: whether the destination fetches it again as the
        instance's image, however large it is
    """

    path: str
    digest: str
    refetched: bool

    def read(self, contents: content.Contents) -> Medium:
        """Read the file once more, to let it travel.

        :raises PreparationFailed: when it cannot be read, is too large or
            is not what it was
        """
        medium = read(self.path, contents, refetched=self.refetched)
        if medium.digest != self.digest:
            raise exceptions.PreparationFailed(
                f'{self.path} changed since the plan was made; migrate again'
            )
        return medium


def read(path: str, contents: content.Contents, *, refetched: bool) -> Medium:
    """Read a file that is to travel.

    :raises PreparationFailed: when it cannot be read or is too large
    """
    try:
        size = os.stat(path).st_size
        digest = contents.of(path)
        if refetched:
            return Medium(size, digest, None)
        if size > READ_LIMIT:
            raise exceptions.PreparationFailed(
                f'{path} has {size} bytes, and {READ_LIMIT} is the most that '
                'can travel'
            )
        with open(path, 'rb') as file:
            packed = zlib.compress(file.read(), _LEVEL)
    except OSError as err:
        raise exceptions.PreparationFailed(
            f'cannot read {path}: {err.strerror}'
        ) from err
    return Medium(size, digest, base64.b64encode(packed).decode())


def unpack(
    medium: Medium, path: str, fetch: typing.Callable[[str], None]
) -> None:
    """Put the bytes at a path, all or none of them.

    :param fetch: fetches the instance's image into a file
    :raises PreparationFailed: when they are not those of the source
    :raises OSError: when they cannot be written
    """
    folder, name = os.path.split(path)
    handle, part = tempfile.mkstemp(prefix=f'.{name}.', dir=folder)
    try:
        with open(handle, 'r+b') as file:
            if medium.data is None:
                fetch(part)
            else:
                file.write(_inflate(medium, path))
                file.flush()
            os.truncate(part, medium.size)
            os.fsync(file.fileno())
        if content.digest_of(part) != medium.digest:
            raise exceptions.PreparationFailed(
                f'the bytes that arrived for {path} are not those of the '
                'source'
            )
        os.chmod(part, 0o644)  # as nova makes it; mkstemp is stricter
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _inflate(medium: Medium, path: str) -> bytes:
    try:
        packed = base64.b64decode(medium.data or '', validate=True)
        plain = zlib.decompressobj().decompress(packed, medium.size + 1)
    except (binascii.Error, zlib.error, ValueError) as err:
        raise exceptions.PreparationFailed(
            f'the bytes that arrived for {path} cannot be unpacked'
        ) from err
    if len(plain) != medium.size:
        raise exceptions.PreparationFailed(
            f'{len(plain)} bytes arrived for {path}, and the source has '
            f'{medium.size}'
        )
    return plain
