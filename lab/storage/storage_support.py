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

"""Tell which kinds of storage can be had."""

import os

from lab.hosts import privileges

#: Kind of storage -> why an ordinary user cannot have it.
_NEEDS_ROOT = {
    'shared-file': (
        'GlusterFS keeps trusted.* attributes on its brick and mounts '
        'through /dev/fuse: both need the root user of the machine'
    ),
    'shared-block': 'loop devices need the root user of the machine',
    'local-block': 'loop devices need the root user of the machine',
}

_NEEDS_DEVICE = {
    'shared-file': '/dev/fuse',
    'shared-block': '/dev/loop-control',
    'local-block': '/dev/loop-control',
}


def unavailable() -> dict[str, str]:
    """Say for each kind of storage that cannot be had, why not."""
    if not privileges.is_root():
        return dict(_NEEDS_ROOT)
    return {
        kind: f'{device} cannot be opened on this machine'
        for kind, device in _NEEDS_DEVICE.items()
        if not os.access(device, os.R_OK | os.W_OK)
    }
