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

"""What a destination with this plugin tells the source.

The versioned object that travels between nova's hosts takes no new field.
The first thing that the destination puts into it is the name of a test file
below instances_path, of its own choice, and that name carries this. Later on
nova uses the name no more, and both hosts add to it what they have done: a
host that was restarted without the plugin in between would not.
"""

import dataclasses
import enum
import re
import typing
import urllib.parse

_MARK = 'selective-migrate'
# 2: it fills the images of which it is sent the content.
_PROTOCOL = 2
_FIELD = re.compile(r'([a-z]+)=([^,/]*)')
# A file name has 255 characters, and the other fields their share.
_LONGEST_URI = 48


class Note(enum.Enum):
    """What a host adds to the name, once it has done it.

    PLANNED: the source has a plan, and will name what is to be made.
    PREPARED: the destination has made what the source named.
    """

    PLANNED = 'planned'
    PREPARED = 'prepared'

    def added_to(self, name: str) -> str:
        """Return a name that carries the note as well.

        A name that no host with the plugin chose is left as it is.
        """
        if Peer.of(name) is None or self.is_in(name):
            return name
        return f'{name},{self.value}=1'

    def is_in(self, name: str) -> bool:
        """Tell whether a name carries the note."""
        return f'{self.value}=1' in name.split(',')


@dataclasses.dataclass(frozen=True)
class Peer:
    """A destination that runs this plugin.

    :ivar free_bytes: what the file system of instances_path has room for
    :ivar directory_exists: whether it has the instance's directory
    :ivar libvirt: version of its libvirt, as libvirt counts; 0: not known
    :ivar qemu: version of its QEMU, likewise
    :ivar images: its images_type, with "default" resolved
    :ivar base: digest of its base image of the instance's image; empty
        where it tells of none
    :ivar disks_uri: where it listens for disks; empty for libvirt's choice
    :ivar acknowledges: whether it will say that it has prepared; one with
        an earlier release of this package does not
    """

    free_bytes: int
    directory_exists: bool
    libvirt: int = 0
    qemu: int = 0
    images: str = ''
    base: str = ''
    disks_uri: str = ''
    acknowledges: bool = False

    def mark(self, name: str) -> str:
        """Return a file name that tells all this, and ends in a name."""
        return ','.join(
            (
                f'{_MARK}-{_PROTOCOL}',
                f'free={self.free_bytes}',
                f'exists={int(self.directory_exists)}',
                f'libvirt={self.libvirt}',
                f'qemu={self.qemu}',
                f'images={self.images}',
                f'base={self.base}',
                *(
                    [f'disks={_quote(self.disks_uri)}']
                    if self.disks_uri
                    else ()
                ),
                *(['ack=1'] if self.acknowledges else ()),
                name,
            )
        )

    @classmethod
    def of(cls, file_name: str) -> typing.Self | None:
        """Read a file name; None where no such peer chose it.

        A later protocol is not ours to understand: its host is then taken
        for one without the plugin, for which less is possible.
        """
        mark, *parts = file_name.split(',')
        if mark != f'{_MARK}-{_PROTOCOL}':
            return None
        fields = {
            found[1]: found[2]
            for part in parts
            if (found := _FIELD.fullmatch(part))
        }
        try:
            return cls(
                free_bytes=int(fields['free']),
                directory_exists=fields['exists'] != '0',
                libvirt=int(fields['libvirt']),
                qemu=int(fields['qemu']),
                images=fields['images'],
                base=fields['base'],
                disks_uri=urllib.parse.unquote(fields.get('disks', '')),
                acknowledges=fields.get('ack', '0') != '0',
            )
        except (KeyError, ValueError):
            return None


def fits(disks_uri: str) -> bool:
    """Tell whether a URI is short enough to be told."""
    return len(_quote(disks_uri)) <= _LONGEST_URI


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe=':[]')
