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

"""Write the archive format of an initial RAM file system."""

from collections.abc import Mapping
import stat


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a "newc" archive of executables, by path without a slash.

    The same files give the same bytes: no time, no inode of this machine.
    Directories are made for them.
    """
    directories = {path.rpartition('/')[0] for path in files if '/' in path}
    parts = []
    inode = 0
    for name in sorted(directories):
        inode += 1
        parts.append(_member(inode, name, stat.S_IFDIR | 0o755, b''))
    for name in sorted(files):
        inode += 1
        parts.append(_member(inode, name, stat.S_IFREG | 0o755, files[name]))
    parts.append(_member(0, 'TRAILER!!!', 0, b''))
    return b''.join(parts)


def _member(inode: int, name: str, mode: int, content: bytes) -> bytes:
    links = 2 if stat.S_ISDIR(mode) else 1
    encoded = name.encode() + b'\0'
    # inode mode uid gid links mtime size, device and rdevice with two
    # numbers each, length of the name, check (unused)
    numbers = [inode, mode, 0, 0, links, 0, len(content)]
    numbers += [0, 0, 0, 0, len(encoded), 0]
    head = b'070701' + b''.join(b'%08X' % number for number in numbers)
    return _padded(head + encoded) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
