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

"""Abort a migration while its disks are copied."""

import json
import signal
import subprocess
import typing

from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.processes import waiting
from lab.storage import local_disks
from tests.e2e import base

# With --bandwidth 1 slow enough to be caught in the act.
LARGE = local_disks.LocalFile(format='raw', size_mib=256)


def abort(
    test: base.EndToEndTestCase, guest: lab_guest.Guest, *arguments: str
) -> dict[str, typing.Any]:
    """Migrate a guest whose vda is LARGE, abort it, return the outcome."""
    since = monitor_log.mark(test.a)
    running = test.a.popen(
        [base.PROGRAM, 'migrate', guest.name, test.b.remote_uri]
        + ['-f', 'json', '--bandwidth', '1', *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    test.addCleanup(running.kill)
    waiting.until(
        lambda: 'vda' in monitor_log.mirrored(test.a, guest, since),
        'the mirror to start',
        60,
    )
    running.send_signal(signal.SIGINT)
    output, said = running.communicate(timeout=60)
    test.assertEqual(4, running.returncode, said)
    return typing.cast(dict[str, typing.Any], json.loads(output))
