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

"""Read from a domain's XML what QEMU opens without libvirt's knowledge.

``<qemu:commandline>`` has arguments that libvirt passes to QEMU on both hosts
and does not look into (libvirt docs/drvqemu, "Pass-through of arbitrary QEMU
commands"). It copies no disk among them, and checks none.
"""

import collections.abc
import itertools
import re

from lxml import etree

_NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'
_COMMAND_LINE = f'{{{_NAMESPACE}}}commandline'
_ARGUMENT = f'{{{_NAMESPACE}}}arg'
# QEMU's options that open an image, a device or a directory of the host
# (qemu-options.hx), and the devices that another process serves.
_OPENS = frozenset(
    ('drive', 'blockdev', 'hda', 'hdb', 'hdc', 'hdd', 'fda', 'fdb')
    + ('sd', 'mtdblock', 'virtfs', 'fsdev')
)
_SERVED = re.compile(r'vhost-user-(?:blk|scsi|fs)\b')
# The guest writes to none of these, or what it writes is part of its memory.
_NOT_WRITTEN = re.compile(
    r'(?:^|,)(?:readonly|read-only)(?:=(?:on|yes|true))?(?:,|$)'
    r'|"read-only"\s*:\s*true'
    r'|(?:^|,)(?:if=pflash|media=cdrom)(?:,|$)'
)


def storage_options(root: etree._Element) -> tuple[str, ...]:
    """List QEMU's own options for storage that a guest can write to.

    :returns: without their values, which can hold a password: ``-drive``
    """
    values = [
        node.get('value', '')
        for node in root.iterfind(f'./{_COMMAND_LINE}/{_ARGUMENT}')
    ]
    return tuple(dict.fromkeys(_options(values)))


def _options(values: list[str]) -> collections.abc.Iterator[str]:
    for option, value in itertools.pairwise([*values, '']):
        if not option.startswith('-'):
            continue
        name = option.lstrip('-')
        if name in _OPENS and not _NOT_WRITTEN.search(value):
            yield f'-{name}'
        elif name == 'device' and (served := _SERVED.match(value)):
            yield f'-device {served[0]}'


def reduced(root: etree._Element) -> etree._Element | None:
    """Return an element with what :func:`storage_options` finds alone."""
    found = storage_options(root)
    if not found:
        return None
    kept = etree.Element(_COMMAND_LINE, nsmap={'qemu': _NAMESPACE})
    for option in found:
        for word in option.split(' '):
            etree.SubElement(kept, _ARGUMENT, value=word)
    return kept
