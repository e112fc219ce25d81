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

"""Be a nova-compute: python -m lab.nova.service CONFIGURATION DIRECTORY."""

# The first import: it decides on threads or eventlet, as for nova-compute.
from nova.cmd import compute  # noqa: F401, I001 - see above

import faulthandler
import os
from pathlib import Path
import signal
import sys
import traceback

from lab.nova.service import fakes
from lab.nova.service import start


def main() -> None:
    """Serve until we are told to end."""
    configuration, directory = sys.argv[1], Path(sys.argv[2])
    # Who wonders what it waits for may ask: kill -USR1.
    faulthandler.register(signal.SIGUSR1)
    try:
        fakes.install(directory)
        start.serve(configuration, directory)
    finally:
        # Threads of nova's would keep a process that serves nobody.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


main()
