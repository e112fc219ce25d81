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

"""Images that we make at the destination, or that the caller made."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

PATH = '/data/vda'
_FILE = b.file(PATH)
_ROOM = {'/data': {'exists': True, 'kind': 'directory'}, PATH: b.GONE}
COPY = 'copy local-filesystem'
_THERE = {**_ROOM, PATH: b.local(format='qcow2')}


def _of(name, decision, disk=None, facts=None, known=None, **more):
    more = {'create_images': True, **more}
    return Scenario(
        name,
        b.case(
            disk or b.disk('vda', _FILE),
            source={PATH: facts or b.local()},
            destination=_ROOM if known is None else known,
            **more,
        ),
        {'vda': decision},
    )


def _existing(name, decision, **there):
    known = {**_ROOM, PATH: b.local(**{'format': 'qcow2', **there})}
    return _of(name, decision, known=known, existing=['vda'])


_ISO = '/iso/x.iso'


def _iso(name, known, *also, **more):
    return Scenario(
        name,
        b.case(
            b.cdrom('hda', b.file(_ISO, 'raw')),
            source={_ISO: b.local()},
            destination={_ISO: known} if known else {},
            **more,
        ),
        {'hda': 'skip read-only'},
        also=also,
    )


_MISSING = ('hda', 'content-missing')
_TOPS = {'one_host': '/iso/top', 'both': '/nfs/top'}

SCENARIOS = (
    _of('an_image_is_made', COPY),
    _of('a_raw_image_is_made', COPY, b.disk('vda', b.file(PATH, 'raw'))),
    _of('an_image_is_in_the_way', 'refuse destination-exists', known=_THERE),
    _of(
        'the_folder_is_missing',
        'refuse destination-unreachable',
        known={'/data': b.GONE, PATH: b.GONE},
    ),
    _of(
        'the_folder_is_not_known',
        'refuse destination-unreachable',
        known={PATH: b.GONE},
    ),
    _of(
        'the_destination_is_not_known',
        'refuse destination-unreachable',
        known={},
    ),
    _of(
        'whether_the_file_exists_is_not_known',
        'refuse destination-unreachable',
        known={**_ROOM, PATH: {'fstype': 'ext4'}},
    ),
    _of(
        'the_size_is_not_known',
        'refuse image-not-reproducible',
        facts={'exists': True, 'kind': 'file', 'fstype': 'ext4'},
    ),
    _of(
        'the_format_is_not_ours',
        'refuse image-not-reproducible',
        b.disk('vda', b.file(PATH, 'vmdk')),
    ),
    Scenario(
        'a_device_is_not_made',
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': b.device('sata')},
            create_images=True,
        ),
        {'vda': 'refuse device-unproven'},
    ),
    Scenario(
        'a_device_that_nobody_compared',
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': b.device('sata')},
            destination={'/dev/sdb': b.device('sata')},
            create_images=True,
            existing=['vda'],
        ),
        {'vda': 'refuse device-unproven'},
    ),
    Scenario(
        'a_device_that_both_hosts_tell_apart',
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': b.device('sata', identity='i')},
            destination={'/dev/sdb': b.device('sata', identity='j')},
            create_images=True,
            existing=['vda'],
        ),
        {'vda': 'copy local-device'},
    ),
    Scenario(
        'a_declared_device_beside_which_there_is_room',
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': b.device('sata')},
            destination={
                '/dev': {'exists': True, 'kind': 'directory'},
                '/dev/sdb': b.GONE,
            },
            local=['/dev/sdb'],
            create_images=True,
        ),
        {'vda': 'refuse destination-unreachable'},
    ),
    Scenario(
        'a_declared_server_on_the_loopback',
        b.case(
            b.disk('vda', b.network('nbd', 'x', 'localhost')),
            local=['nbd://localhost'],
            create_images=True,
        ),
        {'vda': 'refuse destination-unreachable'},
    ),
    Scenario(
        'a_declared_file_of_which_nothing_is_known',
        b.case(
            b.disk('vda', _FILE),
            destination=_ROOM,
            local=['/data'],
            create_images=True,
        ),
        {'vda': 'refuse image-not-reproducible'},
    ),
    _of(
        'the_file_was_not_looked_for',
        'refuse destination-unreachable',
        known={'/data': _ROOM['/data']},
    ),
    *(
        Scenario(
            f'a_fresh_image_over_{name}',
            b.case(
                b.disk('vda', _FILE, over=[base], **more),
                source={PATH: b.local(), **facts},
                destination={**_ROOM, **facts},
                create_images=True,
            ),
            {'vda': decision},
        )
        for name, decision, base, facts, more in (
            (
                'a_network_image',
                COPY,
                b.rbd(),
                {},
                {},
            ),
            (
                'a_device',
                'copy local-over-shared',
                b.block('/dev/sdb'),
                {'/dev/sdb': b.device('iscsi', identity='i')},
                {},
            ),
            (
                'an_image_of_an_unknown_format',
                COPY,
                b.file('/nfs/base', None),
                {'/nfs/base': b.on('nfs', identity='i')},
                {},
            ),
        )
    ),
    Scenario(
        'a_device_that_exists_and_is_declared',
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': b.device('sata')},
            local=['/dev/sdb'],
            create_images=True,
            existing=['vda'],
        ),
        {'vda': 'copy declared-local'},
    ),
    Scenario(
        'a_declared_device_that_does_not_exist',
        b.case(
            b.disk('vda', b.block('/dev/sdb')),
            source={'/dev/sdb': b.device('sata')},
            local=['/dev/sdb'],
            create_images=True,
        ),
        {'vda': 'refuse destination-unreachable'},
    ),
    _existing('an_image_that_exists_fits', COPY),
    Scenario(
        'an_image_that_nobody_compared',
        b.case(
            b.disk('vda', b.file('/nfs/disk', 'qcow2')),
            source={'/nfs/disk': b.on('nfs4')},
            destination={'/nfs/disk': {'exists': True, 'kind': 'file'}},
            local=['/nfs'],
            create_images=True,
            existing=['vda'],
        ),
        {'vda': 'refuse image-unproven'},
    ),
    *(
        Scenario(
            f'an_image_on_storage_that_could_be_shared_{name}',
            b.case(
                b.disk('vda', b.file('/nfs/disk')),
                source={'/nfs/disk': b.on('nfs4', **here)},
                destination={'/nfs/disk': there},
                local=['/nfs'],
                create_images=True,
                existing=existing,
            ),
            {'vda': decision},
        )
        for name, decision, here, there, existing in (
            (
                'and_both_hosts_tell_apart',
                'copy declared-local',
                {'identity': 'i'},
                b.on('nfs4', identity='j'),
                ['vda'],
            ),
            (
                'and_is_missing',
                'refuse destination-mismatch',
                {},
                b.GONE,
                ['vda'],
            ),
            (
                'and_nobody_made',
                'refuse destination-exists',
                {},
                {'exists': True, 'kind': 'file'},
                [],
            ),
        )
    ),
    Scenario(
        'a_declared_image_of_which_nothing_is_known_here',
        b.case(
            b.disk('vda', _FILE),
            destination={PATH: b.local(format='qcow2')},
            local=['/data'],
            create_images=True,
            existing=['vda'],
        ),
        {'vda': 'refuse image-unproven'},
    ),
    _existing(
        'an_image_of_a_size_that_is_not_known', COPY, virtual_bytes=None
    ),
    _existing('an_image_of_a_format_that_is_not_known', COPY, format=None),
    _of(
        'an_image_of_a_source_whose_size_is_not_known',
        COPY,
        facts={'exists': True, 'kind': 'file', 'fstype': 'ext4'},
        known=_THERE,
        existing=['vda'],
    ),
    _of(
        'an_image_of_a_source_whose_format_is_not_known',
        COPY,
        b.disk('vda', b.file(PATH, None)),
        known=_THERE,
        existing=['vda'],
    ),
    _existing(
        'an_image_of_another_size',
        'refuse destination-mismatch',
        virtual_bytes=b.GIB + 1,
    ),
    _existing(
        'an_image_of_another_format',
        'refuse destination-mismatch',
        format='raw',
    ),
    _of(
        'an_image_that_should_exist',
        'refuse destination-mismatch',
        existing=['vda'],
    ),
    _of(
        'without_create_images_the_caller_sees_to_it',
        COPY,
        known={},
        create_images=False,
    ),
    _of(
        'shared_disks_need_no_image',
        'keep',
        b.disk('vda', b.rbd()),
        known={},
    ),
    _iso('an_iso_that_is_missing', b.GONE, _MISSING, create_images=True),
    _iso(
        'an_iso_of_another_size',
        b.local(virtual_bytes=1),
        _MISSING,
        create_images=True,
    ),
    _iso('an_iso_that_is_there', b.local(), create_images=True),
    *(
        Scenario(
            f'an_iso_of_one_size_{name}',
            b.case(
                b.cdrom('hda', b.file(_ISO, 'raw')),
                source={_ISO: b.local(**here)},
                destination={_ISO: b.local(**there)},
                create_images=True,
            ),
            {'hda': 'skip read-only'},
            also=() if ready else (_MISSING,),
        )
        for name, here, there, ready in (
            ('with_other_bytes', {'content': 'x'}, {'content': 'y'}, False),
            ('with_the_same_bytes', {'content': 'x'}, {'content': 'x'}, True),
            (
                'in_another_file_with_the_same_bytes',
                {'identity': 'i', 'content': 'x'},
                {'identity': 'j', 'content': 'x'},
                True,
            ),
            ('in_another_file', {'identity': 'i'}, {'identity': 'j'}, False),
            ('in_the_same_file', {'identity': 'i'}, {'identity': 'i'}, True),
            ('that_nobody_compared', {'identity': 'i'}, {}, True),
        )
    ),
    _iso('an_iso_that_nobody_looked_for', None, create_images=True),
    _iso(
        'an_iso_of_a_size_that_is_not_known_there',
        {'exists': True, 'kind': 'file'},
        create_images=True,
    ),
    Scenario(
        'an_iso_of_a_size_that_is_not_known_here',
        b.case(
            b.cdrom('hda', b.file(_ISO, 'raw')),
            destination={_ISO: b.local()},
            create_images=True,
        ),
        {'hda': 'skip read-only'},
    ),
    Scenario(
        'an_iso_that_is_missing_beside_one_that_nobody_looked_for',
        b.case(
            b.cdrom('hda', b.file('/iso/y.iso', 'raw')),
            b.cdrom('hdb', b.file(_ISO, 'raw')),
            destination={_ISO: b.GONE},
            create_images=True,
        ),
        {'hda': 'skip read-only', 'hdb': 'skip read-only'},
        also=(('hdb', 'content-missing'),),
    ),
    _iso('an_iso_that_nova_brings_over', b.GONE),
    *(
        Scenario(
            f'a_medium_of_{top}_over_an_image_{name}',
            b.case(
                b.disk(
                    'hda',
                    b.file(_TOPS[top]),
                    'readonly',
                    device='cdrom',
                    over=[b.file('/iso/base', 'raw')],
                ),
                source={
                    '/iso/top': b.local(content='t'),
                    '/nfs/top': b.on('nfs', identity='i'),
                    '/iso/base': b.local(content='x', identity='j'),
                },
                destination={
                    '/iso/top': b.local(content='t'),
                    '/nfs/top': b.on('nfs', identity='i'),
                    '/iso/base': base,
                },
                create_images=True,
            ),
            {'hda': 'skip read-only'},
            also=() if ready else (_MISSING,),
        )
        for top in _TOPS
        for name, base, ready in (
            ('that_is_missing', b.GONE, False),
            ('with_other_bytes', b.local(content='y'), False),
            ('of_another_size', b.local(virtual_bytes=1), False),
            ('in_another_file', b.local(identity='k'), False),
            ('with_the_same_bytes', b.local(content='x'), True),
            ('of_which_nothing_is_known', {}, True),
        )
    ),
    Scenario(
        'a_medium_over_a_data_file_that_is_missing',
        b.case(
            b.cdrom('hda', b.file(_ISO, inside=b.data_store('/iso/data'))),
            source={_ISO: b.local(content='t'), '/iso/data': b.local()},
            destination={_ISO: b.local(content='t'), '/iso/data': b.GONE},
            create_images=True,
        ),
        {'hda': 'skip read-only'},
        also=(_MISSING,),
    ),
)
