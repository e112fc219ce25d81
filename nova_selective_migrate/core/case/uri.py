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

"""The host in a URI of libvirt's."""

import urllib.parse


def host(text: str) -> str | None:
    """Return the host that a URI names, an IPv6 address without brackets.

    None where it names none, as qemu:///system and unix:///socket do.
    """
    try:
        return urllib.parse.urlsplit(text).hostname or None
    except ValueError:
        return None  # brackets that do not close


def with_host(scheme: str, name: str) -> str:
    """Write a URI of a host alone, an IPv6 address with brackets."""
    return f'{scheme}://[{name}]' if ':' in name else f'{scheme}://{name}'
