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

"""Reap the processes of a daemon: be what init is to it.

libvirt starts guests that are nobody's children, and waits until a killed
one is gone for good. The process 1 of a container may take a second for
that, where an operating system's takes none.
"""

import ctypes
import os
import sys

#: prctl(2)
_PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Start a daemon, print its number, and reap until nothing is left."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl')
    null = os.open(os.devnull, os.O_RDWR)
    started = os.posix_spawnp(
        sys.argv[1],
        sys.argv[1:],
        os.environ,
        # The daemon says what it has to say where errors go.
        file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)],
    )
    os.write(1, b'%d\n' % started)
    os.dup2(null, 1)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return 0


if __name__ == '__main__':
    sys.exit(main())
