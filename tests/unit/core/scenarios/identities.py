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

"""What exists at the destination: the source's own file, or another."""

import itertools

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

PATH, BASE, LV = '/data/vda', '/base/b', '/dev/vg/lv'
_ROOM = {'exists': True, 'kind': 'directory'}
#: As libvirt tells of a file: nothing of its file system.
_SEEN = {
    'exists': True,
    'kind': 'file',
    'format': 'qcow2',
    'virtual_bytes': b.GIB,
}
_SHARED_BASE = b.on('nfs', identity='base')
#: What stands below the disk, and what its reason is then.
_BELOW = {
    'alone': ((), {}),
    'over_a_shared_base': ([b.file(BASE)], {BASE: _SHARED_BASE}),
    'over_an_equal_base': (
        [b.file(BASE)],
        {BASE: b.local(content='x')},
    ),
    'over_another_base': ([b.file(BASE)], {}),
}


def _file(name, decision, there, here=None, below='alone', **more):
    lower, facts = _BELOW[below]
    return Scenario(
        f'{name}_{below}',
        b.case(
            b.disk('vda', b.file(PATH), over=lower),
            source={
                **({BASE: b.on('nfs')} if lower else {}),
                **facts,
                PATH: here or b.local(),
            },
            destination={**facts, '/data': _ROOM, PATH: there},
            **{'create_images': True, **more},
        ),
        {'vda': decision},
    )


def _served():
    """A host that serves the image to the destination, which sees it."""
    squashed = {'identity': 'b1:45:260'}
    yield from (
        # root_squash: the destination writes no marker.
        _file(
            f'served_from_here_{len(there)}',
            'refuse image-unproven',
            {**_SEEN, **there},
            b.on('btrfs', '/dev/sda2', **squashed),
            below,
            existing=['vda'],
        )
        for below in _BELOW
        for there in ({}, {'fstype': 'nfs4', 'mount_source': 'here:/data'})
    )


def _same(name, decision, **more):
    same = {'identity': 'i'}
    return _file(
        name, decision, {**_SEEN, **same}, b.local(**same), 'alone', **more
    )


def _device(name, decision, there, *, versions=(11003000,) * 2, **more):
    more = {'local': ['/dev/vg'], 'existing': ['vda'], **more}
    lower = more.pop('over', ())
    facts = {BASE: _SHARED_BASE} if lower else {}
    return Scenario(
        name,
        b.case(
            b.disk('vda', more.pop('top', b.block(LV)), over=lower),
            source={LV: b.device('dm', 'sata', identity='i'), **facts},
            destination={**({LV: there} if there else {}), **facts},
            versions={
                side: {'libvirt': libvirt}
                for side, libvirt in zip(
                    ('source', 'destination'), versions, strict=True
                )
                if libvirt
            },
            create_images=True,
            **more,
        ),
        {'vda': decision},
    )


def _lv(bytes_, **more):
    return {'exists': True, 'kind': 'block', 'virtual_bytes': bytes_, **more}


_LARGER = _lv(b.GIB + 4 * b.MIB, identity='j')

SCENARIOS = (
    *_served(),
    *(
        _file(
            f'a_file_that_nobody_compared_on_{fstype}',
            'refuse image-unproven',
            _SEEN,
            b.on(fstype),
            below,
            existing=['vda'],
            local=['/data'] if fstype in ('nfs4', 'odd') else [],
        )
        for fstype, below in itertools.product(('ext4', 'nfs4', 'odd'), _BELOW)
    ),
    *(
        _file(
            f'another_file_on_{fstype}',
            'copy',
            {**_SEEN, 'identity': 'j'},
            b.on(fstype, identity='i'),
            below,
            existing=['vda'],
            local=['/data'] if fstype == 'nfs4' else [],
        )
        for fstype, below in itertools.product(('ext4', 'nfs4'), _BELOW)
    ),
    _file(
        'a_file_on_a_file_system_of_the_destination_alone',
        'copy local-filesystem',
        {**_SEEN, 'fstype': 'xfs'},
        existing=['vda'],
    ),
    _file(
        'a_file_system_of_one_host_that_serves_the_other',
        'refuse image-unproven',
        {**_SEEN, 'fstype': 'xfs'},
        b.on('odd'),
        existing=['vda'],
        local=['/data'],
    ),
    # The caller makes the images, and this one may be the source's.
    *(
        _file(
            f'a_file_that_the_destination_has_on_{fstype}_{n}',
            decision,
            b.on(fstype, **there),
            b.local(identity='i'),
            create_images=False,
        )
        for fstype in ('nfs4', 'cifs', 'fuse.sshfs')
        for n, (there, decision) in enumerate(
            (
                ({}, 'refuse image-unproven'),
                ({'identity': 'j'}, 'copy local-filesystem'),
                ({'exists': False}, 'copy local-filesystem'),
            )
        )
    ),
    _file(
        'a_file_that_the_destination_has_on_ext4',
        'copy local-filesystem',
        b.local(),
        b.local(),
        create_images=False,
    ),
    _file(
        'what_is_no_image',
        'refuse destination-mismatch',
        {'exists': True, 'kind': 'directory', 'identity': 'j'},
        b.local(identity='i'),
        existing=['vda'],
    ),
    _file(
        'a_name_that_libvirt_does_not_list',
        'refuse destination-exists',
        {'exists': True, 'kind': 'other'},
    ),
    _file(
        'a_name_that_libvirt_does_not_list_and_the_caller_made',
        'refuse image-unproven',
        {'exists': True, 'kind': 'other'},
        existing=['vda'],
    ),
    _same('the_very_file', 'refuse same-file-at-destination'),
    _same(
        'the_very_file_to_be_overwritten',
        'refuse same-file-at-destination',
        existing=['vda'],
    ),
    _same(
        'the_very_file_that_is_declared_shared',
        'keep same-at-destination',
        shared=['/data'],
    ),
    _same(
        'the_very_file_that_is_declared_local',
        'refuse same-file-at-destination',
        local=['/data'],
    ),
    _file(
        'a_file_declared_shared_that_nobody_saw_at_both',
        'refuse declaration-conflict',
        _SEEN,
        shared=['/data'],
    ),
    *(
        Scenario(
            f'a_path_with_{name}',
            b.case(
                b.disk('vda', b.file(path)),
                source={key: b.local()},
                destination={'/data': _ROOM, key: b.GONE},
                create_images=True,
            ),
            {'vda': 'copy local-filesystem'},
        )
        for path, key, name in (
            ('/data//vda', '/data/vda', 'two_slashes'),
            ('//data/vda', '/data/vda', 'two_slashes_before'),
            ('/data/./vda', '/data/vda', 'a_dot'),
            ('/data//vda', '/data//vda', 'two_slashes_in_the_facts'),
        )
    ),
    # Devices: a presumption that the base's reason must not hide.
    *(
        _device(
            f'a_presumed_device_that_nobody_compared_{n}',
            'refuse device-unproven',
            there,
            over=over,
            local=[],
        )
        for n, (over, there) in enumerate(
            itertools.product(((), [b.file(BASE)]), (None, _lv(b.GIB)))
        )
    ),
    _device('a_device_of_the_same_size', 'copy', _lv(b.GIB)),
    _device('a_device_that_nobody_looked_at', 'copy', None),
    _device('a_larger_device', 'copy declared-local', _LARGER),
    _device(
        'a_larger_device_of_a_new_destination',
        'copy',
        _LARGER,
        versions=(9000000, 10000000),
    ),
    *(
        _device(
            f'a_larger_device_of_{name}',
            'refuse destination-mismatch',
            _LARGER,
            versions=versions,
        )
        for name, versions in (
            ('libvirt_9', (9000000, 9000000)),
            ('libvirt_9_10', (9010000, 9010000)),
            ('an_old_destination', (11003000, 9000000)),
            ('a_release_that_is_not_known', (11003000, None)),
        )
    ),
    _device(
        'a_smaller_device',
        'refuse destination-mismatch',
        _lv(b.GIB - 512, identity='j'),
    ),
    _device(
        'a_larger_device_with_a_qcow2_image',
        'refuse destination-mismatch',
        _LARGER,
        top=b.block(LV, 'qcow2'),
    ),
    _device(
        'a_larger_file_at_the_path_of_a_device',
        'refuse destination-mismatch',
        {**_LARGER, 'kind': 'file'},
    ),
    _file(
        'a_larger_file',
        'refuse destination-mismatch',
        {**_SEEN, 'identity': 'j', 'virtual_bytes': b.GIB + 512},
        b.local(identity='i'),
        existing=['vda'],
        versions={'destination': {'libvirt': 11003000}},
    ),
)
