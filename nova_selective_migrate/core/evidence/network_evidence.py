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

"""Evidence from the server of a network disk."""

import ipaddress
import re

from nova_selective_migrate.core import model
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import evidence


def of(source: model.DiskSource) -> evidence.Evidence:
    if any(is_loopback(host) for host in source.hosts):
        return evidence.Evidence(
            f'domain XML: {source.server} is served on this host',
            model.Locality.UNKNOWN,
            evidence.Strength.MISSING,
            reasons.Reason.LOOPBACK_SERVER,
        )
    return evidence.Evidence(
        f'domain XML: network disk of protocol {source.protocol}',
        model.Locality.SHARED,
        evidence.Strength.PROOF,
        reasons.Reason.NETWORK_DISK,
    )


def is_loopback(host: model.NetworkHost) -> bool:
    """Tell a server that is another one on another host."""
    if host.socket or host.transport == 'unix':
        return True
    name = (host.name or '').strip('[]').rstrip('.').lower()
    if name.startswith('localhost') or name.endswith('.localhost'):
        return True
    if name in ('ip6-localhost', 'ip6-loopback'):
        return True
    address = _address(name.partition('%')[0])
    if address is None:
        return False
    mapped = getattr(address, 'ipv4_mapped', None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _address(
    name: str,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, also in inet_aton(3)'s short and odd forms."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    if not re.fullmatch(r'[0-9a-fx]+(\.[0-9a-fx]+){0,3}', name):
        return None
    try:
        *head, last = (_number(part) for part in name.split('.'))
        value = last
        for index, part in enumerate(head):
            value += part << (24 - 8 * index)
        return ipaddress.IPv4Address(value)
    except ValueError:
        return None


def _number(text: str) -> int:
    octal = len(text) > 1 and text.isdecimal() and text.startswith('0')
    return int(text, 8 if octal else 0)
