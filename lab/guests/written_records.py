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

"""Check what a guest wrote: the other half of programs/writer.c."""

from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096
_MIB = 1024 * 1024
_RING_AT = _MIB
_RING = b'LABRING1'
_COLD = b'LABCOLD1'
_MIX = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


@dataclass(frozen=True)
class Workload:
    """What the writer is told to do on every disk."""

    #: Records that a disk keeps; older ones are overwritten.
    slots: int = 1024
    #: From one record's slot to the next one's; no divisor in common with
    #: `slots`. With more than 16 each is in a 64 KiB of its own, what QEMU
    #: copies anew for it.
    stride: int = 1
    interval_us: int = 10000
    #: Written once, before the first record.
    cold_mib: int = 4

    @property
    def command_line(self) -> str:
        """Return the parameters for the guest's kernel."""
        return (
            f'lab.slots={self.slots} lab.stride={self.stride} '
            f'lab.interval_us={self.interval_us} lab.cold_mib={self.cold_mib}'
        )

    def place(self, slot: int) -> int:
        """Return which of the ring's blocks a slot is."""
        return slot * self.stride % self.slots

    @property
    def cold_at(self) -> int:
        """Return the offset of the cold area."""
        return _RING_AT + -(-self.slots * BLOCK // _MIB) * _MIB


@dataclass(frozen=True)
class Report:
    """What a disk holds, against what it has to hold."""

    device: str
    acknowledged: int
    newest: int
    #: One sentence for each; none means that nothing is lost.
    defects: tuple[str, ...]


def verify(
    content: Path,
    device: str,
    acknowledged: int,
    workload: Workload,
    base: bytes = b'',
) -> Report:
    """Check the raw content of a disk of a guest that was stopped.

    :param device: the disk's name in the guest, part of every record.
    :param acknowledged: the newest record that the console shows.
    :param base: what the last MiB has to hold, if anything.
    """
    data = content.read_bytes()
    found = [
        _number(data, _RING_AT + workload.place(slot) * BLOCK, device)
        for slot in range(workload.slots)
    ]
    newest = max((number for number in found if number), default=0)
    defects = []
    if newest < acknowledged:
        defects.append(
            f'{device}: the newest record is {newest}, but {acknowledged} '
            f'was acknowledged: {acknowledged - newest} lost'
        )
    defects += _ring_defects(found, newest, device)
    if acknowledged:
        defects += _cold_defects(data, workload, device)
    if base and data[-len(base) :] != base:
        defects.append(f'{device}: the content of the base image is gone')
    return Report(device, acknowledged, newest, tuple(defects))


def _ring_defects(
    found: list[int | None], newest: int, device: str
) -> list[str]:
    slots = len(found)
    # The guest may have been stopped while it wrote the next one.
    next_slot = (newest + 1) % slots
    defects = []
    for number in range(max(1, newest - slots + 1), newest + 1):
        slot = number % slots
        if found[slot] == number or slot == next_slot:
            continue
        what = 'a torn one' if found[slot] is None else str(found[slot])
        defects.append(
            f'{device}: record {number} is missing, in its slot is {what}'
        )
    return defects


def _cold_defects(data: bytes, workload: Workload, device: str) -> list[str]:
    bad = [
        number
        for number in range(workload.cold_mib * _MIB // BLOCK)
        if _at(data, workload.cold_at + number * BLOCK)
        != _block(_COLD, number, device)
    ]
    if not bad:
        return []
    return [f'{device}: {len(bad)} cold blocks differ, first {bad[0]}']


def _number(data: bytes, offset: int, device: str) -> int | None:
    """Return a record's number, 0 for an empty slot, None if torn."""
    block = _at(data, offset)
    if not any(block):
        return 0
    number = int.from_bytes(block[8:16], 'little')
    return number if block == _block(_RING, number, device) else None


def _at(data: bytes, offset: int) -> bytes:
    return data[offset : offset + BLOCK]


def _block(magic: bytes, number: int, device: str) -> bytes:
    disk = device.encode().ljust(8, b'\0')
    value = (number ^ int.from_bytes(disk, 'little')) * _MIX & _WORD
    sectors = b''.join(
        ((value + sector) & _WORD).to_bytes(8, 'little') * 64
        for sector in range(8)
    )
    return magic + number.to_bytes(8, 'little') + disk + sectors[24:]
