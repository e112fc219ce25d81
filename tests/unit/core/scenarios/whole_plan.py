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

"""Refusals of the plan as a whole, and when they apply."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

_FACTS = {f'/data/{n}': b.local() for n in range(70)}
_COPY = 'copy local-filesystem'


def _disks(count):
    return [b.disk(f'vd{n}', b.file(f'/data/{n}')) for n in range(count)]


def _copying(name, *plan, count=1, **more):
    return Scenario(
        name,
        b.case(*_disks(count), source=_FACTS, **more),
        {f'vd{n}': _COPY for n in range(count)},
        plan,
    )


def _keeping(name, *plan, **more):
    return Scenario(
        name,
        b.case(b.disk('vda', b.rbd()), b.cdrom('hda'), **more),
        {'vda': 'keep network-disk', 'hda': 'skip empty-drive'},
        plan,
    )


def _versions(side, program, version):
    return {side: {program: version}}


_JOB = {'state': 'running', 'block_jobs': ['vda']}
_SNAPSHOTS = {'state': 'running', 'snapshots': 2}
_MIRROR = b.disk('vda', b.rbd(), inside="<mirror type='file' job='copy'/>")
_SIDES = ('source', 'destination')
# The others, with their options, are in test_known_bad.
_BAD = (
    ('libvirt', 8_007_000, _SIDES),
    ('libvirt', 8_007_999, _SIDES),
)
_GOOD = (
    # It breaks a copy of the top image alone, which these are not.
    ('libvirt', 7_004_000),
    ('libvirt', 8_006_000),
    ('libvirt', 8_006_999),
    ('libvirt', 8_008_000),
    # QEMU's bad numbers are no bad libvirt, and the other way round.
    ('libvirt', 8_002_001),
    ('qemu', 8_007_000),
    ('libvirt', 9_000_000),
    ('libvirt', 12_008_000),
    # It can deadlock with two mirror jobs; this is one.
    ('qemu', 8_002_002),
    ('qemu', 8_001_005),
    ('qemu', 8_001_999),
    ('qemu', 8_002_003),
    ('qemu', 9_000_000),
)
_IMAGES = (b.file('/top'), [b.file('/base')])
_TOP_ONLY = b.case(
    b.disk('vda', _IMAGES[0], over=_IMAGES[1]),
    source={'/top': b.local(), '/base': b.local(identity='i')},
    destination={'/base': b.local(identity='i')},
)

_PAUSED = ('paused-since-migration',)
_KEPT = ([b.disk('vda', b.rbd())], {'vda': 'keep'})
_ISO = (
    [*_disks(1), b.cdrom('hda', b.file('/data/9'))],
    {'vd0': 'copy', 'hda': 'skip'},
)
_ALL = ([*_disks(1), b.cdrom('hda')], {'vd0': 'copy', 'hda': 'skip'})

SCENARIOS = (
    *(
        scenario
        for make in (_copying, _keeping)
        for scenario in (
            make(
                f'a_block_job{make.__name__}', 'active-block-job', state=_JOB
            ),
            make(f'snapshots{make.__name__}', 'snapshots', state=_SNAPSHOTS),
            make(
                f'a_job_of_the_domain{make.__name__}',
                'active-job',
                state={'state': 'running', 'job_active': True},
            ),
            *(
                make(
                    f'{state}{make.__name__}',
                    'domain-not-active',
                    state={'state': state},
                )
                for state in ('shutdown', 'shutoff', 'crashed')
            ),
            make(f'paused{make.__name__}', state={'state': 'paused'}),
            make(f'state_unknown{make.__name__}', state={}),
        )
    ),
    # QEMU before 10.0 crashes in the second migration of a guest that came
    # paused, if a disk with a medium stays uncopied: seen on 7.2.
    *(
        Scenario(
            f'came_paused_{name}',
            b.case(
                *disks,
                source=_FACTS,
                state={'state': 'paused', 'paused_without_io': without_io},
                versions={'source': {'qemu': qemu}} if qemu else {},
            ),
            expected,
            plan,
        )
        for name, disks, expected, without_io, qemu, plan in (
            ('and_keeps_a_disk', *_KEPT, True, 7_002_000, _PAUSED),
            ('and_has_a_cdrom', *_ISO, True, 9_002_000, _PAUSED),
            ('and_copies_all', *_ALL, True, 7_002_000, ()),
            ('and_qemu_is_nearly_mended', *_KEPT, True, 9_999_999, _PAUSED),
            ('and_qemu_is_mended', *_KEPT, True, 10_000_000, ()),
            ('and_qemu_is_not_known', *_KEPT, True, None, ()),
            ('or_not', *_KEPT, None, 7_002_000, ()),
            ('and_worked_since', *_KEPT, False, 7_002_000, ()),
        )
    ),
    Scenario(
        'a_mirror_in_the_xml',
        b.case(_MIRROR),
        {'vda': 'keep'},
        ('active-block-job',),
    ),
    Scenario(
        'all_that_is_wrong_is_listed',
        b.case(
            *_disks(1),
            source=_FACTS,
            rows=[b.row('vdz', b.VOLUME)],
            state={**_JOB, 'snapshots': 1},
            tunnelled=True,
            versions=_versions('source', 'libvirt', 8_007_000),
        ),
        {'vd0': _COPY},
        (
            *('volume-without-disk', 'active-block-job', 'snapshots'),
            *('tunnelled', 'known-bad-version'),
        ),
    ),
    _copying('tunnelled_copy', 'tunnelled', tunnelled=True),
    _keeping('tunnelled_without_copy', tunnelled=True),
    *(
        make(
            f'tls_certificates_{known}{make.__name__}',
            *(('tls-unprepared',) if known is False else ()),
            versions={
                'source': {
                    'libvirt': 9_000_000,
                    'qemu': 7_002_022,
                    **({} if known is None else {'tls_certificates': known}),
                }
            },
            tls=True,
        )
        for make in (_copying, _keeping)
        for known in (True, False, None)
    ),
    *(
        make(
            f'{program}_{version}_on_the_{side}{make.__name__}',
            *plan,
            versions=_versions(side, program, version),
        )
        for program, version, sides in _BAD
        for side in sides
        for make, plan in (
            (_copying, ('known-bad-version',)),
            (_keeping, ()),
        )
    ),
    *(
        _copying(
            f'{program}_{version}_on_the_{side}_is_good',
            versions=_versions(side, program, version),
        )
        for side in _SIDES
        for program, version in _GOOD
    ),
    _copying(
        'mirror_jobs_run_on_the_source',
        versions=_versions('destination', 'qemu', 8_002_001),
    ),
    _copying('unknown_versions_are_no_refusal', versions={'source': {}}),
    *(
        Scenario(
            f'a_top_image_alone_and_libvirt_{version}_on_the_{side}',
            {**_TOP_ONLY, 'hypervisor': _versions(side, 'libvirt', version)},
            {'vda': 'copy local-over-shared'},
            plan,
        )
        for side in _SIDES
        for version, plan in (
            (7_002_999, ()),
            (7_003_000, ('known-bad-version',)),
            (7_005_999, ('known-bad-version',)),
            (7_006_000, ()),
        )
    ),
    # libvirt gives each mirror at least 1 MiB/s, and before 11.3 keeps to it.
    *(
        _copying(
            f'{total}_mib_for_{count}_disks_with_libvirt_{version}',
            *plan,
            count=count,
            bandwidth=total,
            versions={'source': {'libvirt': version} if version else {}},
        )
        for total, count, version, plan in (
            (2, 3, 9_000_000, ('bandwidth-too-small',)),
            (2, 3, 11_002_999, ('bandwidth-too-small',)),
            (2, 3, 11_003_000, ()),
            (2, 3, None, ()),
            (3, 3, 9_000_000, ()),
            (0, 3, 9_000_000, ()),
        )
    ),
    _keeping(
        'a_limit_and_nothing_to_copy',
        bandwidth=1,
        versions=_versions('source', 'libvirt', 9_000_000),
    ),
    # libvirt adds destination_xml, migrate_uri and destination_name where
    # the caller does not pass them (qemuMigrationSrcPerformPeer2Peer3).
    *(
        _copying(f'{count}_disks_{name}', *plan, count=count, **more)
        for name, most, more in (
            ('alone', 61, {}),
            ('and_bandwidth', 60, {'bandwidth': 70}),
            ('and_migrate_uri', 61, {'migrate_uri': 'tcp://there'}),
            ('and_listen_address', 60, {'listen_address': '10.0.0.1'}),
            (
                'and_bandwidth_and_migrate_uri',
                60,
                {'bandwidth': 70, 'migrate_uri': 'tcp://there'},
            ),
            ('directly', 61, {'direct': True}),
            ('and_disks_port', 60, {'disks_port': 49300}),
            # To the destination no name for the certificate is sent.
            ('and_tls', 61, {'tls': True, 'parallel': True}),
            (
                'and_tls_directly',
                60,
                {'tls': True, 'parallel': True, 'direct': True},
            ),
            (
                'and_all_that_libvirt_would_add_but_the_name',
                61,
                {
                    'tls': True,
                    'parallel': True,
                    'migrate_uri': 'tcp://there',
                },
            ),
        )
        for count, plan in (
            (most, ()),
            (most + 1, ('too-many-parameters',)),
        )
    ),
    _copying(
        'disks_uri_and_disks_port',
        'disks-uri-unusable',
        disks_uri='tcp://10.0.0.2',
        disks_port=49300,
    ),
    _copying('disks_uri', disks_uri='tcp://10.0.0.2'),
    Scenario(
        'a_raw_disk_that_must_stay_thin_and_cannot',
        b.case(
            b.disk('vda', b.file('/data/0', 'raw')), source=_FACTS, thin='on'
        ),
        {'vda': _COPY},
        ('not-thin',),
    ),
    Scenario(
        'kept_disks_are_no_parameters',
        b.case(
            *(b.disk(f'vd{n}', b.rbd(f'p/{n}')) for n in range(70)),
        ),
        {f'vd{n}': 'keep' for n in range(70)},
    ),
)
