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
"""Where something of ours listens: an address and a port."""

import dataclasses
import ipaddress
import re

from nova_selective_migrate import exceptions

_LOOPBACK = '127.0.0.1'
_NAME = re.compile(r'[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?')
_MOST = 65535


@dataclasses.dataclass(frozen=True)
class ListenAddress:
    """An address to listen on.

    :ivar host: a name, or an address; of IPv6 without brackets
    :ivar port: 1 to 65535
    """

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> 'ListenAddress':
        """Read "host:port"; without a host it is the loopback.

        :raises InvalidInput: when it is none
        """
        host, colon, port = text.strip().rpartition(':')
        if not _is_port(port):
            raise exceptions.InvalidInput(
                f'{text!r} names no port from 1 to {_MOST}: write '
                '127.0.0.1:9179, or a port alone for the loopback'
            )
        if not colon or not host:
            return cls(_LOOPBACK, int(port))
        return cls(_host(host, text), int(port))

    def __str__(self) -> str:
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'{host}:{self.port}'


def _is_port(text: str) -> bool:
    return (
        text.isascii()
        and text.isdecimal()
        and len(text) <= len(str(_MOST))
        and 0 < int(text) <= _MOST
    )


def _host(host: str, text: str) -> str:
    if host.startswith('[') and host.endswith(']'):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ipaddress.AddressValueError as err:
            raise exceptions.InvalidInput(
                f'{text!r} has no IPv6 address between its brackets: {err}'
            ) from err
    if ':' in host:
        raise exceptions.InvalidInput(
            f'{text!r} is not clear about its port: write an IPv6 address in '
            'brackets, [::1]:9179'
        )
    if not _NAME.fullmatch(host):
        raise exceptions.InvalidInput(
            f'{text!r} names no host: write its name or address, and '
            '0.0.0.0:PORT or [::]:PORT for all of its addresses'
        )
    return host
