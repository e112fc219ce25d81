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

"""See where a host's emulators listen."""

from ipaddress import ip_address
import re

from lab.hosts.lab_host import Host

_EMULATOR = re.compile(r'"qemu-system[^"]*"')


def of_emulators(host: Host) -> list[str]:
    """Return the addresses of their TCP listeners, '*' for every one."""
    said = host.run(['ss', '-Htlnp']).stdout
    addresses = []
    for line in said.splitlines():
        if _EMULATOR.search(line):
            address, _, _port = line.split()[3].rpartition(':')
            number = address.strip('[]')
            # ss writes '*' for a socket of both IPv4 and IPv6.
            every = number == '*' or ip_address(number).is_unspecified
            addresses.append('*' if every else number)
    return addresses
