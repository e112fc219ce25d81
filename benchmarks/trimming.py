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

"""What a guest's deleted data costs, with a trim before the copy or none."""

import collections.abc
import json
import pathlib
import sys
import uuid

from benchmarks import figure
from benchmarks import wire_counter
from lab import lab_homes
from lab import laboratory
from lab.guests import trimming_guest

_PROGRAM = pathlib.Path(sys.executable).with_name('nova-selective-migrate')
_TARGET = 1.1
_MIB = 2**20


def figures(_runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Move a guest with 64 MiB that live and 192 MiB that are deleted."""
    with laboratory.Lab.open(home=lab_homes.own_home('bench')) as lab:
        for name, options, target in (
            ('with --trim', ['--trim'], _TARGET),
            ('without', [], None),
        ):
            yield figure.Figure(
                f'trimmed, 64 MiB live, 192 deleted: {name} / live',
                _sent(lab, options),
                'ratio',
                target,
                1,
            )


def _sent(lab: laboratory.Lab, options: list[str]) -> float:
    """Return the bytes of the disk on the wire, by the live ones."""
    guest = trimming_guest.TrimmingGuest(
        lab,
        f'trim{uuid.uuid4().hex[:6]}',
        size_mib=512,
        live_mib=64,
        dead_mib=192,
    )
    guest.start(lab.a)
    try:
        with wire_counter.Counted(lab) as counted:
            said = lab.a.run(
                [_PROGRAM, 'migrate', guest.name, lab.b.remote_uri]
                + ['-f', 'json', *options]
            )
        memory = json.loads(said.stdout)['memory_bytes']
        return (counted.bytes - memory) / (guest.live_mib * _MIB)
    finally:
        for host in lab.hosts:
            guest.stop(host)
