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

"""Find the emulators of a guest without asking libvirt."""

from collections.abc import Iterator

from lab import namespace
from lab.home import Home
from lab.host import Host
from lab.process import Process


def of(home: Home, host: Host, guest: str) -> list[Process]:
    """Return the processes that run, or wait for, a guest on a host."""
    return [
        each
        for each, name in namespace.residents(home).items()
        if name == host.name and guest in _guests(each)
    ]


def _guests(each: Process) -> Iterator[str]:
    words = each.command
    if not words or 'qemu-system' not in words[0]:
        return
    for word in words:
        if word.startswith('guest='):
            yield word.removeprefix('guest=').partition(',')[0]
