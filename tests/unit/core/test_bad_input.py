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

"""Input that is no case: one line, InvalidInput, and nothing else."""

import copy
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core import planned

PATH = '/data/a'
GOOD = b.case(
    b.disk('vda', b.file(PATH), serial=b.VOLUME),
    rows=[b.row('vda', b.VOLUME, 'local', device_path=PATH)],
    source={PATH: b.local(slaves=['sata'], identity='i', resolved=PATH)},
    destination={PATH: b.local()},
    pools={'pool': {'type': 'dir', 'path': '/pool'}},
    shared=['/shared'],
    local=['/local'],
    state={'state': 'running', 'snapshots': 0, 'block_jobs': []},
    versions={'source': {'libvirt': 9_000_000, 'qemu': 7_002_000}},
    bandwidth=1,
    parallel_mirrors=1,
    migrate_uri='tcp://there',
    listen_address='10.0.0.1',
    direct=False,
    existing=['vda'],
)

_BOMB = (
    '<!DOCTYPE domain [<!ENTITY a "aaaaaaaaaa">'
    + ''.join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">'
        for old, new in zip('abcdefgh', 'bcdefghi', strict=True)
    )
    + ']><domain><name>&i;</name></domain>'
)
_EXTERNAL = (
    '<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<domain><name>&x;</name></domain>'
)
_PARAMETER = (
    '<!DOCTYPE domain [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>'
    '<domain/>'
)
_DEEP = '<domain><devices>' + '<backingStore>' * 5000

DOMAINS = {
    'empty': '',
    'blank': ' \n ',
    'no_xml': 'hello',
    'cut_short': b.domain(b.disk('vda', b.file(PATH)))[:-20],
    'two_roots': '<domain/><domain/>',
    'mismatch': '<domain><devices></domain></devices>',
    'bomb': _BOMB,
    'external_entity': _EXTERNAL,
    'parameter_entity': _PARAMETER,
    'doctype': '<!DOCTYPE domain><domain/>',
    'external_dtd': '<!DOCTYPE domain SYSTEM "file:///x.dtd"><domain/>',
    'entity_of_nobody': '<domain><name>&nobody;</name></domain>',
    'too_deep': _DEEP,
    'nul': '<domain>\0</domain>',
    'nul_reference': '<domain><name>&#0;</name></domain>',
    'lone_surrogate': '<domain><name>\ud800</name></domain>',
    'a_network': '<network/>',
    'a_snapshot': f'<domainsnapshot>{b.domain()}</domainsnapshot>',
    'other_namespace': '<domain xmlns="urn:other"/>',
    'namespace_of_two_lines': '<domain xmlns="urn:&#10;other"/>',
    'duplicate_target': b.domain(b.disk('vda'), b.disk('vda', b.rbd())),
    'duplicate_target_of_two_lines': b.domain(
        b.disk('vd\na'), b.disk('vd\na')
    ).replace('vd\na', 'vd&#10;a'),
    'no_target': '<domain><devices><disk/></devices></domain>',
    'empty_target': b.domain(b.disk('')),
    'strange_device': b.domain(b.disk('vda', device='toaster')),
    'strange_device_of_two_lines': b.domain(b.disk('vda', device='x')).replace(
        'device="x"', 'device="x&#10;y"'
    ),
}

CASES = {
    'empty': '',
    'no_json': '{',
    'no_object': '[]',
    'null': 'null',
    'text': '"case"',
    'number': '1',
    'no_version': '{"domain_xml": "<domain/>"}',
    'no_domain': '{"version": 1}',
    'version_0': '{"version": 0, "domain_xml": "<domain/>"}',
    'version_2': '{"version": 2, "domain_xml": "<domain/>"}',
    'version_as_text': '{"version": "1", "domain_xml": "<domain/>"}',
    'version_true': '{"version": true, "domain_xml": "<domain/>"}',
    'version_huge': '{"version": 1%s, "domain_xml": ""}' % ('0' * 5000),
    'deep': '[' * 200_000,
    'deep_object': '{"version":' * 100_000,
}

_TEXT = (1, True, [], {}, 1.5)
_NUMBER = ('1', True, [], {}, 1.5, -1)
_BOOLEAN = (0, 1, 'true', [], {})
_TEXTS = ('x', 1, {}, [1], [None], [['x']])
_OBJECT = ('x', 1, True, [], [1])
_FACTS = f'storage.source.{PATH}'
FIELDS = {
    'version': (*_NUMBER, None),
    'domain_xml': (*_TEXT, None),
    'block_device_info': ('{', 1, True, [], ['x'], '[]'),
    'block_device_info.block_device_mapping': ('x', 1, {}, ['x'], [1], [[]]),
    'block_device_info.block_device_mapping.0.connection_info': (
        *('{', '[1]', '1', 1, True, [1]),
    ),
    'block_device_info.block_device_mapping.0.connection_info.data': (
        *('{', '[1]', 1, [1]),
    ),
    'storage': _OBJECT,
    'storage.source': _OBJECT,
    'storage.destination': _OBJECT,
    'storage.pools': _OBJECT,
    'storage.pools.pool': _OBJECT,
    'storage.pools.pool.type': _TEXT,
    'storage.pools.pool.path': _TEXT,
    _FACTS: _OBJECT,
    f'{_FACTS}.exists': _BOOLEAN,
    f'{_FACTS}.kind': (*_TEXT, 'pipe', '', 'FILE'),
    f'{_FACTS}.resolved': _TEXT,
    f'{_FACTS}.fstype': _TEXT,
    f'{_FACTS}.mount_source': _TEXT,
    f'{_FACTS}.mount_point': _TEXT,
    f'{_FACTS}.identity': _TEXT,
    f'{_FACTS}.transport': _TEXT,
    f'{_FACTS}.slaves': _TEXTS,
    f'{_FACTS}.virtual_bytes': _NUMBER,
    f'{_FACTS}.allocated_bytes': _NUMBER,
    'domain_state': _OBJECT,
    'domain_state.state': _TEXT,
    'domain_state.snapshots': _NUMBER,
    'domain_state.block_jobs': _TEXTS,
    'hypervisor': _OBJECT,
    'hypervisor.source': _OBJECT,
    'hypervisor.source.libvirt': _NUMBER,
    'hypervisor.source.qemu': _NUMBER,
    'policy': _OBJECT,
    'policy.shared_paths': _TEXTS,
    'policy.local_paths': _TEXTS,
    'options': _OBJECT,
    'options.destination_uri': _TEXT,
    'options.bandwidth': _NUMBER,
    'options.parallel_mirrors': _NUMBER,
    'options.migrate_uri': _TEXT,
    'options.listen_address': _TEXT,
    'options.direct': _BOOLEAN,
    'options.existing': _TEXTS,
}

POLICIES = {
    'one_path_both_ways': (['/a'], ['/a']),
    'but_for_a_slash': (['/a/'], ['/a']),
    'but_for_two_slashes': (['/a//b'], ['/a/b']),
    'the_root_both_ways': (['/'], ['/']),
    'among_others': (['/x', '/a'], ['/a', '/y']),
    'a_path_of_two_lines': (['/a\nb'], ['/a\nb']),
}


def with_field(tree, where, value):
    """Return a case whose field has another value."""
    tree = copy.deepcopy(tree)
    *way, last = where.split('.')
    node = tree
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node[step]
    node[last] = value
    return tree


@ddt.ddt
class BadInputTest(unittest.TestCase):
    def _refused(self, text, kind=exceptions.InvalidInput):
        with self.assertRaises(kind) as caught:
            planner.plan(migration_case.loads(text))
        message = str(caught.exception)
        self.assertEqual([message], message.splitlines())
        return message

    def test_the_good_case_is_good(self):
        planner.plan(migration_case.loads(b.text(GOOD)))

    @ddt.data(*DOMAINS)
    def test_domain(self, name):
        tree = {**GOOD, 'domain_xml': DOMAINS[name]}
        message = self._refused(b.text(tree), exceptions.InvalidDomain)
        self.assertNotIn('root:', message)

    @ddt.data(*CASES)
    def test_case(self, name):
        self._refused(CASES[name], exceptions.InvalidCase)

    @ddt.data(*FIELDS)
    def test_field(self, where):
        for value in FIELDS[where]:
            with self.subTest(value=value):
                tree = with_field(GOOD, where, value)
                self._refused(b.text(tree), exceptions.InvalidCase)

    def test_path_of_two_lines(self):
        tree = with_field(GOOD, 'storage.source', {'/a\nb': 1})
        self._refused(b.text(tree), exceptions.InvalidCase)

    @ddt.data(*POLICIES)
    def test_policy(self, name):
        shared, local = POLICIES[name]
        tree = {
            **GOOD,
            'policy': {'shared_paths': shared, 'local_paths': local},
        }
        self._refused(b.text(tree), exceptions.InvalidPolicy)

    @ddt.data(*DOMAINS)
    def test_redacting_a_domain(self, name):
        # What is no domain is found out when planning, if not here.
        try:
            kept = redaction.domain_xml(DOMAINS[name])
        except exceptions.InvalidInput as err:
            self.assertEqual(1, len(str(err).splitlines()))
            return
        self._refused(b.text({**GOOD, 'domain_xml': kept}))

    def test_files_are_not_read_by_entities(self):
        self.assertNotIn(
            'root:', self._refused(b.text({**GOOD, 'domain_xml': _EXTERNAL}))
        )

    def test_surrogates_in_a_mapping(self):
        # JSON can say what UTF-8 cannot.
        tree = b.case(
            b.disk('vda', b.file('/mnt/x/name')),
            rows=[b.row('vda', None, 'nfs', export='s:/\ud800', name='name')],
        )
        try:
            planned.plan(tree)
        except exceptions.InvalidInput as err:
            self.assertEqual(1, len(str(err).splitlines()))


class OddButValidTest(unittest.TestCase):
    def test_fields_of_tomorrow_are_ignored(self):
        tree = {**GOOD, 'tomorrow': {'x': 1}}
        tree['options'] = {**GOOD['options'], 'tomorrow': 1}
        self.assertEqual(planned.plan(GOOD), planned.plan(tree))

    def test_null_is_absent(self):
        tree = b.case(b.disk('vda', b.rbd()))
        for name in ('storage', 'domain_state', 'hypervisor', 'policy'):
            with self.subTest(field=name):
                absent = {k: v for k, v in tree.items() if k != name}
                self.assertEqual(
                    planned.plan(absent), planned.plan({**absent, name: None})
                )

    def test_the_least_case(self):
        plan = planned.plan({'version': 1, 'domain_xml': '<domain/>'})
        self.assertTrue(plan['ready'])
        self.assertEqual([], plan['disks'])

    def test_sizes_beyond_64_bits(self):
        size = 1 << 80
        plan = planned.plan(
            b.case(
                b.disk('vda', b.file(PATH)),
                source={
                    PATH: b.local(virtual_bytes=size, allocated_bytes=size)
                },
            )
        )
        self.assertEqual(size, plan['disks'][0]['virtual_bytes'])

    def test_an_xml_declaration_of_another_encoding(self):
        text = "<?xml version='1.0' encoding='UTF-16'?>" + b.domain(
            b.disk('vda', b.rbd('p/bäh'))
        )
        plan = planned.plan({'version': 1, 'domain_xml': text})
        self.assertIn('bäh', plan['disks'][0]['source'])

    def test_comments_and_instructions_are_no_elements(self):
        text = b.domain('<!-- <disk/> --><?x y?>', b.disk('vda', b.rbd()))
        plan = planned.plan({'version': 1, 'domain_xml': text})
        self.assertEqual(['vda'], [d['target'] for d in plan['disks']])

    def test_disks_elsewhere_are_no_disks(self):
        text = b.domain(around=f'<metadata>{b.disk("vdz")}</metadata>')
        plan = planned.plan({'version': 1, 'domain_xml': text})
        self.assertEqual([], plan['disks'])
