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

"""Read and change the records that the nova-computes share."""

from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
from pathlib import Path
import sqlite3
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Database:
    """Nova's SQLite database."""

    path: Path

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Return what a SELECT finds."""
        with contextlib.closing(self._connect()) as connection:
            found = connection.execute(statement, values).fetchall()
        return [dict(row) for row in found]

    def change(self, statement: str, *values: Any) -> None:
        """Carry out an UPDATE or DELETE that changes something."""
        with contextlib.closing(self._connect()) as connection, connection:
            changed = connection.execute(statement, values).rowcount
        assert changed > 0, statement

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60)
        connection.row_factory = sqlite3.Row
        return connection
