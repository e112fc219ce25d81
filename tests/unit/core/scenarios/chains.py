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

"""Backing chains: every image is judged."""

import itertools

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

PLACES = ('local', 'shared', 'unknown')
_FILES = {
    'local': (b.local(), None),
    'shared': (b.on('nfs', identity='i'), b.on('nfs', identity='i')),
    'unknown': (b.on('nfs'), None),
}


def _expected(places):
    """Decide a chain as reference/decisions.rst says under "Backing chains".

    Below a local image the whole content is copied, wherever it lies.
    """
    top, *lower = places
    if top == 'local':
        shared = all(place == 'shared' for place in lower)
        return 'copy local-over-shared' if shared else 'copy local-filesystem'
    if 'unknown' in places:
        return 'refuse'
    return 'refuse shared-over-local' if 'local' in lower else 'keep'


def _chain(places):
    paths = [f'/{n}/{place}' for n, place in enumerate(places)]
    source, destination = {}, {}
    for path, place in zip(paths, places, strict=True):
        here, there = _FILES[place]
        source[path] = here
        if there:
            destination[path] = there
    top, *lower = map(b.file, paths)
    return Scenario(
        '_over_'.join(places),
        b.case(
            b.disk('vda', top, over=lower),
            source=source,
            destination=destination,
        ),
        {'vda': _expected(places)},
    )


def _below(name, decision, *lower, top=None, facts=None, known=None, **more):
    disk = b.disk('vda', top or b.file('/top'), over=lower)
    return Scenario(
        name,
        b.case(
            disk,
            source={'/top': b.local(), **(facts or {})},
            destination=known,
            **more,
        ),
        {'vda': decision},
    )


_SAME = b.local(identity='base')
_BASE = b.file('/base')
_SEEN = b.on('nfs', identity='seen')


def _volume(title, driver, top, path, /, make=b.file, **data):
    """A volume by its serial, over a local image that is not its own."""
    local = b.local() if make is b.file else b.device('sata')
    return Scenario(
        title,
        b.case(
            b.disk('vdb', top, serial=b.VOLUME, over=[make(path)]),
            rows=[b.row('vdb', b.VOLUME, driver, **data)],
            source={path: local},
        ),
        {'vdb': 'refuse shared-over-local'},
    )


SCENARIOS = (
    *(
        _chain(places)
        for length in (2, 3)
        for places in itertools.product(PLACES, repeat=length)
    ),
    _below(
        'local_over_an_identical_local_image',
        'copy local-over-shared',
        _BASE,
        facts={'/base': _SAME},
        known={'/base': _SAME},
    ),
    _below(
        'local_over_another_local_image',
        'copy local-filesystem',
        _BASE,
        facts={'/base': _SAME},
        known={'/base': b.local(identity='different')},
    ),
    _below(
        'local_over_one_identical_and_one_other',
        'copy local-filesystem',
        _BASE,
        b.file('/deep'),
        facts={'/base': _SAME, '/deep': b.local()},
        known={'/base': _SAME},
    ),
    _below(
        'local_over_shared_over_an_identical_local_image',
        'copy local-over-shared',
        b.file('/nfs/middle'),
        _BASE,
        facts={'/nfs/middle': _SEEN, '/base': _SAME},
        known={'/nfs/middle': _SEEN, '/base': _SAME},
    ),
    _below(
        'local_over_a_candidate_with_the_same_bytes',
        'copy local-over-shared',
        b.file('/nfs/base'),
        facts={'/nfs/base': b.on('nfs', content='x')},
        known={'/nfs/base': b.on('nfs', content='x')},
    ),
    _below(
        'shared_over_an_image_on_one_kernel',
        'refuse same-file-at-destination',
        _BASE,
        top=b.file('/nfs/top'),
        facts={'/nfs/top': _SEEN, '/base': _SAME},
        known={'/nfs/top': _SEEN, '/base': _SAME},
    ),
    Scenario(
        'one_top_alone_and_one_whole_chain',
        b.case(
            b.disk('vda', b.file('/top'), over=[_BASE]),
            b.disk('vdb', b.file('/other'), over=[b.file('/deep')]),
            source={
                '/base': _SAME,
                **dict.fromkeys(('/top', '/other', '/deep'), b.local()),
            },
            destination={'/base': _SAME},
        ),
        {'vda': 'copy local-over-shared', 'vdb': 'copy local-filesystem'},
    ),
    _below('local_over_rbd', 'copy local-over-shared', b.rbd()),
    _below(
        'local_over_loopback',
        'copy local-filesystem',
        b.network('nbd', 'x', 'localhost'),
    ),
    _below(
        'local_over_an_unknown_pool',
        'copy local-filesystem',
        b.volume('p', 'v'),
    ),
    _below('local_over_nothing_known', 'copy local-filesystem', _BASE),
    _below(
        'local_over_what_is_declared_and_proven_otherwise',
        'refuse declaration-conflict',
        _BASE,
        facts={'/base': b.local(content='x')},
        known={'/base': b.local(content='x')},
        shared=['/base'],
    ),
    _below(
        'local_over_a_candidate_with_other_bytes',
        'copy local-filesystem',
        b.file('/nfs/base'),
        facts={'/nfs/base': b.on('nfs', content='x')},
        known={'/nfs/base': b.on('nfs', content='y')},
    ),
    _below(
        'local_over_declared_shared',
        'copy local-over-shared',
        _BASE,
        facts={'/base': b.on('nfs')},
        shared=['/base'],
    ),
    _below(
        'rbd_over_local',
        'refuse shared-over-local',
        _BASE,
        top=b.rbd(),
        facts={'/base': b.local()},
    ),
    Scenario(
        'an_attached_volume_over_its_own_snapshot',
        b.case(
            b.disk(
                'vdb',
                b.file('/mnt/x/volume-1.snap'),
                serial=b.VOLUME,
                over=[b.file('/mnt/x/volume-1')],
            ),
            rows=[b.row('vdb', b.VOLUME, 'nfs', export='s:/e')],
            source={
                '/mnt/x/volume-1.snap': b.on('nfs', 's:/e'),
                '/mnt/x/volume-1': b.on('nfs', 's:/e'),
            },
        ),
        {'vdb': 'keep volume-attachment'},
    ),
    Scenario(
        'an_attached_volume_over_a_local_file',
        b.case(
            b.disk(
                'vdb',
                b.block('/dev/sdb', 'qcow2'),
                serial=b.VOLUME,
                over=[_BASE],
            ),
            rows=[b.row('vdb', b.VOLUME, 'iscsi')],
            source={'/dev/sdb': b.device('iscsi'), '/base': b.local()},
        ),
        {'vdb': 'refuse shared-over-local'},
    ),
    Scenario(
        'an_attached_volume_over_a_local_device',
        b.case(
            b.disk(
                'vdb',
                b.block('/dev/sdb', 'qcow2'),
                serial=b.VOLUME,
                over=[b.block('/dev/sdc')],
            ),
            rows=[b.row('vdb', b.VOLUME, 'iscsi')],
            source={
                '/dev/sdb': b.device('iscsi'),
                '/dev/sdc': b.device('sata'),
            },
        ),
        {'vdb': 'refuse shared-over-local'},
    ),
    _volume(
        'a_local_volume_over_a_file_beside_it',
        'local',
        b.file('/vol/top'),
        '/vol/base',
    ),
    _volume(
        'a_volume_on_a_share_over_a_file_elsewhere',
        'nfs',
        b.file('/mnt/x/volume-1.snap'),
        '/base',
        export='s:/e',
    ),
    _volume(
        'a_volume_on_a_share_over_a_device_beside_it',
        'vendor-magic',
        b.block('/mnt/x/volume-1', 'qcow2'),
        '/mnt/x/base',
        b.block,
        export='s:/e',
    ),
    _volume(
        'a_volume_of_gluster_over_a_device',
        'glusterfs',
        b.network('gluster', 'vol/volume-1', 'h'),
        '/dev/sdc',
        b.block,
        export='h:/vol',
        name='volume-1',
    ),
)
