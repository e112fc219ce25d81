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

"""What both hosts tell each other in the name of nova's test file.

The destination's report and two notes are in it
(LibvirtLiveMigrateData.filename).
"""

import dataclasses
import enum
import re
import urllib.parse

from nova_selective_migrate.compute.wire import volume_transfer

_MARK = 'selective-migrate'
# 2: the destination fills images whose content it receives.
_PROTOCOL = 2
_FIELD = re.compile(r'([a-z]+)=([^,/]*)')
# A file name has at most 255 characters, for all fields together.
_LONGEST_NAME = 255
_LONGEST_URI = 48


class Note(enum.Enum):
    """A note that a host adds to the file name once it has done its part.

    PLANNED: the source has a plan, and will list the files to make.
    PREPARED: the destination has made the files that the source listed.
    """

    PLANNED = 'planned'
    PREPARED = 'prepared'

    def added_to(self, name: str) -> str:
        """Return the file name with the note.

        A name that does not come from a host with the plugin stays as it is.
        """
        if DestinationReport.of(name) is None or self.is_in(name):
            return name
        return f'{name},{self.value}=1'

    def is_in(self, name: str) -> bool:
        """Tell whether a file name has the note."""
        return f'{self.value}=1' in name.split(',')


@dataclasses.dataclass(frozen=True)
class DestinationReport:
    """What a destination with this plugin reports to the source.

    :ivar free_bytes: bytes free in the file system of instances_path
    :ivar directory_exists: whether it has the instance's directory
    :ivar libvirt: version of its libvirt, major * 1000000 + minor * 1000 +
        release; 0 where not known
    :ivar qemu: version of its QEMU, likewise
    :ivar images: its images_type, with "default" resolved
    :ivar base: digest of its base image of the instance's image; empty
        where it reports none
    :ivar disks_uri: where it listens for disks (NBD); empty for libvirt's
        choice
    :ivar acknowledges: whether it will add Note.PREPARED; earlier releases
        of this package do not
    :ivar group: where it makes logical volumes; None where it makes none, as
        earlier releases of this package
    """

    free_bytes: int
    directory_exists: bool
    libvirt: int = 0
    qemu: int = 0
    images: str = ''
    base: str = ''
    disks_uri: str = ''
    acknowledges: bool = False
    group: volume_transfer.GroupReport | None = None

    def mark(self, name: str) -> str:
        """Return a file name that has the report before a name.

        A volume group whose name is too long for that is left out.
        """
        found = self._mark(name)
        if len(found) > _LONGEST_NAME:
            found = dataclasses.replace(self, group=None)._mark(name)
        return found

    def _mark(self, name: str) -> str:
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
                *([f'lvm={self.group.text}'] if self.group else ()),
                *(['ack=1'] if self.acknowledges else ()),
                name,
            )
        )

    @classmethod
    def of(cls, file_name: str) -> 'DestinationReport | None':
        """Read a file name; None where it has no report.

        A host with a later protocol counts as one without the plugin.
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
                group=volume_transfer.GroupReport.of(fields.get('lvm', '')),
            )
        except (KeyError, ValueError):
            return None


def report_fits(disks_uri: str) -> bool:
    """Tell whether a URI is short enough to be reported."""
    return len(_quote(disks_uri)) <= _LONGEST_URI


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe=':[]')
