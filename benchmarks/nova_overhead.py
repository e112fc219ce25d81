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

"""What our driver costs nova, against nova's own driver.

Real are nova's ComputeManager, its LibvirtDriver and libvirt below it: see
lab.nova. The overhead is the time between the manager's call of
``driver.live_migration`` and the driver's of ``migrateToURI3``.
"""

import collections.abc
import dataclasses
import os
import statistics
import time

from benchmarks import figure
from benchmarks import wire_counter
from lab import lab_homes
from lab import laboratory
from lab.nova import nova_cloud
from lab.nova import nova_settings
from lab.nova import server_boot

_VERSION = os.environ.get('NOVA_VERSION', '34.0.0')
INTERPRETER = lab_homes.REPOSITORY / '.nova' / _VERSION / 'bin' / 'python'
_OURS = nova_settings.Settings(
    nova_settings.PLUGIN, {'selective_migrate': {'enabled': 'true'}}
)
#: Root, ephemeral and swap are copied; with these it has eight disks.
_VOLUMES = 5
_TARGET_MS = 50.0


@dataclasses.dataclass(frozen=True)
class _Seen:
    """One migration of a server."""

    until_call: float
    seconds: float
    wire_bytes: float


def figures(runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Migrate servers with both drivers, on both hosts."""
    if not INTERPRETER.exists():
        print(f'not measured: no nova {_VERSION} in .nova', flush=True)
        return
    found = {}
    with laboratory.Lab.open({}, lab_homes.own_home('bench')) as lab:
        for name, driver in (
            ('stock', nova_settings.Settings()),
            ('ours', _OURS),
        ):
            cloud = nova_cloud.Cloud.start(
                lab, INTERPRETER, {'a': driver, 'b': driver}
            )
            try:
                # The first meets what nova loads late.
                seen = [_migrate(cloud) for _ in range(runs + 1)][1:]
            finally:
                nova_cloud.stop(lab)
            found[name] = seen
    ours, stock = found['ours'], found['stock']

    def all_of(seen: list[_Seen], field: str) -> list[float]:
        return [getattr(one, field) for one in seen]

    def median(seen: list[_Seen], field: str) -> float:
        return statistics.median(all_of(seen, field))

    more = median(ours, 'until_call') - median(stock, 'until_call')
    yield figure.Figure(
        f'nova {_VERSION}, 8 disks: ours - stock, until the call',
        more * 1000,
        'ms',
        _TARGET_MS,
        runs,
    )
    for field, words in (('seconds', 'whole'), ('wire_bytes', 'bytes')):
        yield figure.ratio(
            f'nova {_VERSION}, 8 disks: ours / stock, {words}',
            all_of(ours, field),
            all_of(stock, field),
        )


def _migrate(cloud: nova_cloud.Cloud) -> _Seen:
    here, there = cloud.lab.a, cloud.lab.b
    server = server_boot.boot(
        cloud,
        here,
        server_boot.Description(
            ephemeral='',
            swap_mib=16,
            volumes=tuple(cloud.volumes.block() for _ in range(_VOLUMES)),
        ),
    )
    try:
        server.wait_for_records(here, {'vda': 5}, timeout=120)
        before = wire_counter.total(cloud.lab)
        started = time.perf_counter()
        if server.migrate(here, there):
            server.await_end(here)
        seconds = time.perf_counter() - started
        if server.migrations[-1]['status'] != 'completed':
            raise RuntimeError(f'{server.id} did not move: {server.faults}')
        return _Seen(
            until_call=cloud.compute(here).command('until_call'),
            seconds=seconds,
            wire_bytes=wire_counter.total(cloud.lab) - before,
        )
    finally:
        server.forget()
