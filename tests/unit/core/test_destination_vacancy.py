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

"""What is at the place of a copy, and what is said of it."""

import unittest

import ddt

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import destination_vacancy
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons
from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import destinations as d
from tests.unit.core.scenarios import volumes

DEVICE = '/dev/sdb'
OTHER = '/data/vdb'
LEAVE = 'leave it alone, and map the disk to a name that is free there'
DECLARE = (
    'map the disk to a name that is free in a storage pool there, so that '
    f'the volume is made; or, where {d.VOLUME} is on the destination alone, '
    'declare that with --local-path'
)
LOOK = (
    'look there with ls -l: it may be a link that leads nowhere, or a file '
    'that libvirt may not open'
)
COMPARE = (
    'look on both hosts which device that is; where it is another one that '
    'nothing needs, name it with --existing'
)
FIND_OUT = (
    'find out what it is. It was probably left when the guest moved away '
    'from there, or by an interrupted migration'
)
#: What both hosts could have, and is declared to be of one.
ON_NFS = {'source': {d.HERE: b.on('nfs')}, 'local': ['/data']}
SHARED = b.on('nfs4', identity='j')
TAKEN = {'exists': True, 'kind': 'other'}


def mapped(there, *disks, source=None, **more):
    """A disk whose place is another one."""
    return d.case(
        *disks,
        wanted=d.mapping(d.MAP),
        source=source,
        there={**d.ROOM, d.THERE: there},
        **more,
    )


def to_group(there, **more):
    return d.case(
        wanted=d.mapping(d.TO_GROUP),
        there={d.VOLUME: there},
        **{'pools_there': {'vg': d.POOL}, **more},
    )


def at_home(there=None, folder=d.FOLDER, **more):
    """A disk that stays at its path; ``there`` is what is at it."""
    known = {'/data': folder, d.HERE: there}
    return d.case(
        wanted=d.mapping(),
        there={k: v for k, v in known.items() if v is not None},
        **more,
    )


def a_device(there=None, **more):
    """A device that is declared to be of this host alone."""
    return b.case(
        b.disk('vda', b.block(DEVICE)),
        source={DEVICE: b.device('iscsi')},
        destination={} if there is None else {DEVICE: there},
        local=['/dev'],
        create_images=True,
        **more,
    )


def a_volume(there, **more):
    return b.case(
        b.disk('vda', b.block(volumes.PATH)),
        source={volumes.PATH: volumes.volume()},
        destination={volumes.PATH: there},
        pools_there={'vg-0': volumes.pool()},
        create_images=True,
        **more,
    )


def beside(other, facts, *more, **options):
    """The destination has the image of another disk where one is mapped."""
    return mapped(
        b.local(identity='j'),
        b.disk('vda', b.file(d.HERE)),
        *more,
        b.disk('vdb', other),
        source={OTHER: facts},
        **options,
    )


#: A case, the reason of vda, and detail and remedy of its message.
REFUSED = {
    'the_image_of_another_disk': (
        beside(b.file(OTHER), b.local(identity='j')),
        'duplicate-destination',
        f'{d.THERE} there is the source of vdb',
        '',
    ),
    'the_image_of_another_disk_in_a_pool': (
        beside(
            b.volume('pool', 'vdb'),
            b.local(identity='j'),
            b.disk('vdc', b.volume('unknown', 'x')),
            pools={'pool': {'type': 'dir', 'path': '/data'}},
        ),
        'duplicate-destination',
        f'{d.THERE} there is the source of vdb',
        '',
    ),
    # A link there leads to what another disk is kept on.
    'the_image_of_another_disk_at_its_own_path': (
        d.case(
            b.disk('vda', b.file(d.HERE)),
            b.disk('vdb', b.file(OTHER)),
            wanted=d.mapping(),
            source={OTHER: SHARED},
            there={'/data': d.FOLDER, d.HERE: SHARED, OTHER: SHARED},
            existing=['vda'],
        ),
        'duplicate-destination',
        f'{d.HERE} there is the source of vdb',
        '',
    ),
    'the_same_where_no_image_is_named': (
        d.case(
            b.disk('vda', b.file(d.HERE)),
            b.disk('vdb', b.file(OTHER)),
            wanted=d.mapping(),
            source={OTHER: SHARED},
            there={'/data': d.FOLDER, d.HERE: SHARED, OTHER: SHARED},
        ),
        'destination-exists',
        '',
        FIND_OUT,
    ),
    'an_existing_file_that_may_be_served_by_the_source': (
        at_home(
            b.on('nfs', format='qcow2'),
            existing=['vda'],
            source={d.HERE: b.local()},
        ),
        'image-unproven',
        '',
        'leave it alone until it is shown to be another file: let the disk '
        'name its file without symbolic links, and allow the probe.',
    ),
    'an_existing_file_that_is_declared_local': (
        at_home(b.on('nfs', format='qcow2'), existing=['vda'], **ON_NFS),
        'image-unproven',
        '',
        'leave it alone until it is shown to be another file: let the disk '
        'name its file without symbolic links, and allow the probe; where '
        'both hosts see one file, declare its path with --shared-path.',
    ),
    'another_image_than_that_of_another_disk': (
        beside(b.file(OTHER), b.local(identity='k')),
        'destination-exists',
        f'{d.THERE} there',
        FIND_OUT,
    ),
    'the_same_file_under_another_name': (
        mapped(b.local(identity='i')),
        'image-unproven',
        f'{d.THERE} there is the same one',
        f'{LEAVE}.',
    ),
    'nothing_shows_that_it_is_another': (
        mapped(b.on('nfs', format='qcow2'), existing=['vda'], **ON_NFS),
        'image-unproven',
        f'{d.THERE} there',
        f'{LEAVE}; or allow the probe, and run it as root on the source.',
    ),
    'a_device_that_nobody_declares': (
        to_group(b.device('dm', 'sata'), existing=['vda']),
        'device-unproven',
        f'{d.VOLUME} there',
        DECLARE,
    ),
    'a_device_that_is_declared_shared': (
        to_group(b.device('dm', 'sata'), existing=['vda'], shared=['/dev']),
        'device-unproven',
        f'{d.VOLUME} there',
        DECLARE,
    ),
    'into_a_pool_that_is_not_there': (
        d.case(
            b.disk('vda', b.file(d.HERE)),
            wanted=d.mapping((), [{'source': 'data', 'destination': 'new'}]),
            pools={'data': {'type': 'dir', 'path': '/data'}},
            pools_there={},
        ),
        'mapping-unusable',
        '--map-pool data=new: the destination has no storage pool new',
        '',
    ),
    'a_device_of_no_pool': (
        a_device(b.GONE),
        'destination-unreachable',
        f'a block device, and no storage pool there has {DEVICE}',
        'where it is a volume of a storage pool, start that pool there; '
        'otherwise make the device yourself and say so with --existing.',
    ),
    'it_cannot_be_read': (
        mapped({'error': 'denied'}),
        'destination-unreachable',
        f'it cannot be told whether {d.THERE} is free there: denied',
        '',
    ),
    'a_pool_that_does_not_say': (
        to_group({'kind': 'block'}),
        'destination-unreachable',
        'what the storage pool vg has there could not be told',
        '',
    ),
    'a_pool_of_which_nothing_is_known': (
        d.case(
            wanted=d.mapping(d.TO_GROUP), there={}, pools_there={'vg': d.POOL}
        ),
        'destination-unreachable',
        'what the storage pool vg has there could not be told',
        '',
    ),
    'a_directory_of_which_nothing_is_known': (
        at_home(folder=None),
        'destination-unreachable',
        'whether /data is there could not be told',
        '',
    ),
    'a_directory_that_may_not_be_there': (
        at_home(b.GONE, folder={'kind': 'directory'}),
        'destination-unreachable',
        'whether /data is there could not be told',
        '',
    ),
    'a_directory_that_nobody_looked_into': (
        at_home(),
        'destination-unreachable',
        'what is in /data there could not be told',
        '',
    ),
    'no_directory': (
        at_home(b.GONE, folder=b.GONE),
        'destination-unreachable',
        '/data is not there',
        '',
    ),
    'the_name_is_taken': (
        at_home(TAKEN),
        'destination-exists',
        'libvirt lists no image there, and yet the name is taken',
        LOOK,
    ),
    'the_name_of_another_place_is_taken': (
        mapped(TAKEN),
        'destination-exists',
        f'{d.THERE} there',
        LOOK,
    ),
    'two_devices': (
        a_volume(b.device(None), local=['/dev']),
        'destination-exists',
        'nothing compares the two devices',
        COMPARE,
    ),
    'two_devices_of_two_names': (
        to_group(b.device('dm', 'sata')),
        'destination-exists',
        f'{d.VOLUME} there',
        COMPARE,
    ),
    'another_volume': (
        a_volume(volumes.volume(volume_uuid=volumes.OTHER_UUID)),
        'destination-exists',
        '',
        FIND_OUT,
    ),
    'a_file_that_may_be_itself': (
        at_home(b.on('nfs'), **ON_NFS),
        'destination-exists',
        'it may be the disk itself',
        'leave it alone until it is shown to be another file',
    ),
    'a_file_of_another_name_that_may_be_itself': (
        mapped(b.on('nfs'), **ON_NFS),
        'destination-exists',
        f'{d.THERE} there',
        'leave it alone until it is shown to be another file',
    ),
    'another_file': (
        at_home(b.local(identity='other')),
        'destination-exists',
        '',
        FIND_OUT,
    ),
}


@ddt.ddt
class DestinationVacancyTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*REFUSED)
    def test_refused(self, name):
        tree, reason, detail, remedy = REFUSED[name]
        refusal = planned.refusal(tree)
        said = refusal['message'].partition('): ')[2]
        self.assertEqual(reason, refusal['reason'], said)
        what, _, then = said.partition('. Remedy: ')
        self.assertEqual(detail, what.partition(' (')[2].removesuffix(')'))
        self.assertTrue(then.startswith(remedy), then)

    def test_a_device_that_is_declared_to_be_of_the_destination(self):
        tree = to_group(
            b.device('dm', 'sata'), existing=['vda'], local=[d.VOLUME]
        )
        self.assertTrue(planned.plan(tree)['ready'])

    def test_what_the_source_may_serve(self):
        """The caller makes the images: no file may be the disk itself."""
        local = reasons.Reason.LOCAL_FILESYSTEM
        for reason, known, refused in (
            (local, b.on('nfs'), True),
            (reasons.Reason.DECLARED_LOCAL, b.on('nfs'), False),
            (local, b.on('nfs', exists=None), False),
            (local, b.on('odd'), False),
            (local, b.on('nfs', identity='j'), False),
            (local, b.GONE, False),
        ):
            tree = b.case(
                b.disk('vda', b.file(d.HERE)),
                source={d.HERE: b.local(identity='i')},
                destination={d.HERE: known},
            )
            facts = case_facts.Facts.of(migration_case.loads(b.text(tree)))
            strategy = disk_strategy.Strategy(
                facts.domain.disks[0],
                domains.DiskAction.COPY,
                domains.Locality.LOCAL,
                reason,
            )
            found = destination_vacancy.served(strategy, facts)
            self.assertEqual(
                ('image-unproven', 'it is on nfs there') if refused else None,
                found and (found.reason.value, found.detail),
            )

    def test_what_both_hosts_show(self):
        """The evidence refuses it before, and this is the last guard."""
        for image, kind, reason, detail in (
            (
                b.block(DEVICE),
                'block',
                'device-unproven',
                'both hosts show the same one',
            ),
            (
                b.file(DEVICE),
                'file',
                'destination-exists',
                'it may be the disk itself',
            ),
        ):
            known = {DEVICE: {'exists': True, 'identity': 'i', 'kind': kind}}
            tree = b.case(
                b.disk('vda', image), source=known, destination=known
            )
            facts = case_facts.Facts.of(migration_case.loads(b.text(tree)))
            (disk,) = facts.domain.disks
            strategy = disk_strategy.Strategy(
                disk,
                domains.DiskAction.COPY,
                domains.Locality.LOCAL,
                reasons.Reason.DECLARED_LOCAL,
            )
            place = destination_places.of(disk, facts.storage, facts.options)
            refusal = destination_vacancy.problem(strategy, place, facts)
            self.assertEqual(reason, refusal.reason.value)
            self.assertEqual(detail, refusal.detail)
            shared = 'declare it in shared_paths where both hosts reach it'
            self.assertEqual(
                kind == 'block', refusal.instead.startswith(shared)
            )

    def test_a_path_stays_as_it_is_written(self):
        path = '/data/./vda'
        tree = b.case(
            b.disk('vda', b.file(path)),
            source={path: b.local()},
            destination={'/data': d.FOLDER, path: b.GONE, '/data/.': d.FOLDER},
            create_images=True,
        )
        (image,) = planned.plan(tree)['images']
        self.assertEqual(path, image['path'])
