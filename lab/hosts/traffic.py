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

"""Look at what travels between the hosts.

The module is also the program that does so inside the hub's namespaces.
"""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from dataclasses import field
import json
import os
import select
import socket
import struct
import subprocess
import sys

from lab.errors import LabError
from lab.lab_homes import REPOSITORY
from lab.laboratory import Lab

# linux/if_packet.h, linux/if_ether.h and asm/socket.h
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_ETH_P_ALL, _ETH_P_IP, _SO_RCVBUFFORCE = 3, 0x0800, 33
_LARGEST, _ROOM = 1 << 17, 1 << 28


@dataclass
class Look:
    """What was seen, once the look is over.

    Connections with the hub are left out: its storage is not what a
    migration sends, and other guests use it as well.

    :ivar ports: pattern -> lower port of each connection that showed it
    :ivar lost: packets that came too fast to be looked at
    :ivar packets: packets that were
    """

    ports: dict[str, set[int]] = field(default_factory=dict)
    lost: int = 0
    packets: int = 0


@contextlib.contextmanager
def watched(lab: Lab, *patterns: bytes) -> Iterator[Look]:
    """Look for patterns between the two hosts, both ways.

    :raises LabError: the look broke off.
    """
    words = [pattern.hex() for pattern in patterns]
    argv = [
        sys.executable,
        '-m',
        'lab.hosts.traffic',
        f'to-{lab.a.name}',
        *(host.address for host in lab.hosts),
        *words,
    ]
    look = Look()
    with subprocess.Popen(
        lab.hub.enter(argv, os.fspath(REPOSITORY)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as watcher:
        assert watcher.stdin and watcher.stdout
        if watcher.stdout.readline() != 'looking\n':
            raise LabError('nothing looks at the wire')
        try:
            yield look
        finally:
            watcher.stdin.close()
            said = watcher.stdout.read()
    if watcher.returncode:
        raise LabError('the look at the wire broke off')
    seen = json.loads(said)
    look.ports = {
        bytes.fromhex(word).decode(): set(ports)
        for word, ports in seen['ports'].items()
    }
    look.lost, look.packets = seen['lost'], seen['packets']


def main(device: str, here: str, there: str, *words: str) -> int:
    """Look until standard input ends, and print what was seen.

    :param here: address of one end; only what it and ``there`` send to each
        other is looked at
    """
    ends = {socket.inet_aton(address) for address in (here, there)}
    patterns = {word: bytes.fromhex(word) for word in words}
    longest = max(len(pattern) for pattern in patterns.values())
    ports: dict[str, set[int]] = {word: set() for word in words}
    tails: dict[bytes, bytes] = {}
    packets = 0
    with socket.socket(
        # Without a protocol it hears nothing, of no device, until it is bound.
        socket.AF_PACKET,
        socket.SOCK_RAW,
        0,
    ) as wire:
        wire.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _ROOM)
        wire.bind((device, _ETH_P_ALL))
        print('looking', flush=True)
        ended = False
        while not ended:
            ready, _, _ = select.select([wire, sys.stdin], [], [])
            # What came before the end is still looked at.
            ended = sys.stdin in ready
            wire.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    packets += 1
                    flow, port, data = _payload(wire.recv(_LARGEST))
                    if not data or {flow[:4], flow[4:8]} != ends:
                        continue
                    # A pattern may begin in one packet and end in the next.
                    data = tails.get(flow, b'') + data
                    tails[flow] = data[-longest + 1 :]
                    for word, pattern in patterns.items():
                        if pattern in data:
                            ports[word].add(port)
        lost = struct.unpack(
            'II', wire.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        )[1]
    seen = {
        'ports': {word: sorted(found) for word, found in ports.items()},
        'lost': lost,
        'packets': packets,
    }
    print(json.dumps(seen))
    return 0


def _payload(frame: bytes) -> tuple[bytes, int, bytes]:
    """Return the connection, its lower port and the bytes it carries."""
    none = b'', 0, b''
    if len(frame) < 34 or int.from_bytes(frame[12:14], 'big') != _ETH_P_IP:
        return none
    packet = frame[14 : 14 + int.from_bytes(frame[16:18], 'big')]
    start = (packet[0] & 0xF) * 4
    if packet[9] != socket.IPPROTO_TCP:
        return none
    segment = packet[start:]
    ports = struct.unpack('!HH', segment[:4])
    data = segment[(segment[12] >> 4) * 4 :]
    return packet[12:20] + segment[:4], min(ports), data


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
