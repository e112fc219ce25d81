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

"""Recorded cases and their plans: tests/unit/data/cases.

``python -m tests.unit.core.golden`` writes them anew from the scenarios;
look at the difference before it is committed.
"""

import json
import pathlib
import typing

from tests.unit.core import planned
from tests.unit.core import scenarios

FOLDER = pathlib.Path(__file__).parent.parent / 'data' / 'cases'
#: The scenario that each recorded case shows.
CASES = {
    'block-job-and-snapshots': 'whole_plan.all_that_is_wrong_is_listed',
    'dm-over-iscsi': 'devices.dm_over_iscsi_is_not_local',
    'image-to-make': 'images.an_image_is_made',
    'iscsi-joined-by-path': 'joins.iscsi_by_path_name',
    'local-over-shared': 'chains.local_over_shared',
    'loopback-server': 'networks.loopback_127.0.0.1',
    'nfs-confirmed': 'filesystems.nfs4_with_the_same_identity_is_shared',
    'nfs-disproved': 'filesystems.nfs_on_another_export_is_disproved',
    'one-bad-disk': (
        'filesystems.one_bad_disk_refuses_all_and_the_good_keep_their_action'
    ),
    'only-shared': 'whole_plan.tunnelled_without_copy',
    'serial-and-source-at-two': 'joins.serial_and_source_at_two',
    'shared-over-local': 'chains.shared_over_local',
    'stale-names-crossed': 'joins.two_names_crossed_are_a_conflict',
    'too-many-parameters': 'whole_plan.62_disks_alone',
    'volume-without-disk': 'mappings.a_volume_without_a_disk',
    'whole-chain': 'chains.local_over_another_local_image',
}


def paths(name: str) -> tuple[pathlib.Path, pathlib.Path]:
    """Return the files of a case and of its plan."""
    return FOLDER / f'{name}.json', FOLDER / f'{name}.plan.json'


def write(path: pathlib.Path, tree: typing.Any) -> None:
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + '\n')


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, scenario in CASES.items():
        case, plan = paths(name)
        tree = scenarios.find(scenario).case
        write(case, tree)
        write(plan, planned.plan(tree))


if __name__ == '__main__':
    main()
