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

"""The bytes of a file, packed to travel: those that are not zero."""

import collections.abc
import typing
import zlib

from nova_selective_migrate.host.facts import image_digests

_BLOCK = 2**16
_HEAD = 8  # an offset, big-endian
_LEVEL = 6


def pack(
    file: typing.IO[bytes],
    limit: int,
    deadline: image_digests.Deadline | None = None,
) -> bytes | None:
    """Pack a file.

    :param limit: bytes that are not zero, in blocks of 64 KiB
    :returns: None where it has more of them
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
