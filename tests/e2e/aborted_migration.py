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


def begin(
    test: base.EndToEndTestCase, guest: lab_guest.Guest, *arguments: str
) -> subprocess.Popen[str]:
    """Migrate a guest slowly; return once its vda is being copied."""
    since = monitor_log.mark(test.a)
    running = test.a.popen(
        [base.PROGRAM, 'migrate', guest.name, test.b.remote_uri]
        + ['--bandwidth', '1', *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    test.addCleanup(running.kill)
    waiting.until(
        lambda: 'vda' in monitor_log.mirrored(test.a, guest, since),
        'the mirror to start',
        120,
    )
    return running


def end(
    test: base.EndToEndTestCase, running: subprocess.Popen[str]
) -> tuple[str, str]:
    """Abort it; return what was printed, and what was said meanwhile."""
    running.send_signal(signal.SIGINT)
    output, said = running.communicate(timeout=120)
    test.assertEqual(4, running.returncode, said)
    return output, said


def abort(
    test: base.EndToEndTestCase, guest: lab_guest.Guest, *arguments: str
) -> dict[str, typing.Any]:
    """Migrate a guest whose vda is LARGE, abort it, return the outcome."""
    output, _ = end(test, begin(test, guest, '-f', 'json', *arguments))
    return typing.cast(dict[str, typing.Any], json.loads(output))
