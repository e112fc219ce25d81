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

"""The options, read once when nova-compute starts."""

import dataclasses
import enum
import typing

from nova_selective_migrate.core.case import policy as policy_


class Mode(enum.Enum):
    """What becomes of a plan."""

    ENFORCE = 'enforce'
    AUDIT = 'audit'


@dataclasses.dataclass(frozen=True)
class Settings:
    """The [selective_migrate] options of a host on which it is enabled.

    :ivar media_limit: bytes
    :ivar parallel_mirrors: disks to copy at a time, 0 for all
    """

    mode: Mode
    policy: policy_.LocalityPolicy
    media_limit: int
    parallel_mirrors: int = 0

    @classmethod
    def of(cls, group: typing.Any) -> typing.Self:
        """Read the option group.

        :raises InvalidPolicy: when the declared paths contradict each other
        """
        return cls(
            mode=Mode(group.mode),
            policy=policy_.LocalityPolicy(
                tuple(group.shared_paths), tuple(group.local_paths)
            ),
            media_limit=group.media_limit * 2**20,
            parallel_mirrors=group.parallel_mirrors,
        )
