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

"""Recorded cases, as trees of the format in doc/source/reference/cases.rst."""

from tests.unit.core import builders

LOCAL = '/srv/local/vda'
SHARED = '/srv/shared/vdb'


def ready(**more: object) -> builders.Tree:
    """One local disk, one on the network, an empty cdrom."""
    return builders.case(
        builders.disk('vda', builders.file(LOCAL, 'raw')),
        builders.disk('vdb', builders.rbd()),
        builders.cdrom('sda'),
        source={LOCAL: builders.local()},
        **more,
    )


def refused() -> builders.Tree:
    """One disk of which nothing is known beside one that is local."""
    return builders.case(
        builders.disk('vda', builders.file(LOCAL, 'raw')),
        builders.disk('vdb', builders.file(SHARED, 'raw')),
        source={LOCAL: builders.local()},
    )
