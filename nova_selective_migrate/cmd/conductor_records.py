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

"""``python -m nova_selective_migrate.cmd.conductor_records FILE ...``.

Prints nova's records of this host as JSON, or ``{"problem": "one line"}``.
``nova-selective-migrate host audit`` runs it: nova, its log and its threads
that wait for a message bus stay in a process that can be ended.
"""

import json
import os
import sys
import threading
import types

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import nova_records
from nova_selective_migrate.core.case import secret_masking

#: For all answers together.
SECONDS = 30.0


class _Reading:
    """Reads the records, in a thread that may never end.

    :param access: compute.source.conductor_access
    """

    def __init__(self, access: types.ModuleType, files: list[str]) -> None:
        self._access = access
        self._files = files
        self.bus = ''
        self.text = ''
        self.done = threading.Event()

    def run(self) -> None:
        """Read; the text is the records, or what hinders."""
        try:
            self.bus = self._access.configure(self._files)
            self.text = nova_records.dumps(self._access.read())
        except exceptions.SelectiveMigrateError as err:
            self.text = problem(str(err))
        except Exception as err:
            # The process's boundary: a line, and no traceback of nova's.
            self.text = problem(
                f'nova-conductor ({self.bus or "not reached"}) was not '
                f'asked: {type(err).__name__}: {err}; "openstack compute '
                'service list" shows whether it is up'
            )
        self.done.set()


def problem(text: str) -> str:
    """Return a problem as JSON: one line without secrets."""
    line = secret_masking.line(' '.join(text.split()))
    return json.dumps({'problem': line})


def answer(files: list[str], seconds: float = SECONDS) -> str:
    """Return what is to be printed.

    :param seconds: for the conductor to answer, once nova is loaded
    """
    try:
        # Before the clock runs: a busy host takes long to load nova.
        from nova_selective_migrate.compute.source import conductor_access
    except ImportError as err:
        return problem(
            f'nova cannot be imported by {sys.executable}: {err}; run the '
            'nova-selective-migrate that is installed beside nova-compute, '
            'or plan without nova by --no-nova'
        )
    reading = _Reading(conductor_access, files)
    threading.Thread(target=reading.run, daemon=True).start()
    # Not by join, which was seen to wait on where greenlet is loaded.
    if not reading.done.wait(seconds):
        return problem(
            f'nova-conductor has not answered within {seconds:.0f} seconds '
            f'over {reading.bus or "its message bus"}; "openstack compute '
            'service list" shows whether it is up, and transport_url names '
            'the message bus; --no-nova plans without nova'
        )
    return reading.text


def main() -> None:
    """Print it, and end whatever still waits."""
    files = sys.argv[1:]
    # oslo.config looks for directories of configuration by this name.
    sys.argv[0] = 'nova-compute'
    shown = os.dup(sys.stdout.fileno())
    # What nova prints is no part of the document.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with os.fdopen(shown, 'w', encoding='utf-8') as stream:
        stream.write(answer(files))
    os._exit(0)


if __name__ == '__main__':
    main()
