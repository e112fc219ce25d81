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

"""What nova's hosts tell each other about a live migration, recorded."""

import functools
import json
import re
import typing

import fixtures
from nova.compute import rpcapi
from nova.objects import migrate_data

CALLS = (
    'check_can_live_migrate_destination',
    'check_can_live_migrate_source',
    'pre_live_migration',
    'live_migration',
    'post_live_migration_at_destination',
    'rollback_live_migration_at_destination',
)
# What differs between two runs of one scenario, by nature.
ACCIDENTS = {
    r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}': 'UUID',
    r'instance-[0-9a-f]{8}': 'NAME',
    r'\d{4}-\d\d-\d\d[T ][\d:.]+Z?': 'TIME',
    r'\btmp[0-9a-z_]{8}\b': 'TEMPORARY',
    r'"(\w*id)": \d+': r'"\1": NUMBER',
    r'[a-z]{20}': 'WORD',
}


def plain(value: typing.Any) -> str:
    """Write a value so that two runs of one scenario write the same."""
    text = json.dumps(value, sort_keys=True, default=str)
    for accident, name in ACCIDENTS.items():
        text = re.sub(accident, name, text)
    return text


class Wire(fixtures.Fixture):
    """Records, of each remote call, migrate_data and the list of disks."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def _setUp(self) -> None:
        for name in CALLS:
            self._record(name)

    def _record(self, name: str) -> None:
        call = getattr(rpcapi.ComputeAPI, name)

        @functools.wraps(call)
        def recorded(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            self._note(name, args, kwargs)
            answer = call(*args, **kwargs)
            self._note(f'answer of {name}', [answer], {})
            return answer

        self.useFixture(
            fixtures.MockPatchObject(rpcapi.ComputeAPI, name, recorded)
        )

    def _note(
        self,
        name: str,
        args: typing.Iterable[typing.Any],
        kwargs: dict[str, typing.Any],
    ) -> None:
        told = [
            value.obj_to_primitive()
            if isinstance(value, migrate_data.LiveMigrateData)
            else value
            for value in (*args, *kwargs.values())
            if isinstance(value, (migrate_data.LiveMigrateData, str))
        ]
        self.seen.append(f'{name}: {plain(told)}')
