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

"""Volumes that are kept, and what their names mean at the destination.

nova sets the destination's path where the serial is the connection's. Our
driver does where it is proven which volume a disk is. Nobody does for the
command line, which makes images itself.
"""

import hashlib

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

WWID = '3600a09803830374e2f244a6b33535a51'
IQN = 'iqn.2010-10.org.openstack:volume-1'
KEEP = 'keep volume-attachment'
REFUSED = 'refuse host-assigned-name'
CONFLICT = 'refuse attachment-conflict'
ALIAS = f'ua-{b.VOLUME}'
EXPORT = 'srv:/cinder'
HOME = hashlib.md5(EXPORT.encode(), usedforsecurity=False).hexdigest()

_DRIVER = {'prepared': {'directory': '/d', 'sets_volume_paths': True}}
_BEFORE = {'prepared': {'directory': '/d'}}
_OTHERS = {}
_COMMAND_LINE = {'create_images': True}
_NOVA = (_BEFORE, _OTHERS)

#: A device's name, the driver and connection data of its volume.
_DEALT = (
    ('/dev/dm-4', 'fibre_channel', 'multipath', {'multipath_id': WWID}),
    ('/dev/sdb', 'iscsi', 'iscsi', {'target_iqn': IQN, 'target_lun': 1}),
    ('/dev/nvme1n1', 'nvmeof', 'nvme-fabrics', {}),
    ('/dev/mapper/mpatha', 'iscsi', 'multipath', {}),
    ('/dev/disk/by-id/dm-name-mpatha', 'iscsi', 'multipath', {}),
    (
        '/dev/disk/by-path/pci-0000:05:00.0-fc-0x50014380242b9751-lun-2',
        'fibre_channel',
        'fc',
        {'target_wwn': ['50014380242b9751'], 'target_lun': 2},
    ),
    (
        f'/dev/disk/by-path/ip-127.0.0.1:3260-iscsi-{IQN}-lun-1',
        'iscsi',
        'iscsi',
        {'target_iqn': IQN, 'target_lun': 1},
    ),
    ('/dev/rbd0', 'rbd', 'rbd', {'name': 'volumes/v'}),
    ('/dev/mapper/crypt-scsi-1', 'iscsi', 'dm', {}),
)
_ALIKE = (
    (
        f'/dev/disk/by-id/dm-uuid-mpath-{WWID}',
        'fibre_channel',
        'multipath',
        {'multipath_id': WWID},
    ),
    (
        f'/dev/disk/by-id/wwn-0x{WWID[1:]}',
        'iscsi',
        'iscsi',
        {'multipath_id': WWID},
    ),
    (f'/dev/mapper/{WWID}', 'iscsi', 'multipath', {'multipath_id': WWID}),
    (
        f'/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-{IQN}-lun-1',
        'iscsi',
        'iscsi',
        {'target_iqn': IQN, 'target_lun': 1},
    ),
    ('/dev/rbd/volumes/v', 'rbd', 'rbd', {'name': 'volumes/v'}),
)


def _of(name, decision, path, row, options, *, transport='multipath', **disk):
    kind = disk.pop('shared', ())
    return Scenario(
        name,
        b.case(
            b.disk('sdc', b.block(path), **disk),
            rows=[row],
            source={path: b.device(transport)},
            shared=kind,
            **options,
        ),
        {'sdc': decision},
    )


def _row(driver, data, volume=b.VOLUME, **more):
    return {**b.row(None, volume, driver, **data), **more}


def _modes(name, path, driver, transport, data, wanted, **disk):
    """One disk in each way of doing it: (options, decision)."""
    for n, (options, decision) in enumerate(wanted):
        yield _of(
            f'{name}_{n}_{path.rpartition("/")[2]}',
            decision,
            path,
            _row(driver, data),
            options,
            transport=transport,
            **disk,
        )


def _dealt(name, wanted, **disk):
    for path, driver, transport, data in _DEALT:
        yield from _modes(name, path, driver, transport, data, wanted, **disk)


def _alike(name, wanted, **disk):
    for path, driver, transport, data in _ALIKE:
        yield from _modes(name, path, driver, transport, data, wanted, **disk)


def _all(decision):
    return [(each, decision) for each in (_DRIVER, *_NOVA, _COMMAND_LINE)]


SCENARIOS = (
    Scenario(
        'a_device_behind_a_file_name',
        b.case(
            b.disk('vda', b.file('/data/link', 'raw'), serial=b.VOLUME),
            rows=[b.row('vda', b.VOLUME, 'iscsi', device_path='/data/link')],
            source={'/data/link': b.device('iscsi')},
            **_COMMAND_LINE,
        ),
        {'vda': REFUSED},
    ),
    Scenario(
        'no_serial_is_none_that_nova_compares',
        b.case(
            b.disk('vda', b.block('/dev/dm-4')),
            rows=[b.row('vda', None, 'iscsi', device_path='/dev/dm-4')],
            source={'/dev/dm-4': b.device('iscsi')},
            **_BEFORE,
        ),
        {'vda': REFUSED},
    ),
    *_dealt(
        'a_serial_has_nova_set_the_path',
        [(each, KEEP) for each in (_DRIVER, *_NOVA)]
        + [(_COMMAND_LINE, REFUSED)],
        serial=b.VOLUME,
    ),
    *_dealt(
        'nova_compares_the_letters_of_a_serial',
        [(_DRIVER, KEEP), *((each, REFUSED) for each in _NOVA)],
        serial=b.VOLUME.upper(),
    ),
    *_dealt(
        'an_alias_has_our_driver_set_the_path',
        [
            (_DRIVER, KEEP),
            *((each, REFUSED) for each in (*_NOVA, _COMMAND_LINE)),
        ],
        alias=ALIAS,
    ),
    *_dealt(
        'nova_writes_no_serial_for_a_lun',
        [
            (_DRIVER, KEEP),
            *((each, REFUSED) for each in (*_NOVA, _COMMAND_LINE)),
        ],
        serial=b.VOLUME,
        device='lun',
    ),
    *_dealt(
        'a_declaration_settles_it',
        _all(KEEP),
        alias=ALIAS,
        shared=['/dev'],
    ),
    *_dealt(
        'a_volume_that_is_only_read_is_no_other_either',
        [(_DRIVER, 'skip read-only'), (_COMMAND_LINE, REFUSED)],
        alias=ALIAS,
        inside='<readonly/>',
    ),
    *_alike('one_name_on_every_host', _all(KEEP), alias=ALIAS),
    *_alike('one_name_on_every_host_serial', _all(KEEP), serial=b.VOLUME),
    *_alike('one_name_on_every_host_source', _all(KEEP), device='lun'),
    # Swapped: the row has the new volume, the guest the old serial.
    *(
        _of(
            f'a_swapped_volume_{n}',
            decision,
            '/dev/dm-7',
            _row('iscsi', {'device_path': '/dev/dm-7'}),
            options,
            serial=b.OTHER_VOLUME,
            alias=f'ua-{b.OTHER_VOLUME}',
        )
        for n, (options, decision) in enumerate(
            [
                (_DRIVER, KEEP),
                *((each, REFUSED) for each in (*_NOVA, _COMMAND_LINE)),
            ]
        )
    ),
    _of(
        'a_row_that_was_swapped_and_a_connection_that_was_not',
        REFUSED,
        '/dev/dm-7',
        _row('iscsi', {}, volume_id=b.OTHER_VOLUME),
        _BEFORE,
        serial=b.VOLUME,
    ),
    # A device name proves no volume.
    *(
        _of(
            f'a_device_name_alone_{n}',
            REFUSED,
            '/dev/dm-7',
            {**_row('iscsi', {}), 'mount_device': '/dev/sdc'},
            options,
        )
        for n, options in enumerate((_DRIVER, *_NOVA, _COMMAND_LINE))
    ),
    _of(
        'an_encrypted_volume_whose_secret_nova_does_not_pass_on',
        REFUSED,
        '/dev/dm-7',
        _row('iscsi', {}),
        _DRIVER,
        alias=ALIAS,
        inside=b.LUKS,
    ),
    # A local driver's too.
    _of(
        'a_local_driver_declared',
        KEEP,
        '/dev/sdb',
        _row('local', {}),
        _COMMAND_LINE,
        transport='sata',
        serial=b.VOLUME,
        shared=['/dev/sdb'],
    ),
    _of(
        'a_local_driver_on_the_command_line',
        REFUSED,
        '/dev/sdb',
        _row('local', {}),
        _COMMAND_LINE,
        transport='sata',
        serial=b.VOLUME,
    ),
    Scenario(
        'the_same_device_on_both_hosts',
        b.case(
            b.disk('vdb', b.block('/dev/dm-7'), serial=b.VOLUME),
            rows=[_row('iscsi', {})],
            source={'/dev/dm-7': b.device('multipath', identity='i')},
            destination={'/dev/dm-7': b.device('multipath', identity='i')},
            create_images=True,
        ),
        {'vdb': KEEP},
    ),
    # The alias is a key like the serial.
    _of(
        'an_alias_by_the_id_in_data',
        KEEP,
        '/dev/dm-7',
        _row('iscsi', {'volume_id': b.OTHER_VOLUME}),
        _DRIVER,
        alias=f'ua-{b.OTHER_VOLUME}',
    ),
    Scenario(
        'serial_and_alias_at_two',
        b.case(
            b.disk(
                'vdb', b.block('/dev/dm-7'), serial=b.OTHER_VOLUME, alias=ALIAS
            ),
            rows=[_row('iscsi', {}), _row('iscsi', {}, b.OTHER_VOLUME)],
            source={'/dev/dm-7': b.device('multipath')},
        ),
        {'vdb': CONFLICT},
    ),
    _of(
        'a_device_name_against_an_alias',
        CONFLICT,
        '/dev/dm-7',
        {**_row('iscsi', {}), 'mount_device': '/dev/sdc'},
        _OTHERS,
        alias=f'ua-{b.OTHER_VOLUME}',
    ),
    Scenario(
        'an_alias_that_no_row_explains',
        b.case(
            b.disk('vda', b.file('/d/disk'), alias=ALIAS),
            rows=[],
            source={'/d/disk': b.local()},
        ),
        {'vda': 'refuse volume-not-in-mapping'},
    ),
    # A serial whose source is another volume, or another kind of one.
    *(
        _of(
            f'a_{driver}_volume_on_a_device_of_{transport}',
            CONFLICT,
            path,
            _row(driver, data),
            _DRIVER,
            transport=transport,
            serial=b.VOLUME,
            alias=ALIAS,
        )
        for driver, path, transport, data in (
            ('rbd', '/dev/dm-9', 'multipath', {'name': 'volumes/v'}),
            ('rbd', '/dev/sdc', 'iscsi', {'name': 'volumes/v'}),
            ('rbd', '/dev/nvme1n1', 'nvme-fabrics', {'name': 'volumes/v'}),
            ('rbd', '/dev/rbd/volumes/w', 'rbd', {'name': 'volumes/v'}),
            ('nfs', '/dev/dm-9', 'multipath', {'export': EXPORT, 'name': 'v'}),
            ('fibre_channel', '/dev/sdc', 'iscsi', {}),
            ('iscsi', '/dev/sdc', 'fc', {}),
            ('iscsi', '/dev/rbd0', 'rbd', {}),
            ('nvmeof', '/dev/sdc', 'iscsi', {}),
            ('iscsi', '/dev/sdc', 'sata', {}),
            (
                'iscsi',
                f'/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-{IQN}-lun-1',
                'iscsi',
                {'target_iqn': IQN, 'target_lun': 2},
            ),
            (
                'fibre_channel',
                f'/dev/disk/by-id/dm-uuid-mpath-{WWID}',
                'multipath',
                {'multipath_id': f'{WWID[:-1]}2'},
            ),
        )
    ),
    *(
        Scenario(
            f'a_{driver}_volume_whose_source_is_{n}',
            b.case(
                b.disk('vdb', source, serial=b.VOLUME),
                rows=[_row(driver, data)],
                source=facts,
            ),
            {'vdb': CONFLICT},
        )
        for n, (driver, data, source, facts) in enumerate(
            (
                ('rbd', {'name': 'volumes/v'}, b.rbd('volumes/w'), {}),
                ('iscsi', {}, b.rbd('volumes/w'), {}),
                ('local', {}, b.rbd('volumes/w'), {}),
                ('rbd', {'name': 'v/v'}, b.file('/a'), {'/a': b.local()}),
                (
                    'nfs',
                    {'export': EXPORT, 'name': f'volume-{b.VOLUME}'},
                    b.file(f'/m/{HOME}/volume-{b.OTHER_VOLUME}'),
                    {},
                ),
                (
                    'nfs',
                    {'export': EXPORT, 'name': 'v'},
                    b.file('/m/v'),
                    {'/m/v': b.on('nfs4', 'srv:/other')},
                ),
                (
                    'nfs',
                    {'export': EXPORT, 'name': 'v'},
                    b.file('/m/v'),
                    {'/m/v': b.local()},
                ),
            )
        )
    ),
    # Names that differ and are no contradiction.
    *(
        Scenario(
            f'a_{driver}_volume_by_another_of_its_names_{n}',
            b.case(
                b.disk('vdb', source, serial=b.VOLUME),
                rows=[_row(driver, data)],
                source=facts,
            ),
            {'vdb': KEEP},
        )
        for n, (driver, data, source, facts) in enumerate(
            (
                *(
                    (
                        'nfs',
                        {'export': EXPORT, 'name': there},
                        b.file(f'/m/{HOME}/{here}'),
                        {},
                    )
                    for here, there in (
                        (
                            f'volume-{b.VOLUME}.{b.THIRD_VOLUME}',
                            f'volume-{b.VOLUME}',
                        ),
                        (
                            f'volume-{b.VOLUME}',
                            f'volume-{b.VOLUME}.{b.THIRD_VOLUME}',
                        ),
                    )
                ),
                (
                    'nfs',
                    {'export': EXPORT, 'name': f'volume-{b.VOLUME}'},
                    b.file(f'/m/volume-{b.VOLUME}'),
                    {f'/m/volume-{b.VOLUME}': b.on('nfs', '10.0.0.9:/cinder')},
                ),
                (
                    'rbd',
                    {'name': f'volumes/volume-{b.THIRD_VOLUME}'},
                    b.block(f'/dev/rbd/volumes/volume-{b.THIRD_VOLUME}'),
                    {},
                ),
                (
                    'rbd',
                    {'name': 'volumes/v'},
                    b.block('/dev/mapper/crypt-v'),
                    {'/dev/mapper/crypt-v': b.device('dm', 'rbd')},
                ),
                (
                    'rbd',
                    {'name': 'volumes/v'},
                    b.block('/dev/nbd0'),
                    {'/dev/nbd0': b.device('nbd')},
                ),
                (
                    'iscsi',
                    {'multipath_id': WWID, 'device_path': '/dev/dm-1'},
                    b.block('/dev/sdd'),
                    {'/dev/sdd': b.device('iscsi')},
                ),
                (
                    'iscsi',
                    {},
                    b.block('/dev/mapper/crypt-v'),
                    {'/dev/mapper/crypt-v': b.device('dm', 'multipath')},
                ),
                (
                    'nvmeof',
                    {},
                    b.block('/dev/md127'),
                    {'/dev/md127': b.device('md', 'nvme-fabrics')},
                ),
                (
                    'scaleio',
                    {},
                    b.block('/dev/scinia'),
                    {'/dev/scinia': b.device('unknown')},
                ),
                ('iscsi', {}, b.network('iscsi', f'{IQN}/1', 'h'), {}),
                (
                    'vzstorage',
                    {'export': 'mds:/cluster', 'name': 'v'},
                    b.file('/m/v'),
                    {'/m/v': b.on('fuse.vstorage', 'vstorage://cluster')},
                ),
                ('vendor-magic', {'name': 'v'}, b.rbd('volumes/w'), {}),
            )
        )
    ),
)
