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

"""What stops a guest beside its disks, and snapshots inside of images."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

_DISK = '/d/a'
_SHARE = '/srv/x'
_COPY = {'vda': 'copy local-filesystem'}
_LEFT = 'files-left-behind'
_DEVICE = 'device-not-migratable'
_OLD, _NEW = 9_000_000, 11_003_000


def _share(driver='virtiofs', source=f"dir='{_SHARE}'", inside=''):
    return (
        f"<filesystem type='mount'><driver type='{driver}'/>"
        f"<source {source}/><target dir='t'/>{inside}</filesystem>"
    )


def _hostdev(kind, inside='<source/>', mode='subsystem'):
    return f"<hostdev mode='{mode}' type='{kind}'>{inside}</hostdev>"


def _interface(kind, inside=''):
    return f"<interface type='{kind}'>{inside}</interface>"


_TEAM = "<teaming type='transient' persistent='ua-x'/>"
_ISCSI = "<source protocol='iscsi' name='iqn.x/1'><host name='h'/></source>"


def _with(name, device, *plan, libvirt=_NEW, qemu=10_000_009, **more):
    facts = more.pop('facts', {})
    there = more.pop('there', {})
    case = b.case(
        b.disk('vda', b.file(_DISK)),
        source={_DISK: b.local(), **facts},
        destination=there,
        versions={
            'source': {
                k: v
                for k, v in {'libvirt': libvirt, 'qemu': qemu}.items()
                if v
            }
        },
        **more,
    )
    case['domain_xml'] = case['domain_xml'].replace(
        '</devices>', f'{device}</devices>'
    )
    return Scenario(name, case, _COPY, plan)


_PMEM = '/srv/pmem'


def _memory(name, model, access, facts, there, *plan, **more):
    return _with(
        name,
        f"<memory model='{model}' access='{access}'><source>"
        f'<path>{_PMEM}</path></source></memory>',
        *plan,
        facts={_PMEM: facts} if facts else {},
        there={_PMEM: there} if there else {},
        **more,
    )


def _arguments(name, arguments, *plan, **more):
    """A guest with arguments of QEMU's own."""
    scenario = _with(name, '', *plan, **more)
    given = ''.join(f'<q:arg{b.attributes(value=a)}/>' for a in arguments)
    line = (
        "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
        f'{given}</q:commandline>'
    )
    scenario.case['domain_xml'] = scenario.case['domain_xml'].replace(
        '</domain>', f'{line}</domain>'
    )
    return scenario


def _directory(name, fstype, *plan, identity=None, seen=None, **more):
    known = {
        'exists': True,
        'kind': 'directory',
        'fstype': fstype,
        'mount_source': 'srv:/e',
    }
    if identity:
        known['identity'] = identity
    there = {} if seen is None else {_SHARE: {**known, 'identity': seen}}
    return _with(
        name, _share(), *plan, facts={_SHARE: known}, there=there, **more
    )


def _snapshots(name, expected, *, top=None, base=None, **more):
    images = {_DISK: b.local(), '/d/base': b.local()}
    for path, count in ((_DISK, top), ('/d/base', base)):
        if count is not None:
            images[path] = {**images[path], 'internal_snapshots': count}
    return Scenario(
        name,
        b.case(
            b.disk('vda', b.file(_DISK), over=[b.file('/d/base')]),
            source=images,
            **more,
        ),
        {'vda': expected},
    )


SCENARIOS = (
    _directory('a_local_directory', 'ext4', _LEFT),
    _directory('a_directory_that_nobody_knows', 'odd', _LEFT),
    _directory('a_directory_that_could_be_shared', 'nfs', _LEFT),
    _directory('a_shared_directory', 'nfs', identity='i', seen='i'),
    _directory('another_export', 'nfs', _LEFT, identity='i', seen='j'),
    _directory('a_declared_directory', 'nfs', shared=['/srv']),
    _directory('a_declaration_against_a_proof', 'xfs', _LEFT, shared=['/srv']),
    _directory('declared_local', 'nfs', _LEFT, local=['/srv']),
    _directory(
        'libvirt_9_moves_no_virtiofs',
        'nfs',
        _DEVICE,
        libvirt=_OLD,
        shared=['/srv'],
    ),
    *(
        _directory(
            f'virtiofs_of_{libvirt}',
            'nfs',
            *plan,
            libvirt=libvirt,
            shared=['/srv'],
        )
        for libvirt, plan in ((9_000_999, (_DEVICE,)), (9_001_000, ()))
    ),
    _directory(
        'of_libvirt_nothing_is_known', 'nfs', libvirt=None, shared=['/srv']
    ),
    _with('a_directory_of_which_nothing_is_known', _share(), _LEFT),
    _with('a_read_only_one', _share(inside='<readonly/>'), _LEFT),
    _with('9p_of_a_local_directory', _share('path'), _LEFT),
    _with('9p_declared', _share('path'), shared=['/srv'], libvirt=_OLD),
    _with('a_socket_of_a_virtiofsd', _share(source="socket='/run/v'"), _LEFT),
    _with(
        'a_socket_that_is_declared',
        _share(source="socket='/run/v'"),
        shared=['/run/v'],
    ),
    # Passthrough: libvirt asks QEMU from 8.6 on, and QEMU moves what is
    # VFIO from 8.1 on.
    *(
        _with(
            f'{name}_{libvirt}_{qemu}', xml, *plan, libvirt=libvirt, qemu=qemu
        )
        for name, xml in (
            ('pci', _hostdev('pci')),
            ('mdev', _hostdev('mdev')),
            ('interface', _interface('hostdev')),
        )
        for libvirt, qemu, plan in (
            (8_005_999, 8_001_000, (_DEVICE,)),
            (8_006_000, 8_000_999, (_DEVICE,)),
            (8_006_000, 8_001_000, ()),
            (None, None, ()),
        )
    ),
    *(
        _with(name, xml, *plan, libvirt=libvirt)
        for name, xml, libvirt, plan in (
            ('usb', _hostdev('usb'), 8_000_000, ()),
            ('teamed', _hostdev('pci', _TEAM), 8_000_000, ()),
            (
                'teamed_interface',
                _interface('hostdev', _TEAM),
                8_000_000,
                (),
            ),
            ('scsi', _hostdev('scsi'), _NEW, (_DEVICE,)),
            ('scsi_iscsi', _hostdev('scsi', _ISCSI), _NEW, ()),
            (
                'scsi_iscsi_old',
                _hostdev('scsi', _ISCSI),
                8_000_000,
                (_DEVICE,),
            ),
            ('scsi_host', _hostdev('scsi_host'), _NEW, (_DEVICE,)),
            (
                'capabilities',
                _hostdev('misc', mode='capabilities'),
                _NEW,
                (_DEVICE,),
            ),
            ('vdpa', _interface('vdpa'), _NEW, ()),
            ('vdpa_old', _interface('vdpa'), 8_005_000, (_DEVICE,)),
            ('bridge', _interface('bridge'), 8_000_000, ()),
            ('shmem', "<shmem name='x'/>", _NEW, (_DEVICE,)),
            (
                'shmem_master',
                "<shmem name='x' role='master'>"
                "<model type='ivshmem-plain'/></shmem>",
                _NEW,
                (),
            ),
            (
                'shmem_legacy',
                "<shmem name='x' role='master'>"
                "<model type='ivshmem'/></shmem>",
                _NEW,
                (_DEVICE,),
            ),
        )
    ),
    _with('vdpa_is_no_vfio', _interface('vdpa'), qemu=8_000_999),
    # nova has taken these from the guest, or judged them itself.
    *(
        _with(
            f'nova_{name}',
            xml,
            *plan,
            libvirt=8_000_000,
            prepared={'directory': '/d'},
        )
        for name, xml, plan in (
            ('pci', _hostdev('pci'), ()),
            ('mdev', _hostdev('mdev'), ()),
            ('interface', _interface('hostdev'), ()),
            ('vdpa', _interface('vdpa'), ()),
            ('scsi', _hostdev('scsi'), (_DEVICE,)),
            ('a_local_directory', _share('path'), (_LEFT,)),
        )
    ),
    # Snapshots inside of an image.
    _snapshots('snapshots_inside', 'refuse internal-snapshots', top=2),
    _snapshots('no_snapshot_inside', 'copy local-filesystem', top=0, base=0),
    _snapshots(
        'snapshots_inside_below', 'refuse internal-snapshots', top=0, base=1
    ),
    _snapshots('nothing_told_of_snapshots', 'copy local-filesystem'),
    Scenario(
        'snapshots_inside_of_what_is_kept',
        b.case(
            b.disk('vda', b.file('/n/a')),
            source={'/n/a': b.on('nfs', identity='i', internal_snapshots=1)},
            destination={'/n/a': b.on('nfs', identity='i')},
        ),
        {'vda': 'keep same-at-destination'},
    ),
    Scenario(
        'snapshots_inside_of_a_base_that_is_there',
        b.case(
            b.disk('vda', b.file(_DISK), over=[b.file('/n/a')]),
            source={
                _DISK: b.local(),
                '/n/a': b.on('nfs', identity='i', internal_snapshots=1),
            },
            destination={'/n/a': b.on('nfs', identity='i')},
        ),
        {'vda': 'copy local-over-shared'},
    ),
    # Disks of which libvirt knows nothing: it neither copies nor checks them.
    *(
        _arguments(f'arguments_of_qemu_{n}', arguments, *plan)
        for n, (arguments, plan) in enumerate(
            (
                (('-drive', 'file=/d/b,if=virtio'), (_DEVICE,)),
                (('--drive', 'file=/d/b'), (_DEVICE,)),
                (('-hdb', '/d/b'), (_DEVICE,)),
                (('-s', '-drive'), (_DEVICE,)),
                (
                    ('-blockdev', 'driver=file,node-name=b,filename=/d/b'),
                    (_DEVICE,),
                ),
                (('-fsdev', 'local,id=f,path=/srv'), (_DEVICE,)),
                (('-virtfs', 'local,path=/srv'), (_DEVICE,)),
                (('-device', 'vhost-user-blk-pci,chardev=c'), (_DEVICE,)),
                (('-device', 'vhost-user-fs-pci,chardev=c'), (_DEVICE,)),
                (('-drive', 'file=/d/b,readonly=on,if=none'), ()),
                (('-drive', 'file=/d/b,media=cdrom'), ()),
                (('-drive', 'if=pflash,format=raw,file=/vars'), ()),
                (('-blockdev', '{"driver": "file", "read-only": true}'), ()),
                (('-cdrom', '/d/b'), ()),
                (('-device', 'isa-debugcon,iobase=0x402'), ()),
                (('-cpu', 'host,-drive'), ()),
                ((), ()),
            )
        )
    ),
    _arguments(
        'arguments_of_qemu_with_nova',
        ('-drive', 'file=/d/b'),
        _DEVICE,
        prepared={'directory': '/d', 'shared_directory': False},
    ),
    # QEMU does not send the content of virtio-pmem.
    *(
        _memory(f'virtio_pmem_{n}', 'virtio-pmem', 'shared', *known, **more)
        for n, (known, more) in enumerate(
            (
                ((b.local(), b.GONE, _DEVICE), {}),
                ((None, None, _DEVICE), {}),
                ((b.on('nfs'), None, _DEVICE), {}),
                ((b.on('nfs', identity='i'), b.on('nfs', identity='i')), {}),
                ((None, None), {'shared': [_PMEM]}),
            )
        )
    ),
    # That of an nvdimm it writes into the file at the destination.
    _memory(
        'an_nvdimm_that_both_hosts_have',
        'nvdimm',
        'shared',
        b.local(identity='i'),
        b.local(identity='i'),
        _DEVICE,
    ),
    *(
        _memory(f'nvdimm_{access}_{n}', 'nvdimm', access, *known, **more)
        for access in ('shared', 'private')
        for n, (known, more) in enumerate(
            (
                ((b.local(), b.GONE), {}),
                ((None, None), {}),
                (({'exists': True, 'kind': 'other'}, None), {}),
                (
                    (
                        b.on('nfs'),
                        None,
                        *([_DEVICE] if access == 'shared' else []),
                    ),
                    {},
                ),
                (
                    (
                        b.on('nfs', identity='i'),
                        b.on('nfs', identity='i'),
                        *([_DEVICE] if access == 'shared' else []),
                    ),
                    {},
                ),
                (
                    (
                        None,
                        None,
                        *([_DEVICE] if access == 'shared' else []),
                    ),
                    {'shared': [_PMEM]},
                ),
                ((b.on('nfs'), None), {'local': [_PMEM]}),
            )
        )
    ),
)
