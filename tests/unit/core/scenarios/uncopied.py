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

"""Disks that nothing is done to, and disks that cannot be copied."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

PATH = '/data/vda'
_LOCAL = {PATH: b.local()}
_SAME = {PATH: b.on('nfs', identity='i')}
_FILE = b.file(PATH)
_LUKS = b.file(PATH, inside=b.LUKS)
_STORE = b.file(PATH, inside=b.data_store('/data/store'))
READ_ONLY = 'skip read-only'
EMPTY = 'skip empty-drive'


def _of(name, decision, disk, facts=None, known=None, **more):
    return Scenario(
        name,
        b.case(
            disk,
            source=_LOCAL if facts is None else facts,
            destination=known,
            **more,
        ),
        {'vda': decision},
    )


def _both(name, reason, disk):
    """A disk that is refused while local and kept while shared."""
    return (
        _of(f'{name}_local', f'refuse {reason}', disk),
        _of(f'{name}_shared', 'keep', disk, _SAME, _SAME),
    )


def _twice(name, decision, one, two, facts, **more):
    return Scenario(
        name,
        b.case(b.disk('vda', one), b.disk('vdb', two), source=facts, **more),
        {'vda': decision, 'vdb': decision},
    )


_SHARED_FOLDER = {'/data/d': b.on('nfs', kind='directory', identity='i')}
_TRANSIENT = b.disk('vda', b.rbd(), 'transient')

SCENARIOS = (
    # Read-only and empty come first.
    *(
        _of(f'read_only_{name}', READ_ONLY, b.disk('vda', s, 'readonly'), f)
        for name, s, f in (
            ('local', _FILE, None),
            ('unknown', _FILE, {}),
            ('candidate', _FILE, {PATH: b.on('nfs')}),
            ('rbd', b.rbd(), {}),
            ('loopback', b.network('nbd', 'x', 'localhost'), {}),
            ('pool', b.volume('p', 'v'), {}),
            ('missing', _FILE, {PATH: b.GONE}),
            ('dir', b.directory('/data/d'), {}),
            ('nvme', b.nvme(), {}),
        )
    ),
    _of(
        'read_only_volume_without_a_row',
        READ_ONLY,
        b.disk('vda', _FILE, 'readonly', serial=b.VOLUME),
        rows=[],
    ),
    _of('cdrom', READ_ONLY, b.cdrom('vda', _FILE)),
    _of(
        'cdrom_that_does_not_say_so',
        READ_ONLY,
        b.disk('vda', _FILE, device='cdrom'),
    ),
    _of('empty_cdrom', EMPTY, b.cdrom('vda')),
    _of('empty_floppy', EMPTY, b.disk('vda', device='floppy')),
    _of('empty_disk', EMPTY, b.disk('vda')),
    *(
        _of(f'empty_{kind}_cdrom', EMPTY, b.disk('vda', None, type=kind))
        for kind in ('file', 'block', 'network', 'volume', 'dir')
    ),
    _of('empty_file_name', EMPTY, b.disk('vda', b.file(''))),
    _of(
        'empty_source_element',
        EMPTY,
        b.disk('vda', b.Source('file', "<source startupPolicy='optional'/>")),
    ),
    _of('floppy', 'copy', b.disk('vda', _FILE, device='floppy')),
    # Local and writable, but not copied.
    _of('vhostuser', 'refuse vhostuser-disk', b.disk('vda', b.vhostuser())),
    _of('vdpa', 'refuse vdpa-disk', b.disk('vda', b.vdpa())),
    _of('nvme', 'refuse nvme-disk', b.disk('vda', b.nvme())),
    # Whatever a host says of the path, it is not what is behind the disk.
    *(
        _of(
            f'{name}_that_both_hosts_have',
            f'refuse {name}-disk',
            b.disk('vda', make(path)),
            {path: b.on('nfs', identity='i')},
            {path: b.on('nfs', identity='i')},
        )
        for name, make, path in (
            ('vhostuser', b.vhostuser, '/run/s'),
            ('vdpa', b.vdpa, '/dev/v'),
        )
    ),
    _of(
        'nvme_is_no_path_to_declare',
        'refuse nvme-disk',
        b.disk('vda', b.nvme()),
        shared=['/'],
    ),
    _of(
        'directory',
        'refuse directory-disk',
        b.disk('vda', b.directory('/data/d')),
        {'/data/d': {'exists': True, 'kind': 'directory', 'fstype': 'xfs'}},
    ),
    _of(
        'directory_shared',
        'keep same-at-destination',
        b.disk('vda', b.directory('/data/d')),
        _SHARED_FOLDER,
        _SHARED_FOLDER,
    ),
    _of(
        'a_type_of_tomorrow',
        'refuse unknown-source-type',
        b.disk('vda', b.Source('crystal', "<source file='/data/vda'/>")),
    ),
    *_both('lun', 'lun-disk', b.disk('vda', _FILE, device='lun')),
    *_both('shareable', 'shareable-disk', b.disk('vda', _FILE, 'shareable')),
    *_both('luks', 'encrypted-disk', b.disk('vda', _LUKS)),
    *_both(
        'luks_below_disk',
        'encrypted-disk',
        b.disk('vda', _FILE, inside=b.LUKS),
    ),
    _of(
        'luks_in_the_chain_that_is_copied',
        'refuse encrypted-disk',
        b.disk('vda', _FILE, over=[b.file('/data/base', inside=b.LUKS)]),
        {PATH: b.local(), '/data/base': b.local()},
    ),
    _of(
        'luks_on_top_of_a_shared_image',
        'refuse encrypted-disk',
        b.disk('vda', _LUKS, over=[b.file('/nfs/base')]),
        {PATH: b.local(), '/nfs/base': b.on('nfs', identity='i')},
        {'/nfs/base': b.on('nfs', identity='i')},
    ),
    _of(
        'luks_below_what_is_copied',
        'copy local-over-shared',
        b.disk('vda', _FILE, over=[b.file('/nfs/base', inside=b.LUKS)]),
        {PATH: b.local(), '/nfs/base': b.on('nfs', identity='i')},
        {'/nfs/base': b.on('nfs', identity='i')},
    ),
    _of(
        'a_local_data_file',
        'refuse external-data-file',
        b.disk('vda', _STORE),
        {PATH: b.local(), '/data/store': b.local()},
    ),
    _of(
        'a_data_file_of_one_image_of_the_chain_that_is_copied',
        'refuse external-data-file',
        b.disk('vda', _STORE, over=[b.file('/data/base')]),
        {p: b.local() for p in (PATH, '/data/store', '/data/base')},
    ),
    _of(
        'a_shared_image_with_a_local_data_file',
        'refuse',
        b.disk('vda', _STORE),
        {**_SAME, '/data/store': b.local()},
        _SAME,
    ),
    _of(
        'a_shared_image_with_an_unknown_data_file',
        'refuse',
        b.disk('vda', _STORE),
        _SAME,
        _SAME,
    ),
    *(
        _of(
            f'a_data_file_that_is_nowhere_{n}',
            'refuse external-data-file',
            b.disk('vda', b.file(PATH, inside=store)),
            _LOCAL,
        )
        for n, store in enumerate(
            ('<dataStore/>', "<dataStore type='file'><source/></dataStore>")
        )
    ),
    _of('transient_shared', 'refuse transient-disk', _TRANSIENT),
    _of(
        'transient_local',
        'refuse transient-disk',
        b.disk('vda', _FILE, 'transient'),
    ),
    _of(
        'transient_read_only',
        'refuse transient-disk',
        b.disk('vda', _FILE, 'transient', 'readonly'),
    ),
    Scenario(
        'transient_anywhere_refuses_all',
        b.case(
            b.disk('vda', _FILE),
            b.disk('vdb', b.rbd(), 'transient'),
            source=_LOCAL,
        ),
        {'vda': 'copy', 'vdb': 'refuse transient-disk'},
    ),
    *(
        Scenario(
            f'odd_target_{n}',
            b.case(b.disk(target, _FILE), source=_LOCAL),
            {target: 'refuse unusual-target'},
        )
        for n, target in enumerate(('vda,vdb', 'vda vdb', 'vd/a', 'vdä'))
    ),
    # Two writable disks with one source.
    _twice('one_file_twice', 'refuse duplicate-source', _FILE, _FILE, _LOCAL),
    _twice(
        'one_file_by_two_spellings',
        'refuse duplicate-source',
        _FILE,
        b.file('//data/./vda'),
        {PATH: b.local(), '//data/./vda': b.local()},
    ),
    _twice(
        'one_file_through_a_link',
        'refuse duplicate-source',
        _FILE,
        b.file('/link'),
        {PATH: b.local(), '/link': b.local(resolved=PATH)},
    ),
    _twice(
        'one_file_by_its_identity',
        'refuse',
        _FILE,
        b.file('/bind/vda'),
        {PATH: b.local(identity='i'), '/bind/vda': b.local(identity='i')},
    ),
    _twice(
        'one_file_and_a_pool',
        'refuse duplicate-source',
        _FILE,
        b.volume('pool', 'vda'),
        _LOCAL,
        pools={'pool': {'type': 'dir', 'path': '/data'}},
    ),
    _twice(
        'one_device_twice',
        'refuse duplicate-source',
        b.block('/dev/sdb'),
        b.block('/dev/sdb'),
        {'/dev/sdb': b.device('sata')},
    ),
    _twice(
        'two_files_with_identities_of_their_own_are_no_duplicate',
        'copy',
        _FILE,
        b.file('/data/vdb'),
        {PATH: b.local(identity='i'), '/data/vdb': b.local(identity='j')},
    ),
    Scenario(
        'one_source_with_one_reader_is_no_duplicate',
        b.case(
            b.disk('vda', _FILE),
            b.disk('vdb', _FILE, 'readonly'),
            source=_LOCAL,
        ),
        {'vda': 'copy', 'vdb': READ_ONLY},
    ),
)
