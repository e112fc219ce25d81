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


"""Options of memory, names and definitions that exclude each other."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

_CONFLICT = 'options-conflict'
_NEW, _OLD = 9_004_000, 9_003_999


def _asked(
    name,
    transport,
    *plan,
    state='running',
    libvirt=(_NEW, _NEW),
    **options,
):
    source, destination = libvirt
    case = b.case(
        b.disk('vda', b.file('/d/a')),
        source={'/d/a': b.local()},
        state={'state': state, 'persistent': True},
        versions={
            'source': {'libvirt': source} if source else {},
            'destination': {'libvirt': destination} if destination else {},
        },
        transport=transport,
        **options,
    )
    return Scenario(name, case, {'vda': 'copy local-filesystem'}, plan)


def _with(*methods, **details):
    return {
        'compression': {
            'compressed': True,
            'methods': [*methods],
            **details,
        }
    }


SCENARIOS = (
    _asked('nothing', {}),
    _asked('another_name', {'dname': 'other'}),
    _asked('no_name', {'dname': ''}, _CONFLICT),
    _asked('blank', {'dname': ' '}, _CONFLICT),
    _asked('a_path_for_a_name', {'dname': 'a/b'}, _CONFLICT),
    _asked('two_lines_for_a_name', {'dname': 'a\nb'}, _CONFLICT),
    _asked('compressed', _with()),
    _asked('compressed_parallel', _with(), _CONFLICT, parallel=True),
    *(_asked(f'{method}_alone', _with(method)) for method in ('xbzrle', 'mt')),
    *(
        _asked(f'{method}_parallel', _with(method), _CONFLICT, parallel=True)
        for method in ('xbzrle', 'mt')
    ),
    *(
        _asked(f'{method}_alone', _with(method), _CONFLICT)
        for method in ('zlib', 'zstd')
    ),
    *(
        _asked(f'{method}_parallel', _with(method), parallel=True)
        for method in ('zlib', 'zstd')
    ),
    *(
        _asked(
            f'zstd_of_{here}_and_{there}',
            _with('zstd'),
            *plan,
            libvirt=(here, there),
            parallel=True,
        )
        for here, there, plan in (
            (_OLD, _NEW, (_CONFLICT,)),
            (_NEW, _OLD, (_CONFLICT,)),
            (_OLD, _OLD, (_CONFLICT, _CONFLICT)),
            (None, None, ()),
        )
    ),
    _asked('a_method_of_tomorrow', _with('odd'), _CONFLICT),
    _asked('a_level_without_its_method', _with('mt', zstd_level=3), _CONFLICT),
    _asked('a_level', _with('zstd', zstd_level=3), parallel=True),
    _asked('connections_alone', {'parallel_connections': 2}, _CONFLICT),
    _asked('connections', {'parallel_connections': 2}, parallel=True),
    _asked(
        'post_copy_that_is_not_allowed',
        {'postcopy_after_precopy': True},
        _CONFLICT,
    ),
    _asked('post_copy', {'postcopy_after_precopy': True}, postcopy=True),
    _asked(
        'post_copy_after_a_time_that_is_not_allowed',
        {'timeout': 1, 'timeout_action': 'postcopy'},
        _CONFLICT,
    ),
    _asked(
        'post_copy_after_a_time',
        {'timeout': 1, 'timeout_action': 'postcopy'},
        postcopy=True,
    ),
    _asked('never', {'timeout': 0, 'timeout_action': 'postcopy'}),
    _asked('a_time', {'timeout': 1}),
    *(
        _asked(f'{name}{"_" if option else ""}{option}', {name: value}, *plan)
        if not option
        else _asked(f'{name}_{option}', {name: value}, **{option: True})
        for name, value, needed in (
            ('auto_converge_initial', 20, 'auto_converge'),
            ('auto_converge_increment', 10, 'auto_converge'),
            ('postcopy_bandwidth', 5, 'postcopy'),
            ('tls_destination', 'there', 'tls'),
        )
        for option, plan in (('', (_CONFLICT,)), (needed, ()))
    ),
    _asked('errors_abort', {'abort_on_error': True}),
    *(
        _asked(
            f'switchover_{libvirt}',
            {'switchover_bandwidth': 5},
            *plan,
            libvirt=(libvirt, _OLD),
        )
        for libvirt, plan in (
            (11_000_999, (_CONFLICT,)),
            (11_001_000, ()),
            (None, ()),
        )
    ),
    _asked('suspended', {'suspend': True}),
    _asked('suspended_post_copy', {'suspend': True}, _CONFLICT, postcopy=True),
    # The plan leaves post-copy out then.
    _asked(
        'paused_post_copy', {'suspend': True}, state='paused', postcopy=True
    ),
)
