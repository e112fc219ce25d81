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

"""Empty the drives of a domain's XML for its destination."""

import collections.abc

from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import safe_xml


def without(text: str, targets: collections.abc.Collection[str]) -> str:
    """Take the media out of the drives of the named targets.

    The drives stay: no guest may lose a device on its way.

    :raises InvalidDomain: when the text cannot be parsed
    """
    if not targets:
        return text
    root = safe_xml.parse(text)
    for disk in root.iterfind('./devices/disk'):
        target = disk.find('./target')
        if target is None or target.get('dev') not in targets:
            continue
        for tag in ('source', 'backingStore'):
            for element in disk.findall(f'./{tag}'):
                disk.remove(element)
        # libvirt takes no other type for empty without its source.
        disk.set('type', 'file')
    return safe_xml.render(root)


def of_definition(
    text: str, live: str, targets: collections.abc.Collection[str]
) -> str:
    """Take the same media out of the domain's definition.

    One that is in the drive at the next start alone stays.

    :param live: XML of what runs
    :raises InvalidDomain: when a text cannot be parsed
    """
    if not targets:
        return text
    running = {d.target: d.source for d in domain_xml.parse(live).disks}
    same = [
        disk.target
        for disk in domain_xml.parse(text).disks
        if disk.target in targets and disk.source == running.get(disk.target)
    ]
    return without(text, same)
