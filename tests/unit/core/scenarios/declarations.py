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

"""What the operator declares: shared_paths and local_paths."""

from tests.unit.core import builders as b
from tests.unit.core.scenarios.scenario import Scenario

PATH = '/srv/a/b/disk'
DISK = b.disk('vda', b.file(PATH))


def _of(name, decision, shared=(), local=(), facts=None, known=None):
    return Scenario(
        name,
        b.case(
            DISK,
            source={PATH: facts or b.on('nfs')},
            destination={PATH: known} if known else {},
            shared=shared,
            local=local,
        ),
        {'vda': decision},
    )


_SAME = b.on('nfs', identity='i')
_EXT4 = b.local()
_LINK = b.on('nfs', resolved='/real/disk')

SCENARIOS = (
    _of('shared_settles_a_candidate', 'keep declared-shared', ['/srv']),
    _of('local_settles_a_candidate', 'copy declared-local', [], ['/srv']),
    _of(
        'the_longest_prefix_wins_for_local',
        'copy declared-local',
        ['/srv', '/'],
        ['/srv/a/b'],
    ),
    _of(
        'the_longest_prefix_wins_for_shared',
        'keep declared-shared',
        ['/srv/a/b/disk'],
        ['/srv/a'],
    ),
    _of('the_root_is_a_prefix', 'keep declared-shared', ['/']),
    _of('a_slash_at_the_end', 'keep declared-shared', ['/srv/']),
    _of('half_a_component_is_no_prefix', 'refuse', ['/srv/a/b/di', '/sr']),
    _of('a_longer_path_is_no_prefix', 'refuse', ['/srv/a/b/disk/x']),
    _of(
        'the_path_behind_symlinks_counts',
        'keep declared-shared',
        ['/real'],
        facts=_LINK,
    ),
    _of(
        'the_path_behind_symlinks_counts_for_local',
        'copy declared-local',
        local=['/real'],
        facts=_LINK,
    ),
    _of(
        'link_and_target_declared_in_two_ways',
        'refuse',
        ['/srv'],
        ['/rea', '/real'],
        facts=_LINK,
    ),
    _of(
        'shared_against_a_local_file_system',
        'refuse declaration-conflict',
        ['/srv'],
        facts=_EXT4,
    ),
    _of(
        'local_agrees_with_a_local_file_system',
        'copy',
        local=['/srv'],
        facts=_EXT4,
    ),
    _of(
        'local_against_one_identity',
        'refuse declaration-conflict',
        local=['/srv'],
        facts=_SAME,
        known=_SAME,
    ),
    _of(
        'shared_agrees_with_one_identity',
        'keep',
        ['/srv'],
        facts=_SAME,
        known=_SAME,
    ),
    _of(
        'shared_against_a_destination_without_the_file',
        'refuse',
        ['/srv'],
        known=b.GONE,
    ),
    Scenario(
        'local_against_an_attachment',
        b.case(
            DISK,
            rows=[b.row('vda', b.VOLUME)],
            local=['/srv'],
            source={PATH: b.on('nfs')},
        ),
        {'vda': 'refuse declaration-conflict'},
    ),
    Scenario(
        'a_declaration_needs_no_facts',
        b.case(DISK, shared=['/srv']),
        {'vda': 'keep declared-shared'},
    ),
    # What the destination is seen to lack is not shared.
    *(
        Scenario(
            f'a_destination_without_the_file_{n}_{key}',
            b.case(
                DISK,
                source={PATH: facts} if facts else {},
                destination={PATH: b.GONE},
                **more,
            ),
            {'vda': decision},
        )
        for n, (facts, undeclared) in enumerate(
            (
                ({}, 'refuse locality-unknown'),
                (b.GONE, 'refuse source-missing'),
                ({'error': 'ESTALE'}, 'refuse locality-unknown'),
            )
        )
        for key, more, decision in (
            ('and_nothing_declared', {}, undeclared),
            ('shared', {'shared': ['/srv']}, 'refuse declaration-conflict'),
            ('local', {'local': ['/srv']}, 'copy declared-local'),
        )
    ),
    # Behind a link, .. leads elsewhere than the path says.
    *(
        Scenario(
            f'a_path_by_way_of_a_parent_{key}_{n}',
            b.case(
                b.disk('vda', b.file('/srv/link/../a/disk')),
                source={'/srv/link/../a/disk': b.on('nfs', resolved=resolved)},
                **{key: ['/srv/a']},
            ),
            {'vda': decision},
        )
        for key, declared in (
            ('shared', 'keep declared-shared'),
            ('local', 'copy declared-local'),
        )
        for n, (resolved, decision) in enumerate(
            (
                (None, 'refuse shared-not-confirmed'),
                ('/other/a/disk', 'refuse shared-not-confirmed'),
                ('/srv/a/disk', declared),
            )
        )
    ),
)
