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

"""Have a host reach a unit of storage by both of its ways at once."""

from collections.abc import Sequence

from lab.hosts.lab_host import Host
from lab.processes import waiting

_CONFIGURATION = """\
defaults {{
    user_friendly_names no
    find_multipaths no
}}
blacklist {{
    wwid ".*"
}}
blacklist_exceptions {{
    property ".*"
{wanted}
}}
"""


def start(host: Host, wwids: Sequence[str]) -> None:
    """Start the daemon, for these units alone; others keep their paths."""
    wanted = '\n'.join(f'    wwid "{wwid}"' for wwid in wwids)
    host.run(
        ['sh', '-c', 'mkdir -p /etc/multipath; cat > /etc/multipath.conf'],
        input=_CONFIGURATION.format(wanted=wanted),
    )
    host.run(['modprobe', '-a', 'dm-multipath', 'dm-service-time'])
    host.run(['multipathd'])


def await_map(host: Host, wwid: str, paths: int = 2) -> str:
    """Wait until a map has all of its paths; return its device."""

    def whole() -> bool:
        said = host.run(['dmsetup', 'deps', wwid], check=False)
        return said.stdout.startswith(f'{paths} dependencies')

    waiting.until(whole, f'the multipath map {wwid} on host {host.name}')
    host.run(['udevadm', 'settle'])
    return f'/dev/mapper/{wwid}'


def stop(host: Host) -> None:
    """End the daemon and remove the maps that nobody has open."""
    host.run(['multipathd', 'shutdown'], check=False)
    host.run(['multipath', '-F'], check=False)
