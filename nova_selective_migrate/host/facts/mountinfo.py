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

"""The mount of a path, from mountinfo(5)."""

import dataclasses
import os
import pathlib
import re

_TABLE = pathlib.Path('/proc/self/mountinfo')
_ESCAPE = re.compile(r'\\([0-7]{3})')


@dataclasses.dataclass(frozen=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    mount_id: int
    mount_point: str
    fstype: str
    source: str


def parse_mountinfo(text: str) -> dict[int, Mount]:
    """Read mountinfo(5); a line that is none is passed over."""
    mounts = {}
    # Not splitlines(): the kernel escapes line feeds and no other end.
    for line in text.split('\n'):
        # 36 35 98:0 /root /point opts [optional...] - fstype source super
        before, separator, after = line.partition(' - ')
        left, right = before.split(' '), after.split(' ')
        if not separator or len(left) < 6 or len(right) < 2:
            continue
        if not left[0].isdecimal():
            continue
        mount = Mount(
            mount_id=int(left[0]),
            mount_point=_unescape(left[4]),
            fstype=right[0],
            source=_unescape(right[1]),
        )
        mounts[mount.mount_id] = mount
    return mounts


def mount_of(path: str) -> Mount | None:
    """Find the mount of an existing path.

    The kernel is asked which mount the path is on, so that bind mounts,
    mounts over mounts and symbolic links need no rule here.

    :raises OSError: when the path cannot be opened
    """
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        info = pathlib.Path(f'/proc/self/fdinfo/{handle}').read_text()
    finally:
        os.close(handle)
    found = re.search(r'^mnt_id:\s*(\d+)$', info, re.MULTILINE)
    if found is None:
        return None
    raw = _TABLE.read_bytes()
    text = raw.decode(errors='surrogateescape')
    return parse_mountinfo(text).get(int(found[1]))


def mount_above(path: str) -> Mount | None:
    """Find the mount of a path by its name, without a look at the path.

    Its server may not answer.

    :param path: without symbolic links, as the kernel writes paths
    :raises OSError: when the table of mounts cannot be read
    """
    text = _TABLE.read_bytes().decode(errors='surrogateescape')
    above = [
        mount
        for mount in parse_mountinfo(text).values()
        if f'{path}/'.startswith(f'{mount.mount_point.rstrip("/")}/')
    ]
    # Of two mounts at one place the later one hides the other.
    above.reverse()
    return max(above, key=lambda each: len(each.mount_point), default=None)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
