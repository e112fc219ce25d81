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

"""Lose what the destination's libvirt answers to Finish, and no more.

From the switch-over on nothing that it sends arrives: it starts the guest,
the source never hears of it, gives the connection up and lets its own guest
run on.
"""

import collections.abc
import contextlib

from lab import laboratory
from lab.faults import fault_hosts
from lab.faults import migration_phases
from lab.hosts import lab_host
from lab.processes import waiting

_PORT = '16509'
_RULE = ['sport', _PORT, 'ipproto', 'tcp', 'pref', '90']
#: libvirt's keepalive gives a peer up after 30 s.
_PATIENCE = 90


@contextlib.contextmanager
def lost(
    lab: laboratory.Lab, domain: str, *, for_good: bool = False
) -> collections.abc.Iterator[collections.abc.Callable[[], None]]:
    """Yield what loses the answer, and returns when both hosts run.

    To be called when the migration has begun; begin to look before.

    :param for_good: nobody gets an answer from the destination, and it
        returns when that alone runs the guest
    """
    watch = migration_phases.Watch(lab)

    def lose() -> None:
        watch.until(migration_phases.Phase.SWITCH_OVER, 1, lambda: False)
        # Over in a moment: the daemon that goes through it waits.
        with fault_hosts.FaultHosts(lab).frozen(lab.a):
            to = [] if for_good else ['dport', _port_of_daemon(lab.a)]
            lab.b.run(['ip', 'rule', 'add', *_RULE, *to, 'blackhole'])
        waiting.until(
            lambda: _state(lab.b, domain).startswith('running'),
            f'{domain} on b',
            _PATIENCE,
        )
        if for_good:
            waiting.until(
                lambda: 'paused (user)' in _state(lab.a, domain),
                f'{domain} on a suspended',
                _PATIENCE,
            )
            return
        waiting.until(
            lambda: 'migration canceled' in _state(lab.a, domain),
            f'{domain} on a again',
            _PATIENCE,
        )
        lab.b.run(['ip', 'rule', 'del', 'pref', '90'])

    try:
        yield lose
    finally:
        lab.b.run(['ip', 'rule', 'del', 'pref', '90'], check=False)


def _port_of_daemon(host: lab_host.Host) -> str:
    """Return where the daemon's own connection to the other one ends."""
    said = host.run(['ss', '-Htnp', f'dport = :{_PORT}']).stdout
    (line,) = (line for line in said.splitlines() if '"libvirtd"' in line)
    return line.split()[3].rpartition(':')[2]


def _state(host: lab_host.Host, domain: str) -> str:
    return host.virsh('domstate', domain, '--reason', check=False).stdout
