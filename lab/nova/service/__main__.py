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

"""Import nova once, and be forked to a nova-compute by each request.

A request is a line of JSON: see lab.nova.fork_server. The reply is the
number of the process.
"""

# The first import: it decides on threads or eventlet, as for nova-compute.
from nova.cmd import compute  # noqa: F401, I001 - see above

import ctypes
import faulthandler
import gc
import json
import os
from pathlib import Path
import signal
import sys
import traceback
from typing import Any

# Imported late otherwise, by each of our children.
from nova import objects
from nova.virt.libvirt import driver  # noqa: F401

from lab.nova.service import fakes
from lab.nova.service import start
import nova_selective_migrate.compute.driver  # noqa: F401
from nova_selective_migrate.compute.source import live_migration_settlement


def main() -> None:
    """Fork until nobody can ask any more."""
    objects.register_all()
    gc.freeze()
    threads = os.listdir('/proc/self/task')
    if len(threads) > 1:
        sys.exit(f'{len(threads)} threads: a child would have one of them')
    # The kernel reaps.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Not sys.stdin, which eventlet may have made a green one.
    with open(0, 'rb', buffering=0, closefd=False) as requests:
        while line := requests.readline():
            child = os.fork()
            if not child:
                _serve(**json.loads(line))
            os.write(1, b'%d\n' % child)


def _serve(
    configuration: str,
    directory: str,
    log: str,
    keeper: int | None,
    of_user: bool,
    settle_seconds: float | None,
) -> None:
    """Serve until we are told to end; never return."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _redirect(log)
        if keeper is not None:
            _enter(keeper, of_user)
        # Who wonders what it waits for may ask: kill -USR1.
        faulthandler.register(signal.SIGUSR1)
        fakes.install(Path(directory))
        if settle_seconds is not None:
            live_migration_settlement._SETTLE_SECONDS = settle_seconds
        start.serve(configuration, Path(directory))
    finally:
        # Threads of nova's would keep a process that serves nobody.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _redirect(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(null, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.close(null)
    os.close(said)


def _enter(keeper: int, of_user: bool) -> None:
    """Enter a host's namespaces, as nsenter(1) does.

    os.setns comes with Python 3.12.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    kinds = ['user'] * of_user + ['net', 'uts', 'mnt']
    files = [
        os.open(f'/proc/{keeper}/ns/{kind}', os.O_RDONLY) for kind in kinds
    ]
    for file, kind in zip(files, kinds, strict=True):
        if libc.setns(file, 0):
            raise OSError(ctypes.get_errno(), f'setns {kind}')
        os.close(file)
        if kind == 'user':
            os.setgroups([])
            os.setgid(0)
            os.setuid(0)
    os.chdir('/')
    # eventlet has read /etc/hosts of the machine when it was imported, and
    # does not look again for 10 seconds.
    greendns: Any = sys.modules.get('eventlet.support.greendns')
    if greendns is not None:
        own = greendns.HostsResolver()
        greendns.resolver = greendns.ResolverProxy(hosts_resolver=own)


main()
