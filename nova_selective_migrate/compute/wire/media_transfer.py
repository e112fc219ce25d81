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

"""Read-only content that is sent in nova's messages."""

import base64
import binascii
import collections.abc
import contextlib
import dataclasses
import os
import re
import tempfile
import typing
import zlib

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.facts import image_digests

_BLOCK = 2**16
_HEAD = 8  # an offset, big-endian
_LEVEL = 6


def pack(
    file: typing.IO[bytes],
    limit: int,
    deadline: image_digests.Deadline | None = None,
) -> bytes | None:
    """Compress a file without its blocks of zeroes.

    :param limit: bytes in blocks of 64 KiB that are not all zero
    :returns: None where the file has more of them
    :raises OSError: when the file cannot be read
    :raises PreparationFailed: when that takes too long
    """
    packer = zlib.compressobj(_LEVEL)
    packed = []
    for offset, block in image_digests.chunks(file, _BLOCK, deadline):
        limit -= len(block)
        if limit < 0:
            return None
        packed.append(packer.compress(offset.to_bytes(_HEAD, 'big')))
        packed.append(packer.compress(block.ljust(_BLOCK, b'\0')))
    return b''.join((*packed, packer.flush()))


def unpack(
    packed: bytes, size: int, limit: int
) -> collections.abc.Iterator[tuple[int, bytes]]:
    """Unpack what :func:`pack` packed.

    :param size: of the file, in bytes; nothing beyond it is unpacked
    :param limit: as for :func:`pack`
    :returns: blocks with their offsets
    :raises ValueError: when it is damaged, or more than that
    """
    blocks = min(-(-size // _BLOCK), limit // _BLOCK + 1)
    try:
        plain = zlib.decompressobj().decompress(
            packed, blocks * (_HEAD + _BLOCK) + 1
        )
    except zlib.error as err:
        raise ValueError(str(err)) from err
    if len(plain) > blocks * (_HEAD + _BLOCK):
        raise ValueError(f'more than {blocks} blocks')
    if len(plain) % (_HEAD + _BLOCK):
        raise ValueError('part of a block')
    for at in range(0, len(plain), _HEAD + _BLOCK):
        offset = int.from_bytes(plain[at : at + _HEAD], 'big')
        if offset >= size:
            raise ValueError(f'a block at {offset} of {size} bytes')
        block = plain[at + _HEAD : at + _HEAD + _BLOCK]
        yield offset, block[: size - offset]


#: Bytes of one file that can be sent, in blocks that are not all zero.
READ_LIMIT = 64 * 2**20
_LARGEST = 2**50
_SEED = '.seed'
# What mkstemp adds to a name, and nova's fetch_image while it downloads.
_PART = r'\.[0-9a-z_]{8}(\.part|\.converted)?'


@dataclasses.dataclass(frozen=True)
class MediumContent:
    """The content of one file for the destination.

    :ivar size: bytes
    :ivar digest: of the bytes, by host.facts.image_digests
    :ivar data: the bytes, packed and in base64; None where the destination
        downloads them from Glance as the instance's image
    """

    size: int
    digest: str
    data: str | None

    @property
    def weight(self) -> int:
        """Return the bytes of media_limit that it takes."""
        return len(self.data) * 3 // 4 if self.data else 0

    def tree(self) -> dict[str, typing.Any]:
        """Return it as values of JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, tree: typing.Any) -> 'MediumContent':
        """Read what :meth:`tree` wrote.

        :raises PreparationFailed: when it is something else
        """
        found = tree if isinstance(tree, dict) else {}
        size, digest = found.get('size'), found.get('digest')
        data = found.get('data')
        if (
            not isinstance(size, int)
            or not 0 <= size <= _LARGEST
            or not isinstance(digest, str)
            or not isinstance(data, str | None)
        ):
            raise exceptions.PreparationFailed(
                'the source sent no usable description of read-only content'
            )
        return cls(size, digest, data)


@dataclasses.dataclass(frozen=True)
class PlannedMedium:
    """A read-only file of the source whose content a plan sends.

    :ivar digest: of its content when the plan was made
    :ivar refetched: whether the destination downloads it from Glance as
        the instance's image, whatever its size
    """

    path: str
    digest: str
    refetched: bool

    def read(
        self, contents: image_digests.DigestCache | None
    ) -> MediumContent:
        """Read the file again, to send it.

        :raises PreparationFailed: when it cannot be read, is too large or
            is not what it was
        """
        medium = read_medium(self.path, contents, refetched=self.refetched)
        if medium.digest != self.digest:
            raise exceptions.PreparationFailed(
                f'{self.path} changed since the plan was made; migrate again'
            )
        return medium


def read_medium(
    path: str,
    contents: image_digests.DigestCache | None,
    *,
    refetched: bool,
    deadline: image_digests.Deadline | None = None,
) -> MediumContent:
    """Read a file to send.

    :param contents: cache of digests of large files; None: compute none
    :param deadline: for all files of a migration together; None: no limit
    :raises PreparationFailed: when it cannot be read or is too large, or
        its digest takes too long
    """
    try:
        size = os.stat(path).st_size
        if refetched:
            return MediumContent(size, _digest(path, contents, deadline), None)
        with open(path, 'rb') as file:
            data = pack(file, READ_LIMIT, deadline)
        digest = image_digests.digest_of(path, deadline)
    except OSError as err:
        raise exceptions.PreparationFailed(
            f'cannot read {path}: {err.strerror}'
        ) from err
    if data is None:
        raise exceptions.PreparationFailed(
            f'{path} has more than the {READ_LIMIT} bytes of data that can '
            'travel'
        )
    return MediumContent(size, digest, base64.b64encode(data).decode())


def _digest(
    path: str,
    contents: image_digests.DigestCache | None,
    deadline: image_digests.Deadline | None,
) -> str:
    if contents is None:
        return ''
    if deadline is None:
        return contents.of(path)
    digest = contents.within(path, deadline.left)
    if digest is None:
        raise exceptions.PreparationFailed(
            f'the digest of {path} is not computed yet; migrate again'
        )
    return digest


def seed_path(image: str) -> str:
    """Return the path of a seed while it is written into an image."""
    return f'{image}{_SEED}'


def is_scratch(name: str, of: str) -> bool:
    """Tell whether a name is that of a temporary file of another.

    :param of: name of the file that is made, which may have a seed
    """
    made, seed = re.escape(of), re.escape(_SEED)
    return bool(re.fullmatch(rf'{made}{seed}|\.{made}({seed})?{_PART}', name))


def unpack_medium(
    medium: MediumContent, path: str, fetch: typing.Callable[[str], None]
) -> None:
    """Write the content to a path, all of it or nothing.

    :param fetch: downloads the instance's image into a file
    :raises PreparationFailed: when the digest is not the source's
    :raises OSError: when it cannot be written
    """
    folder, name = os.path.split(path)
    handle, part = tempfile.mkstemp(prefix=f'.{name}.', dir=folder)
    os.close(handle)
    try:
        if medium.data is None:
            fetch(part)  # may put another file in its place
        else:
            _write(medium, part, path)
        with open(part, 'r+b') as file:
            file.truncate(medium.size)
            os.fsync(file.fileno())
        if image_digests.digest_of(part) != medium.digest:
            raise exceptions.PreparationFailed(
                f'the bytes that arrived for {path} are not those of the '
                'source'
            )
        os.chmod(part, 0o644)  # as nova makes it; mkstemp is stricter
        os.replace(part, path)
    except BaseException:
        # A fetch that failed may have removed it itself.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise


def _write(medium: MediumContent, part: str, path: str) -> None:
    try:
        data = base64.b64decode(medium.data or '', validate=True)
        with open(part, 'wb') as file:
            for offset, block in unpack(data, medium.size, READ_LIMIT):
                file.seek(offset)
                file.write(block)
    except (binascii.Error, ValueError) as err:
        raise exceptions.PreparationFailed(
            f'the bytes that arrived for {path} cannot be unpacked: {err}'
        ) from err
