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

"""Network disks and servers on the loopback."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

LOOPBACK = (
    *('127.0.0.1', '127.9.8.7', '127.1', '2130706433', 'localhost'),
    *(
        'LocalHost',
        'localhost.',
        'a.localhost',
        'localhost.localdomain',
        'localhost6',
    ),
    *('localhost4', 'ip6-localhost', 'ip6-loopback', '::1', '[::1]'),
    *('0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'),
    # The short and odd forms of inet_aton(3), an interface, a dot.
    *('127.5.1', '0177.1', '0177.0.0.1', '0x7f.1', '0x7f000001'),
    *('127.0.0.1.', '127.0.0.1%lo', '::1%lo', 'a.localhost.'),
    # Whoever listens on all addresses is reached on this host's.
    *('0.0.0.0', '::', '0', '00'),
    *("transport='unix' socket='/run/nbd.sock'",),
    *("transport='unix'", "socket='/run/nbd.sock'"),
)
_ODD_REMOTE = (
    '126.255.1',
    '10.1',
    '1.127.0.0.1',
    'dead.beef',
    '08.1',
    '0o177.1',
)
REMOTE = (
    '10.0.0.1',
    '128.0.0.1',
    'server',
    '2001:db8::1',
    '127.example.org',
    *_ODD_REMOTE,
)
PROTOCOLS = ('rbd', 'iscsi', 'nbd', 'gluster', 'sheepdog', 'https', 'ssh')


def _of(name, decision, *hosts, protocol='nbd', **more):
    return Scenario(
        name,
        b.case(b.disk('vda', b.network(protocol, 'n', *hosts)), **more),
        {'vda': decision},
    )


SCENARIOS = (
    *(
        _of(f'{p}_is_shared_by_nature', 'keep network-disk', 'h', protocol=p)
        for p in PROTOCOLS
    ),
    *(_of(f'server_{h}', 'keep network-disk', h) for h in REMOTE),
    *(_of(f'loopback_{h}', 'refuse loopback-server', h) for h in LOOPBACK),
    _of('one_of_many_servers_is_loopback', 'refuse', 'a', 'b', '127.0.0.1'),
    _of(
        'loopback_with_an_attachment',
        'keep volume-attachment',
        '127.0.0.1',
        rows=[b.row('vda', b.VOLUME)],
    ),
    _of(
        'unix_socket_declared_shared',
        'keep declared-shared',
        "transport='unix' socket='/run/nbd/a.sock'",
        shared=['/run/nbd'],
    ),
    _of(
        'loopback_declared_shared_by_its_uri',
        'keep declared-shared',
        "name='127.0.0.1' port='10809'",
        shared=['nbd://127.0.0.1:10809'],
    ),
    _of(
        'a_remote_disk_cannot_be_declared_local',
        'refuse declaration-conflict',
        "name='server' port='10809'",
        local=['nbd://server:10809'],
    ),
    _of('a_server_without_a_name', 'keep network-disk', "port='1'"),
    Scenario(
        'rbd_without_servers_is_shared',
        b.case(b.disk('vda', b.network('rbd', 'pool/image'))),
        {'vda': 'keep network-disk'},
    ),
)
