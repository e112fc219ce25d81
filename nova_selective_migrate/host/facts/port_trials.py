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


"""Try from here whether ports of a destination can be reached.

Nothing listens on the ports of a migration before it begins. A host that
answers "refused" has been reached; a firewall that drops what is sent lets
the trial run into its time limit. It makes a difference whether anything
arrives: a QEMU that waits for a guest takes the first that connects for the
source, so that nothing is tried while one does.
"""

import collections.abc
import errno
import socket
import urllib.parse

from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import migration_options

SECONDS = 2.0
_Answer = destination_readiness.PortAnswer
_Use = destination_readiness.PortUse
_Trial = destination_readiness.PortTrial
_TCP = 'tcp'
Connect = collections.abc.Callable[[str, int], _Answer | None]


def connect(address: str, port: int) -> _Answer | None:
    """Try to connect; None where that says nothing of the port."""
    try:
        socket.create_connection((address, port), SECONDS).close()
    except ConnectionRefusedError:
        return _Answer.REFUSED
    except TimeoutError:
        return _Answer.SILENT
    except OSError as err:
        # A firewall that rejects answers with one of these.
        if err.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES):
            return _Answer.UNREACHABLE
        return None
    except UnicodeError:
        return None  # no name of a host
    return _Answer.LISTENING


def tried(
    options: migration_options.MigrationOptions,
    chosen_from: tuple[int, int],
    connect: Connect = connect,
) -> tuple[_Trial, ...]:
    """Try the ports that memory and disks need, as far as they are known.

    :param chosen_from: first and last of the ports that libvirt chooses
        from
    """
    found: list[_Trial] = []
    chosen: list[str] = []
    for use, place in (
        (_Use.MEMORY, _memory(options)),
        (_Use.DISKS, _disks(options)),
    ):
        if place is None:
            continue
        address, port = place
        if port is None:
            chosen.append(address)
        elif answer := connect(address, port):
            found.append(_Trial(use, address, port, answer))
    first, last = chosen_from
    for address in dict.fromkeys(chosen):
        # The last is the one that is in use the least; a destination whose
        # firewall opens fewer uses the first of them.
        for port in dict.fromkeys((last, first)):
            answer = connect(address, port)
            if answer is None:
                break
            found.append(_Trial(_Use.ANY, address, port, answer))
            if found[-1].passes:
                break
    return tuple(found)


_Place = tuple[str, int | None]


def _memory(options: migration_options.MigrationOptions) -> _Place | None:
    """Return where memory goes; None where no port of TCP is known for it."""
    if options.migrate_uri is not None:
        return _place(options.migrate_uri)
    host = options.migration_host
    return (host, None) if host else None


def _disks(options: migration_options.MigrationOptions) -> _Place | None:
    if options.disks_uri is not None:
        return _place(options.disks_uri)
    memory = _memory(options)
    if memory is None:
        return None
    return memory[0], options.disks_port


def _place(text: str) -> _Place | None:
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        return None  # libvirt says what is wrong with it
    # libvirt takes tcp:HOST as well.
    if parts.scheme != _TCP or not parts.hostname:
        return None
    return parts.hostname, port
