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

"""What a fuzzer calls: any bytes give an answer that is safe, or a reason.

Each target takes bytes and returns whether they were more than rejected. A
crash, a reason of several lines or an unsafe plan is an exception.
"""

import json
import typing
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.facts import mountinfo
from tests.functional import libvirt_rule as rule
from tests.unit.core import builders as b
from tests.unit.core import invariants

_TEST = unittest.TestCase()
_TEST.maxDiff = None


def domain_xml(data: bytes) -> bool:
    """Plan a domain all of whose files are on this host's file systems."""
    text = _text(data)
    tree = {**b.case(), 'domain_xml': text}
    if _plan(tree) is None:
        return False
    if not rule.usable(text):
        return True  # expat and libxml2 do not agree on all of XML
    disks = rule.disks(text)
    here = {p: b.local() for disk in disks for _, p in disk.paths}
    tree['storage'] = {'source': here}
    plan = _plan(tree)
    local = {disk.target for disk in disks if disk.type in ('file', 'block')}
    _TEST.assertEqual([], list(rule.wrong(plan, disks, local)))
    kept = redaction.domain_xml(text)
    _TEST.assertEqual(plan, _plan({**tree, 'domain_xml': kept}))
    _TEST.assertEqual(kept, redaction.domain_xml(kept))
    return True


GUEST = (
    b.disk('vda', b.file('/data/a')),
    b.disk('vdb', b.file('/mnt/x/name', 'raw'), serial=b.VOLUME),
    b.disk('vdc', b.rbd('volumes/image'), serial=b.OTHER_VOLUME),
    b.disk('vdd', b.block('/dev/disk/by-path/pci-ip-1-iscsi-iqn-lun-1')),
)
FACTS = {
    '/data/a': b.local(),
    '/mnt/x/name': b.on('nfs'),
    '/dev/disk/by-path/pci-ip-1-iscsi-iqn-lun-1': b.device('iscsi'),
}


def block_device_info(data: bytes) -> bool:
    """Join any mapping with a guest that has a disk of each kind."""
    try:
        info = json.loads(_text(data))
    except (ValueError, RecursionError):
        return False
    tree = {**b.case(*GUEST, source=FACTS), 'block_device_info': info}
    plan = _plan(tree)
    if plan is None:
        return False
    for disk in plan['disks']:
        # Of this one alone the facts say that it is local.
        _TEST.assertTrue(disk['action'] != 'copy' or disk['target'] == 'vda')
    kept = redaction.block_device_info(info)
    again = _plan({**tree, 'block_device_info': kept})
    _TEST.assertEqual(_decided(plan), _decided(again))
    _TEST.assertEqual(kept, redaction.block_device_info(kept))
    rows = block_device_mapping.parse(info) or ()
    _TEST.assertEqual(len({*rows}), len(rows))
    return True


def case(data: bytes) -> bool:
    """Replay any text."""
    try:
        loaded = migration_case.loads(_text(data))
    except exceptions.InvalidInput as err:
        _reason(err)
        return False
    written = migration_case.dumps(loaded)
    _TEST.assertEqual(loaded, migration_case.loads(written))
    return _plan(json.loads(written)) is not None


def mounts(data: bytes) -> bool:
    """Read any text as a mountinfo; write any name as the kernel does."""
    mountinfo.parse_mountinfo(data.decode(errors='surrogateescape'))
    point, source, *_ = (*data.split(b'\0'), b'', b'')
    line = b'7 1 0:3 / /%s rw shared:1 - x %s rw\n'
    text = b'broken\n' + line % (_escaped(point), _escaped(source))
    (found,) = mountinfo.parse_mountinfo(
        text.decode(errors='surrogateescape')
    ).values()
    _TEST.assertEqual(
        (b'/' + point, source),
        (_bytes(found.mount_point), _bytes(found.source)),
    )
    return True


TARGETS = {
    'domain_xml': domain_xml,
    'block_device_info': block_device_info,
    'case': case,
    'mountinfo': mounts,
}


def _text(data: bytes) -> str:
    # Files are read as UTF-8 and nothing else.
    return data.decode(errors='replace')


def _bytes(text: str) -> bytes:
    return text.encode(errors='surrogateescape')


def _escaped(name: bytes) -> bytes:
    """Escape as mangle() of the kernel's fs/proc_namespace.c."""
    for byte in b'\\ \t\n#':
        name = name.replace(b'%c' % byte, b'\\%03o' % byte)
    return name


def _plan(tree: b.Tree) -> typing.Any:
    try:
        plan = planner.plan(migration_case.loads(b.text(tree)))
    except exceptions.InvalidInput as err:
        _reason(err)
        return None
    found = json.loads(json.dumps(plan_formats.plan_tree(plan)))
    invariants.check(_TEST, found)
    return found


def _decided(plan: typing.Any) -> typing.Any:
    return [
        (d['target'], d['action'], d['reason'], d['locality'])
        for d in plan['disks']
    ]


def _reason(err: exceptions.InvalidInput) -> None:
    lines = str(err).splitlines()
    _TEST.assertEqual(1, len(lines), lines)
