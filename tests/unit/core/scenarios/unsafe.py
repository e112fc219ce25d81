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

"""Kept files that libvirt on the source takes for local."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

_PATH = '/mnt/x/vms/a.img'
_REFUSED = 'refuse unsafe-for-libvirt'
_UNLESS = 'refuse unsafe-unless-configured'
_KEPT = 'keep same-at-destination'
_OLD, _NEW = 9_000_000, 11_003_000


def _kept(name, fstype, libvirt, expected, *, disk=None, facts=None, **more):
    known = b.on(fstype, identity='i', **(facts or {}))
    versions = {'libvirt': libvirt} if libvirt else {}
    overrides = more.pop('overrides', None)
    if overrides:
        versions['shared_filesystems'] = overrides
    return Scenario(
        name,
        b.case(
            disk or b.disk('vda', b.file(_PATH, 'raw')),
            source={_PATH: known},
            destination={_PATH: known},
            versions={'source': versions, 'destination': {'libvirt': _NEW}},
            **more,
        ),
        {'vda': expected},
    )


SCENARIOS = (
    *(
        _kept(f'{fstype}_is_known_by_{libvirt}', fstype, libvirt, _KEPT)
        for libvirt in (_OLD, _NEW)
        for fstype in (
            *('acfs', 'afs', 'ceph', 'cifs', 'fuse.glusterfs', 'gfs2'),
            *('fuse.quobyte', 'gpfs', 'nfs', 'nfs4', 'ocfs2', 'smbfs'),
        )
    ),
    *(
        _kept(f'{fstype}_is_not_known_by_{libvirt}', fstype, libvirt, expected)
        for libvirt, expected in ((_OLD, _REFUSED), (_NEW, _UNLESS))
        for fstype in (
            *('9p', 'fuse.ceph-fuse', 'fuse.juicefs', 'fuse.mfs', 'lustre'),
            *('fuse.sshfs', 'fuse.vstorage', 'smb3', 'virtiofs', 'wekafs'),
        )
    ),
    _kept('beegfs_before_9_6', 'beegfs', 9_005_000, _REFUSED),
    _kept('beegfs_since_9_6', 'beegfs', 9_006_000, _KEPT),
    _kept('10_8_has_no_option', 'lustre', 10_008_000, _REFUSED),
    _kept('10_9_has_one', 'lustre', 10_009_000, _UNLESS),
    _kept('nobody_knows_libvirt', 'lustre', None, _KEPT),
    *(
        _kept(
            f'qemu_conf_has_{place}',
            'lustre',
            libvirt,
            expected,
            overrides=[path],
        )
        for place, path, libvirt, expected in (
            ('the_file', _PATH, _NEW, _KEPT),
            ('the_mount', '/mnt/x/', _NEW, _KEPT),
            ('the_root', '/', _NEW, _KEPT),
            ('another', '/mnt/x/vm', _NEW, _UNLESS),
            ('what_it_does_not_read', '/mnt/x', _OLD, _REFUSED),
        )
    ),
    _kept(
        'qemu_conf_has_what_is_behind_a_link',
        'lustre',
        _NEW,
        _KEPT,
        facts={'resolved': '/lustre/a.img'},
        overrides=['/lustre'],
    ),
    # What is declared is kept as well, whatever libvirt says.
    Scenario(
        'a_file_system_that_nobody_knows_is_declared',
        b.case(
            b.disk('vda', b.file(_PATH, 'raw')),
            source={_PATH: b.on('fuse.new')},
            shared=['/mnt/x'],
            versions={'source': {'libvirt': _NEW}},
        ),
        {'vda': _UNLESS},
    ),
    Scenario(
        'a_volume_in_a_file',
        b.case(
            b.disk('vda', b.file(_PATH, 'raw'), serial=b.VOLUME),
            source={_PATH: b.on('fuse.vstorage')},
            rows=[b.row('vda', b.VOLUME, driver='vzstorage')],
            versions={'source': {'libvirt': _NEW}},
        ),
        {'vda': _UNLESS},
    ),
    *(
        Scenario(
            f'a_local_volume_in_a_file_of_this_host_{n}',
            b.case(
                b.disk('vda', b.file(_PATH, 'raw'), serial=b.VOLUME),
                source={_PATH: b.local()},
                rows=[b.row('vda', b.VOLUME, 'local', device_path=_PATH)],
                versions={'source': {'libvirt': libvirt}},
                shared=shared,
            ),
            {'vda': expected},
        )
        for n, (libvirt, shared, expected) in enumerate(
            (
                (_OLD, [], 'refuse conflicting-evidence'),
                (_NEW, [], 'refuse conflicting-evidence'),
                (_OLD, ['/mnt/x'], _REFUSED),
                (_NEW, ['/mnt/x'], _UNLESS),
            )
        )
    ),
    Scenario(
        'a_volume_of_a_pool',
        b.case(
            b.disk('vda', b.volume('p', 'a.img')),
            source={_PATH: b.on('lustre', identity='i')},
            destination={_PATH: b.on('lustre', identity='i')},
            pools={'p': {'type': 'dir', 'path': '/mnt/x/vms'}},
            versions={'source': {'libvirt': _OLD}},
        ),
        {'vda': _REFUSED},
    ),
    # libvirt looks at files alone, and not at what nobody writes.
    Scenario(
        'a_device',
        b.case(
            b.disk('vda', b.block('/dev/x')),
            source={'/dev/x': b.device('fc')},
            shared=['/dev/x'],
            versions={'source': {'libvirt': _OLD}},
        ),
        {'vda': 'keep declared-shared'},
    ),
    Scenario(
        'a_device_that_is_called_a_file',
        b.case(
            b.disk('vda', b.file('/dev/x', 'raw')),
            source={'/dev/x': b.device('fc')},
            shared=['/dev/x'],
            versions={'source': {'libvirt': _OLD}},
        ),
        {'vda': _REFUSED},
    ),
    _kept(
        'a_medium',
        'lustre',
        _OLD,
        'skip read-only',
        disk=b.cdrom('vda', b.file(_PATH, 'raw')),
    ),
    Scenario(
        'what_is_copied_over_one',
        b.case(
            b.disk('vda', b.file('/d/top'), over=[b.file(_PATH, 'raw')]),
            source={
                '/d/top': b.local(),
                _PATH: b.on('lustre', identity='i'),
            },
            destination={_PATH: b.on('lustre', identity='i')},
            versions={'source': {'libvirt': _OLD}},
        ),
        {'vda': 'copy local-over-shared'},
    ),
    Scenario(
        'a_device_below_a_file_that_libvirt_knows',
        b.case(
            b.disk('vda', b.file(_PATH), over=[b.file('/l/base')]),
            source={
                _PATH: b.on('nfs', identity='i'),
                '/l/base': b.on('lustre', identity='j'),
            },
            destination={
                _PATH: b.on('nfs', identity='i'),
                '/l/base': b.on('lustre', identity='j'),
            },
            versions={'source': {'libvirt': _OLD}},
        ),
        {'vda': _KEPT},
    ),
)
