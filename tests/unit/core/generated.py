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

"""Cases by chance, from a few names so that they meet."""

import json

from hypothesis import strategies as st

from tests.unit.core import builders as b

TARGETS = ('vda', 'vdb', 'vdc', 'sda', 'hda')
PATHS = ('/a/0', '/a/1', '/a/b/0', '/c/0', '/c/link', '/dev/x', '/dev/y')
PREFIXES = ('/', '/a', '/a/b', '/a/b/0', '/c', '/dev', '/dev/x', '/real')
SERIALS = (None, None, 'plain', *b.VOLUMES)
IMAGES = ('volumes/0', 'volumes/1', f'volumes/volume-{b.VOLUME}')
HOSTS = (
    *('10.0.0.1', 'server', '127.0.0.1', '::1', 'localhost'),
    "transport='unix' socket='/a/0'",
)
IDENTITIES = st.none() | st.sampled_from(['i', 'j'])


def _some(**fields):
    """Fields of an object, those that are None left out."""
    return st.fixed_dictionaries(fields).map(
        lambda tree: {k: v for k, v in tree.items() if v is not None}
    )


files = _some(
    exists=st.just(True),
    kind=st.just('file'),
    fstype=st.sampled_from(
        ['ext4', 'xfs', 'overlay', 'nfs', 'nfs4', 'fuse.glusterfs', 'odd']
    ),
    mount_source=st.none() | st.sampled_from(['/dev/vda1', 's:/e', 's:/f']),
    identity=IDENTITIES,
    resolved=st.none() | st.none() | st.sampled_from(['/real/0', '/a/0']),
    virtual_bytes=st.none() | st.integers(0, b.GIB),
    allocated_bytes=st.none() | st.integers(0, b.GIB),
)
devices = _some(
    exists=st.just(True),
    kind=st.just('block'),
    fstype=st.none() | st.just('devtmpfs'),
    transport=st.none()
    | st.sampled_from(['sata', 'nvme', 'loop', 'dm', 'iscsi', 'fc', 'odd']),
    slaves=st.none()
    | st.lists(st.sampled_from(['sata', 'nvme', 'iscsi']), max_size=2),
    identity=IDENTITIES,
    virtual_bytes=st.none() | st.integers(0, b.GIB),
)
unlisted = st.just({'exists': True, 'kind': 'other'})
facts = st.dictionaries(
    st.sampled_from(PATHS),
    st.one_of(files, files, devices, st.just(b.GONE), st.just({}), unlisted),
    max_size=len(PATHS),
)
formats = st.sampled_from(['raw', 'qcow2'])
paths = st.sampled_from(PATHS)
inside = st.sampled_from(['', '', '', b.LUKS, b.data_store('/c/0')])
on_host = st.one_of(
    st.builds(b.file, paths, formats, inside),
    st.builds(b.block, paths, formats),
)
on_network = st.one_of(
    st.builds(
        b.network,
        st.just('nbd'),
        st.sampled_from(IMAGES),
        st.sampled_from(HOSTS),
    ),
    st.builds(b.rbd, st.sampled_from(IMAGES)),
)
sources = st.one_of(
    on_host,
    on_host,
    on_network,
    st.builds(b.volume, st.sampled_from(['p', 'q']), st.just('0')),
    st.sampled_from(
        [None, b.nvme(), b.vhostuser(), b.vdpa(), b.directory('/a')]
    ),
)
rows = st.one_of(
    st.builds(
        b.row,
        st.none() | st.sampled_from(TARGETS),
        st.none() | st.sampled_from(b.VOLUMES),
        driver=st.sampled_from(
            ['iscsi', 'fibre_channel', 'nfs', 'local', 'odd', None]
        ),
        device_path=paths | st.none(),
    ),
    st.builds(
        b.row,
        st.none() | st.sampled_from(TARGETS),
        st.none() | st.sampled_from(b.VOLUMES),
        driver=st.just('rbd'),
        name=st.sampled_from(IMAGES),
    ),
    st.just({'mount_device': None, 'connection_info': None}),
)


@st.composite
def disks(draw, target):
    source = draw(sources)
    lower = st.lists(st.one_of(on_host, on_network), max_size=2)
    flags = ('readonly', 'shareable', 'transient')
    return b.disk(
        target,
        source,
        *(flag for flag in flags if draw(st.integers(0, 7)) == 7),
        device=draw(
            st.sampled_from(['disk'] * 6 + ['cdrom', 'floppy', 'lun'])
        ),
        serial=draw(st.sampled_from(SERIALS)),
        over=draw(lower) if source and draw(st.booleans()) else (),
        ends=draw(st.integers(0, 3)) < 3,
    )


@st.composite
def policies(draw):
    """Declared paths that do not contradict each other."""
    words = draw(
        st.dictionaries(
            st.sampled_from(PREFIXES),
            st.sampled_from(['shared', 'local']),
            max_size=3,
        )
    )
    return {
        f'{word}_paths': [p for p, said in words.items() if said == word]
        for word in ('shared', 'local')
    }


_CLUSTERS = [
    {'type': 'rbd', 'hosts': [{'name': name}], 'name': pool}
    for name in ('10.0.0.1', '10.0.0.2', '127.0.0.1')
    for pool in ('vms', 'volumes')
]
pools = st.sampled_from(
    [
        {},
        {'p': {'type': 'dir', 'path': '/a'}},
        {'p': {'type': 'rbd'}, 'q': {'type': 'netfs'}},
        *({'p': cluster, 'q': cluster} for cluster in _CLUSTERS),
    ]
)


@st.composite
def cases(draw):
    """A case, with input that meets in places."""
    targets = draw(st.lists(st.sampled_from(TARGETS), unique=True, max_size=4))
    here = draw(facts)
    # Half of the time the destination knows the same.
    there = {**draw(facts), **(here if draw(st.booleans()) else {})}
    tree = b.case(
        *[draw(disks(target)) for target in targets],
        rows=draw(st.none() | st.lists(rows, max_size=4)),
        source=here,
        destination=there,
        pools=draw(pools),
        pools_there=draw(st.none() | pools),
        state=draw(
            st.sampled_from(
                [None, None, {'state': 'running'}, {'block_jobs': ['vda']}]
            )
        ),
        create_images=draw(st.booleans()),
        existing=draw(
            st.lists(st.sampled_from(TARGETS), unique=True, max_size=3)
        ),
        tunnelled=draw(st.sampled_from([False, False, False, True])),
    )
    tree['policy'] = draw(policies())
    return tree


@st.composite
def rearranged(draw, tree):
    """Say the same in another order, with rows of a mapping twice."""

    def shuffled(node):
        if isinstance(node, dict):
            keys = draw(st.permutations(list(node)))
            return {key: shuffled(node[key]) for key in keys}
        return node

    tree = shuffled(json.loads(json.dumps(tree)))
    for name in ('shared_paths', 'local_paths'):
        said = tree['policy'][name]
        tree['policy'][name] = draw(st.permutations(said * 2))
    info = tree.get('block_device_info')
    if info:
        mapping = info['block_device_mapping']
        twice = [row for row in mapping if draw(st.booleans())]
        info['block_device_mapping'] = [
            _as_text(row) if draw(st.booleans()) else row
            for row in draw(st.permutations([*mapping, *twice]))
        ]
    return tree


def _as_text(row):
    """Keep the connection info as nova's database does."""
    return {**row, 'connection_info': json.dumps(row['connection_info'])}
