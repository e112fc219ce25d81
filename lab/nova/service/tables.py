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

"""Make the tables that both hosts and the test use."""

import fcntl
from pathlib import Path

from nova.db.api import api as api_db
from nova.db.api import models as api_models
from nova.db.main import api as main_db
from nova.db.main import models as main_models
import sqlalchemy  # type: ignore[import-not-found,import-untyped,unused-ignore]


def make(directory: Path) -> None:
    """Make them, unless the other host has."""
    with (directory / 'tables.lock').open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for database, models in (
            (main_db, main_models),
            (api_db, api_models),
        ):
            engine = database.get_engine()
            sqlalchemy.event.listen(
                engine, 'before_cursor_execute', _lock_at_once, retval=True
            )
            models.BASE.metadata.create_all(engine)


def _lock_at_once(
    connection: object,
    cursor: object,
    statement: str,
    parameters: object,
    context: object,
    many: bool,
) -> tuple[str, object]:
    """Begin so that SQLite waits for other processes.

    It does not where a transaction that has read begins to write.
    """
    if statement == 'BEGIN':
        statement = 'BEGIN IMMEDIATE'
    return statement, parameters
