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

"""Fill a volume of a host with bytes from here."""

import collections.abc

import libvirt

from nova_selective_migrate.host.hypervisor import libvirt_codes


def upload(
    volume: libvirt.virStorageVol,
    path: str,
    parts: collections.abc.Iterable[bytes],
) -> None:
    """Write a volume from its beginning, through its daemon.

    :param path: of the volume, for messages
    :param parts: of any length; what it raises ends the upload, and the
        volume then holds a beginning of the whole
    :raises HypervisorError: when the daemon does not take all
    """
    with libvirt_codes.translated(f'cannot write {path}'):
        stream = volume.connect().newStream()
        volume.upload(stream, 0, 0)
        ended = False
        try:
            for part in parts:
                _send(stream, part)
            ended = True
        finally:
            # One that is left open would block the connection.
            stream.finish() if ended else stream.abort()


def _send(stream: libvirt.virStream, part: bytes) -> None:
    left = memoryview(part)
    while left:
        sent = stream.send(bytes(left))
        left = left[sent:]
