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


"""What the destination tells beside storage."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

_OTHER = 'ffffffff-6e43-4a3f-9b3a-0d3f3ad5b6c1'
_KEPT = {'vda': 'keep network-disk'}


#: What hosts say of each need: what it is about, and why it does not fit.
_SAID = {
    'emulator': ('/usr/bin/qemu-system-x86_64', 'no such file'),
    'machine': ('machine type pc-q35-9.2', 'QEMU there knows 40 others'),
    'accelerator': ('domain type kvm', 'QEMU there has qemu'),
    'cpu': ('CPU EPYC-Rome', 'it lacks xsaves'),
    'certificates': ('client-cert.pem', 'certificate has expired'),
    'networks': ('bridge br-storage', 'no such interface'),
    'devices': ('video qxl', 'QEMU there has virtio'),
}


def _finding(need, fits=None):
    about, said = _SAID[need]
    return {'about': about, 'said': said} | (
        {} if fits is None else {'fits': fits}
    )


def _told(name, told, *plan, copies=True, **options):
    if copies:
        disk, disks = (
            b.disk('vda', b.file('/d/a')),
            {'vda': 'copy local-filesystem'},
        )
    else:
        disk, disks = b.disk('vda', b.rbd()), _KEPT
    case = b.case(disk, source={'/d/a': b.local()}, readiness=told, **options)
    return Scenario(name, case, disks, plan)


def _named(name, uuid, active=None):
    twin = {'name': name, 'uuid': uuid}
    return {
        'domains': [twin if active is None else {**twin, 'active': active}]
    }


def _ports(*trials, **more):
    return {
        'ports': [
            {'use': use, 'address': '10.0.0.2', 'port': port, 'answer': answer}
            for use, port, answer in trials
        ],
        **more,
    }


_NEEDS = {
    'emulator': 'emulator-missing',
    'machine': 'machine-unsupported',
    'accelerator': 'accelerator-missing',
    'cpu': 'cpu-incompatible',
    'certificates': 'tls-unusable',
}
_PREPARED = {'directory': '/d', 'images_type': 'raw'}
_UNREACHABLE = 'port-unreachable'

SCENARIOS = (
    _told('nothing_was_answered', {}),
    *(
        _told(
            f'{need}_{copies}',
            {need: _finding(need, False)},
            code,
            copies=copies,
        )
        for need, code in _NEEDS.items()
        for copies in (True, False)
    ),
    *(_told(f'{need}_fits', {need: _finding(need, True)}) for need in _NEEDS),
    *(
        _told(f'{need}_is_not_known', {need: _finding(need)})
        for need in _NEEDS
    ),
    _told(
        'nova_looks_itself',
        {'emulator': _finding('emulator', False)},
        prepared=_PREPARED,
    ),
    _told(
        'two_networks_of_three',
        {
            'networks': [
                _finding('networks', False),
                _finding('networks', True),
                _finding('networks', False),
            ]
        },
        *('network-missing', 'network-missing'),
    ),
    _told(
        'a_device',
        {'devices': [_finding('devices', False)]},
        'device-unsupported',
    ),
    _told('devices_are_not_known', {'devices': [_finding('devices')]}),
    _told('no_such_network_is_known', {'networks': [_finding('networks')]}),
    # libvirt takes a guest over its own definition, and over nothing else.
    _told('nobody_has_its_name', {'domains': []}),
    _told('its_definition', _named('guest', b.UUID, False)),
    _told(
        'it_runs_there', _named('guest', b.UUID, True), 'guest-at-destination'
    ),
    _told('it_may_run_there', _named('guest', b.UUID), 'guest-at-destination'),
    _told(
        'it_runs_there_by_another_name',
        _named('other', b.UUID, True),
        'guest-at-destination',
    ),
    _told('its_uuid_is_taken', _named('other', b.UUID, False), 'name-taken'),
    _told('its_name_is_taken', _named('guest', _OTHER, True), 'name-taken'),
    _told('its_name_is_defined', _named('guest', _OTHER, False), 'name-taken'),
    _told('memory', {'memory': {'needed_bytes': 8, 'free_bytes': 8}}),
    _told(
        'a_byte_of_memory_too_few',
        {'memory': {'needed_bytes': 9, 'free_bytes': 8}},
        'destination-memory',
    ),
    _told('memory_needed_is_not_known', {'memory': {'free_bytes': 8}}),
    _told('memory_free_is_not_known', {'memory': {'needed_bytes': 8}}),
    *(
        _told(
            f'huge_pages_{free}',
            {'huge_pages': [{'page_kib': 2048, 'needed': 4, **known}]},
            *plan,
        )
        for free, known, plan in (
            ('enough', {'free': 4}, ()),
            ('too_few', {'free': 3}, ('huge-pages-missing',)),
            ('none', {'free': 0}, ('huge-pages-missing',)),
            ('not_known', {}, ()),
        )
    ),
    # One of those that libvirt chooses from is enough.
    *(
        _told(
            f'ports_{"_".join(answers)}',
            _ports(*(('any', 49215 - n, a) for n, a in enumerate(answers))),
            *plan,
        )
        for answers, plan in (
            (('refused',), ()),
            (('listening',), ()),
            (('silent', 'refused'), ()),
            (('silent', 'listening'), ()),
            (('silent', 'silent'), (_UNREACHABLE,)),
            (('unreachable', 'silent'), (_UNREACHABLE,)),
            (('unreachable',), (_UNREACHABLE,)),
        )
    ),
    *(
        _told(
            f'a_port_for_{use}_is_{answer}_{copies}',
            _ports((use, 10809, answer)),
            *(() if use == 'disks' and not copies else plan),
            copies=copies,
        )
        for copies in (True, False)
        for use in ('memory', 'disks')
        for answer, plan in (
            ('refused', ()),
            ('listening', ('port-taken',)),
            ('silent', (_UNREACHABLE,)),
            ('unreachable', (_UNREACHABLE,)),
        )
    ),
    _told(
        'one_of_two_addresses',
        {
            'ports': [
                {
                    'use': 'any',
                    'address': '10.0.0.2',
                    'port': 1,
                    'answer': 'refused',
                },
                {
                    'use': 'any',
                    'address': 'fe80::2',
                    'port': 1,
                    'answer': 'silent',
                },
            ]
        },
        _UNREACHABLE,
    ),
    _told(
        'memory_that_the_operator_knows_of',
        {'memory': {'needed_bytes': 9, 'free_bytes': 8}},
        transport={'accept_unready': ['destination-memory']},
    ),
    _told(
        'another_code_is_accepted',
        {'memory': {'needed_bytes': 9, 'free_bytes': 8}},
        'destination-memory',
        transport={'accept_unready': ['port-unreachable']},
    ),
    _told(
        'that_it_runs_there_is_never_accepted',
        _named('guest', b.UUID, True),
        'guest-at-destination',
        transport={'accept_unready': ['guest-at-destination']},
    ),
    _told('ports_that_nobody_tried', {'ports_untried': 'why'}),
)
