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

"""How a live migration ended, and the ways to end one."""

import typing

from tests.nova import base

MOVED: dict[str, typing.Any] = {
    'status': 'ACTIVE',
    'task': None,
    'host': 'dest',
    'migration': 'completed',
}
REFUSED = MOVED | {'host': 'src', 'migration': 'error'}
FAILED = MOVED | {'host': 'src', 'migration': 'failed'}
CANCELLED = MOVED | {'host': 'src', 'migration': 'cancelled'}
IN_ERROR = MOVED | {'status': 'ERROR', 'host': 'src', 'migration': 'error'}
CAUSE = 'the link is down'


def fail(test: base.MigrationTest, server: base.Server) -> None:
    """Have libvirt fail."""
    test.fake.course(server['id']).fails = CAUSE
    test.live_migrate(server)
    test.rolled_back.wait()


def cancel(test: base.MigrationTest, server: base.Server) -> None:
    """Have the user abort it while it runs."""
    test.fake.course(server['id']).hold()
    test.request(server)
    test.abort(server)
    test.migrated.wait()
    test.rolled_back.wait()
