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

"""Where the destination listens for disks, when that is named."""

import collections.abc

from nova_selective_migrate.core.case import options as options_
from nova_selective_migrate.core.case import uri as uri_

_SCHEMES = ('tcp', 'unix')


def problem(text: str) -> str | None:
    """Say what is wrong with a URI for disks (libvirt 6.8.0), if anything.

    libvirt takes tcp://address[:port], to which the destination binds and
    the source connects, and unix:///path, the same on both hosts.
    """
    scheme, separator, rest = text.partition('://')
    if not separator or scheme not in _SCHEMES:
        return 'it is neither tcp://address[:port] nor unix:///path'
    if any(not 32 < ord(letter) < 127 for letter in text):
        return 'it has characters that no address has'
    if scheme == 'unix':
        return None if rest.startswith('/') and rest != '/' else 'no path'
    if uri_.host(text) is None:
        return 'it names no address'
    port = rest.rpartition(']')[2].partition(':')
    if port[1] and not (port[2].isdecimal() and 0 < int(port[2]) < 2**16):
        return 'its port is none from 1 to 65535'
    return None


def conflicts(
    options: options_.MigrationOptions,
) -> collections.abc.Iterator[str]:
    """Say what of the options cannot be had together.

    Each is an error of libvirt's after the call
    (qemuMigrationDstPrepareAny, qemuMigrationSrcBeginPhase).
    """
    unix = (options.migrate_uri or '').startswith('unix:')
    text = options.disks_uri
    if text is None:
        if unix:
            yield 'a migration URI of a unix socket needs one for disks'
        return
    wrong = problem(text)
    if wrong:
        yield f'{text}: {wrong}'
    if options.disks_port:
        yield 'a URI for disks and a port for disks exclude each other'
    if text.startswith('unix:') and options.tls:
        yield 'libvirt has no TLS for disks through a unix socket'
