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

"""Hold the namespaces of one host: started inside them, for that only."""

import json
import os
import signal
import sys

from lab.hosts.mount_view import MountView


def main() -> int:
    """Mount the view given as JSON, say so, and stay if told to.

    The one who started us may die before it has noted us down: then
    nothing comes from standard input and we end by ourselves.
    """
    MountView(**json.loads(sys.argv[1])).enter()
    os.write(1, b'ready\n')
    if os.read(0, 16) != b'stay\n':
        return 1
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.chdir('/')
    while True:
        signal.pause()


if __name__ == '__main__':
    sys.exit(main())
