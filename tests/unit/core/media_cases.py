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

"""Guests with a read-only medium that the destination may lack."""

from tests.unit.core import builders as b

ISO, SEED = '/iso/debian.iso', '/iso/seed.img'
THERE = '/srv/debian.iso'
COPY, EJECT = {'copy': True}, {'eject': True}
BOTH = {'copy': True, 'eject': True}
MEDIUM = b.cdrom('sda', b.file(ISO, 'raw'))
FOLDER = b.local(kind='directory', free_bytes=2 * b.GIB)
_POLICY = b.Source('file', f"<source file='{ISO}' startupPolicy='requisite'/>")
OPTIONAL = b.cdrom('sda', _POLICY)


def case(*disks, there=b.GONE, media=None, here=None, **more):
    """A guest with a medium; ``there`` is what the destination has."""
    more.setdefault('create_images', True)
    return b.case(
        *(disks or (MEDIUM,)),
        source={
            ISO: b.local(**(here or {})),
            SEED: b.local(virtual_bytes=b.MIB),
        },
        destination={
            '/iso': more.pop('folder', FOLDER),
            ISO: there,
            SEED: b.GONE,
        },
        media=media or {},
        **more,
    )


def mapped(*disks, folder_there=FOLDER, at=b.GONE, **more):
    """The same with --map /iso=/srv; ``at`` is what the new place has."""
    more['mapping'] = {
        'paths': [{'source': '/iso', 'destination': '/srv'}],
        'pools': [],
        'formats': {},
    }
    tree = case(*disks, **more)
    tree['storage']['destination'] |= {'/srv': folder_there, THERE: at}
    return tree
