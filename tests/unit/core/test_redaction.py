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

"""No secret enters a case, and none is needed to decide it."""

import copy
import json
import traceback
import unittest
from xml.etree import ElementTree

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.plan import destination_xml
from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core import scenarios
from tests.unit.core.scenarios import joins

SECRET = 'Sesame'
#: What os-brick, cinder and nova put beside what locates a volume.
CONNECTION_DATA = {
    name: f'{SECRET}-{name}'
    for name in (
        *('auth_password', 'auth_username', 'auth_method', 'access_key'),
        *('discovery_auth_password', 'discovery_auth_username', 'keyring'),
        *('secret_uuid', 'secret_type', 'options', 'sp_volume_password'),
        *(
            'client_token',
            'vendor_of_tomorrow',
            'dhchap_key',
            'serverPassword',
        ),
    )
}
DEVICE_PATHS = (
    f'http://user:{SECRET}@server/x',
    f'http://user:p@{SECRET}@server/x',
    f'http://{SECRET}@server/x',
    f'https://server/x?token={SECRET}',
    f'json:{{"file.password": "{SECRET}"}}',
    f'rbd:pool/image:id=admin:key={SECRET}',
    f'//user:{SECRET}@server/share',
    f'ssh://user:{SECRET}@server/x',
)
SECRETIVE = f'<secret type="ceph" uuid="{SECRET}"/>'
AROUND = f"""
<title>{SECRET}</title><description>{SECRET}</description>
<metadata><n:x xmlns:n="urn:n" password="{SECRET}">{SECRET}</n:x></metadata>
<sysinfo type="smbios"><system><entry name="serial">{SECRET}</entry></system>
</sysinfo><os><cmdline>{SECRET}</cmdline></os>
<q:commandline xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0">
<q:arg value="secret,id={SECRET}"/><q:env name="X" value="{SECRET}"/>
</q:commandline>
<launchSecurity type="sev"><session>{SECRET}</session></launchSecurity>
<!-- {SECRET} --><?x {SECRET}?>
"""
DEVICES = f"""
<graphics type="vnc" passwd="{SECRET}"/>
<graphics type="spice" passwd="{SECRET}"/>
<channel type="unix"><source path="/{SECRET}"/></channel>
<hostdev><source><auth username="{SECRET}">{SECRETIVE}</auth></source>
</hostdev>
"""
INSIDE = f"""
<auth username="{SECRET}">{SECRETIVE}</auth>
<cookies><cookie name="x">{SECRET}</cookie></cookies>
<encryption format="luks"><secret type="passphrase" uuid="{SECRET}"/>
</encryption><config file="/{SECRET}"/><privateData>{SECRET}</privateData>
"""
DISKS = (
    b.disk('vda', b.network('rbd', 'p/i', 'h', inside=INSIDE)),
    b.disk('vdb', b.file('/data/b', inside=INSIDE), over=[
        b.file('/data/c', inside=INSIDE),
        b.file(f'json:{{"password": "{SECRET}"}}'),
    ]),
    b.disk('vdc', b.rbd(), inside=INSIDE),
    b.disk('vdd', b.Source(
        'network',
        f'<source protocol="https" name="x" query="token={SECRET}">'
        f'<host name="h"/>{INSIDE}</source>',
    )),
    b.disk('vde', b.network('http', f'x?token={SECRET}', 'h')),
    *(
        b.disk(f'sd{n}', b.file(path))
        for n, path in enumerate(DEVICE_PATHS)
    ),
)  # fmt: skip


def redacted(tree):
    """Record a case as the package does."""
    tree = copy.deepcopy(tree)
    tree['domain_xml'] = redaction.domain_xml(tree['domain_xml'])
    info = redaction.block_device_info(tree.get('block_device_info'))
    if info is not None:
        tree['block_device_info'] = info
    return tree


class SecretTest(unittest.TestCase):
    def _clean(self, tree):
        text = migration_case.dumps(
            migration_case.loads(b.text(redacted(tree)))
        )
        at = text.find(SECRET)
        self.assertEqual(-1, at, text[max(at - 200, 0) : at + 60])

    def test_domain(self):
        text = b.domain(*DISKS, around=AROUND)
        text = text.replace('</devices>', f'{DEVICES}</devices>')
        self._clean({'version': 1, 'domain_xml': text})

    def test_each_part_of_a_domain(self):
        for inside in DISKS:
            with self.subTest(disk=inside):
                self._clean(b.case(inside))

    def test_texts_where_none_belongs(self):
        for found in (
            f'<source file="/a">{SECRET}</source>',
            f'<source file="/a"><host name="h">{SECRET}</host></source>',
        ):
            self._clean(b.case(b.disk('vda', b.Source('file', found))))

    def test_elements_that_nobody_knows(self):
        kept = redaction.domain_xml(b.domain(*DISKS, around=AROUND))
        tags = {node.tag for node in ElementTree.fromstring(kept).iter()}
        self.assertLessEqual(
            tags,
            {
                *('domain', 'name', 'uuid', 'devices', 'disk', 'driver'),
                *('source', 'host', 'format', 'backingStore', 'target'),
                *('alias', 'address', 'encryption'),
            },
        )

    def test_what_qemu_opens_is_kept_without_its_path(self):
        values = (
            *('-drive', f'file=rbd:p/i:key={SECRET}', '-cpu', SECRET),
            *('-device', f'vhost-user-fs-pci,tag={SECRET}', f'-{SECRET}'),
        )
        given = ''.join(f'<q:arg{b.attributes(value=v)}/>' for v in values)
        kept = redaction.domain_xml(
            b.domain(
                around='<q:commandline xmlns:q="http://libvirt.org/schemas/'
                f'domain/qemu/1.0">{given}</q:commandline>'
            )
        )
        self.assertNotIn(SECRET, kept)
        self.assertEqual(kept, redaction.domain_xml(kept))
        self.assertEqual(
            ('-drive', '-device vhost-user-fs'),
            domain_xml.parse(kept).others.qemu_options,
        )

    def test_what_can_stop_a_migration_is_kept(self):
        text = b.domain(b.disk('vda', b.rbd())).replace(
            '</devices>',
            "<filesystem type='mount'><driver type='virtiofs'/>"
            "<source dir='/s'/><target dir='t'/></filesystem>"
            "<filesystem type='mount'><driver type='virtiofs'/>"
            "<source socket='/v'/><target dir='u'/></filesystem>"
            "<hostdev mode='subsystem' type='pci'><source/>"
            "<teaming type='transient' persistent='x'/></hostdev>"
            "<hostdev mode='subsystem' type='scsi'>"
            "<source protocol='iscsi' name='iqn'/></hostdev>"
            "<interface type='hostdev'/><interface type='bridge'/>"
            "<shmem role='master'><model type='ivshmem-plain'/></shmem>"
            "<video><model type='virtio'/></video>"
            "<tpm><backend type='emulator' secret='s3cret'/></tpm>"
            "<memory model='virtio-pmem' access='shared'><source><path>/p"
            '</path><nodemask>s3cret</nodemask></source></memory>'
            "<memory model='dimm'><source><path>/s3cret</path></source>"
            '</memory>'
            '</devices><os><loader>/l</loader><nvram>/n</nvram></os>',
        )
        kept = redaction.domain_xml(text)
        self.assertNotIn('s3cret', kept)
        self.assertNotIn('/l<', kept)
        self.assertEqual(
            domain_xml.parse(text).others, domain_xml.parse(kept).others
        )
        others = domain_xml.parse(kept).others
        self.assertEqual(['/s', '/v'], [d.path for d in others.directories])
        self.assertEqual(
            ['pci', 'scsi', 'interface', 'shmem'],
            [device.kind for device in others.devices],
        )
        self.assertEqual(('virtio',), others.videos)
        self.assertEqual('/n', others.nvram)
        self.assertTrue(others.tpm)
        self.assertEqual(['/p'], [each.path for each in others.memories])

    def test_connection_data(self):
        row = b.row('vdb', b.VOLUME, 'iscsi', **CONNECTION_DATA)
        row['connection_info'].update(
            multiattach=SECRET,
            status=SECRET,
            attachment_id=SECRET,
            enforce_multipath=SECRET,
            nested={'password': SECRET},
        )
        row.update(guest_format=SECRET, attachment_id=SECRET, tag=SECRET)
        as_text = {
            **row,
            'connection_info': json.dumps(row['connection_info']),
        }
        for found in (row, as_text):
            with self.subTest(row=found):
                self._clean(b.case(rows=[found]))

    def test_data_as_text(self):
        row = b.row('vdb', b.VOLUME, 'iscsi')
        row['connection_info']['data'] = json.dumps(CONNECTION_DATA)
        self._clean(b.case(rows=[row]))

    def test_rest_of_block_device_info(self):
        tree = b.case(rows=[])
        tree['block_device_info'].update(
            swap={'x': SECRET}, ephemerals=[SECRET], image=[SECRET]
        )
        self._clean(tree)

    def test_userinfo_and_inline_options(self):
        for path in DEVICE_PATHS:
            for field in ('device_path', 'path', 'export', 'name'):
                with self.subTest(field=field, path=path):
                    self._clean(
                        b.case(rows=[b.row('vdb', None, 'x', **{field: path})])
                    )

    def test_lists_and_objects_where_a_text_belongs(self):
        for value in (
            [DEVICE_PATHS[0]],
            {'password': SECRET},
            [[DEVICE_PATHS[0]]],
        ):
            with self.subTest(value=value):
                self._clean(
                    b.case(rows=[b.row('vdb', None, 'x', device_path=value)])
                )

    def test_a_share_with_a_password(self):
        # [mds[,mds...]:/]cluster[:password], as nova's vzstorage reads it.
        for share, kept in (
            (f'cluster:{SECRET}', 'cluster'),
            (f'10.0.0.1:88,10.0.0.2:/cl-1:{SECRET}:x/y', None),
            (f'cluster:{SECRET} {SECRET}', 'cluster'),
            ('10.0.0.1:/cluster', '10.0.0.1:/cluster'),
            ('cluster', 'cluster'),
        ):
            with self.subTest(share=share):
                row = b.row('vdb', None, 'vzstorage', export=share)
                self._clean(b.case(rows=[row]))
                (found,) = redaction.block_device_info(b.mapping(row))[
                    'block_device_mapping'
                ]
                self.assertEqual(
                    kept or '10.0.0.1:88,10.0.0.2:/cl-1',
                    found['connection_info']['data']['export'],
                )

    def test_an_export_with_a_colon_stays(self):
        row = b.row('vdb', None, 'nfs', export='srv:/exp')
        (found,) = redaction.block_device_info(b.mapping(row))[
            'block_device_mapping'
        ]
        self.assertEqual(
            'srv:/exp', found['connection_info']['data']['export']
        )

    def test_what_is_dropped_leaves_nothing_behind(self):
        # What is redacted again stays as it is.
        row = b.row('vdb', None, 'iscsi', name=['x'], path={'x': 'y'})
        once = redaction.block_device_info(b.mapping(row))
        self.assertEqual(once, redaction.block_device_info(once))

    def test_objects_where_an_id_belongs(self):
        row = b.row('vdb', None, 'iscsi')
        row['connection_info'].update(
            serial={'password': SECRET}, volume_id=[SECRET]
        )
        row.update(mount_device={'x': SECRET}, volume_id={'x': SECRET})
        self._clean(b.case(rows=[row]))

    def test_uri(self):
        for uri in (
            f'qemu+ssh://user:{SECRET}@there/system',
            f'qemu+ssh://{SECRET}@there/system',
        ):
            with self.subTest(uri=uri):
                made = redaction.uri(uri)
                self.assertNotIn(SECRET, made)
                self.assertIn('there/system', made)

    def test_nothing_is_nothing(self):
        self.assertIsNone(redaction.block_device_info(None))

    def test_a_secret_is_in_no_plan(self):
        tree = b.case(
            *DISKS,
            rows=[b.row('vdz', b.VOLUME, 'iscsi', **CONNECTION_DATA)],
        )
        self.assertNotIn(SECRET, json.dumps(planned.plan(redacted(tree))))


@ddt.ddt
class MessageTest(unittest.TestCase):
    """A refusal says where XML is broken and does not quote it."""

    @ddt.data(
        f'<domain><graphics passwd="&{SECRET};"/></domain>',
        f'<domain><graphics passwd="x"{SECRET}="y"/></domain>',
        f'<domain><graphics passwd={SECRET}/></domain>',
        f'<domain><graphics passwd="{SECRET}<"/></domain>',
        f'<domain><graphics passwd="{SECRET}\0"/></domain>',
        f'<domain><graphics {SECRET}/></domain>',
        f'<domain><x xmlns:{SECRET}=""/></domain>',
        f'<domain><x {SECRET}:y=""/></domain>',
        f'<domain><{SECRET}></domain>',
        f'<domain><![CDATA[{SECRET}',
        f'<domain><!-- {SECRET}',
        f'<domain><?{SECRET} ',
        f'<domain>&{SECRET};</domain>',
        f'<domain>&#x{SECRET};</domain>',
        f'<domain>{SECRET}\ud800</domain>',
        f'<!DOCTYPE domain [<!ENTITY a "{SECRET}">]><domain>&a;</domain>',
        SECRET,
    )
    def test_broken_xml(self, text):
        for read in (
            redaction.domain_xml,
            lambda text: planned.plan({'version': 1, 'domain_xml': text}),
            lambda text: destination_xml.flatten(text, ['vda']),
        ):
            with self.assertRaises(exceptions.InvalidDomain) as caught:
                read(text)
            told = ''.join(traceback.format_exception(caught.exception))
            # The last three letters may be cut off, the source lines are ours.
            self.assertNotIn(SECRET[:-2], str(caught.exception))
            self.assertNotIn(SECRET[:-2], told)

    def test_it_says_where_and_what(self):
        with self.assertRaisesRegex(
            exceptions.InvalidDomain, 'undeclared entity in line 2, column 7'
        ):
            redaction.domain_xml('<domain>\n   &x;</domain>')

    @ddt.data(
        f'{{"block_device_mapping": "{SECRET}',
        f'"{SECRET}"',
        f'{{"block_device_mapping": "{SECRET}"}}',
        f'{{"block_device_mapping": ["{SECRET}"]}}',
        f'{{"block_device_mapping": [{{"connection_info": "{SECRET}"}}]}}',
        f'{{"block_device_mapping": [{{"connection_info": ["{SECRET}"]}}]}}',
        '{"block_device_mapping": [{"connection_info": {"data": '
        f'"{{{SECRET}"}}}}]}}',
    )
    def test_a_broken_mapping(self, text):
        def read(text):
            tree = block_device_mapping.json_object(text, 'block_device_info')
            redaction.block_device_info(tree)
            block_device_mapping.parse(tree)

        with self.assertRaises(exceptions.InvalidCase) as caught:
            read(text)
        told = ''.join(traceback.format_exception(caught.exception))
        self.assertNotIn(SECRET, told)


def _decided(plan):
    return (
        [(d['target'], d['action'], d['reason']) for d in plan['disks']],
        [(r['target'], r['reason']) for r in plan['refusals']],
        plan['migrate_disks'],
        plan['flags'],
        plan['duties'],
    )


@ddt.ddt
class SameDecisionTest(unittest.TestCase):
    """A recorded case decides as the host did."""

    maxDiff = None

    @ddt.data(*scenarios.SCENARIOS)
    def test_scenarios(self, noun):
        for scenario in scenarios.SCENARIOS[noun]:
            with self.subTest(scenario=scenario.name):
                self._same(scenario.case)

    def _same(self, tree):
        before, after = planned.plan(tree), planned.plan(redacted(tree))
        self.assertEqual(_decided(before), _decided(after))
        again = redacted(redacted(tree))
        self.assertEqual(redacted(tree), again)

    def test_secrets_do_not_decide(self):
        self._same(
            b.case(
                b.disk(
                    'vdb',
                    b.block(joins.BY_PATH, inside=INSIDE.split('<enc')[0]),
                ),
                rows=[
                    b.row(
                        None, b.VOLUME, 'iscsi', **joins.LUN, **CONNECTION_DATA
                    )
                ],
            )
        )

    def test_what_is_alike_without_its_secrets_is_not_the_same(self):
        disk = b.disk('vda', b.file('json:{"filename": "/data/a"}'))
        row = b.row(None, b.VOLUME, 'x', device_path='json:{"b": "c"}')
        tree = redacted(b.case(disk, rows=[row]))
        self.assertEqual('refuse', planned.actions(tree)['vda'])

    def test_a_path_that_looks_like_a_uri_stays(self):
        path = '/srv//tenant@site/vda'
        self._same(
            b.case(b.disk('vda', b.file(path)), source={path: b.local()})
        )
