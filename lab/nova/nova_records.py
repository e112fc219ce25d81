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

"""Read and change what nova has written down about a server."""

from dataclasses import dataclass

from lab.nova.nova_cloud import Cloud
from lab.nova.nova_database import Row


@dataclass(frozen=True)
class NovaRecords:
    """A server as its records have it."""

    cloud: Cloud
    id: str

    @property
    def record(self) -> Row:
        """Return its row in `instances`."""
        rows = self.cloud.database.rows(
            'SELECT * FROM instances WHERE uuid = ?', self.id
        )
        return rows[0]

    @property
    def state(self) -> tuple[str, str | None, str]:
        """Return vm_state, task_state and host."""
        row = self.record
        return row['vm_state'], row['task_state'], row['host']

    @property
    def name(self) -> str:
        """Return the name of its domain."""
        return f'instance-{self.record["id"]:08x}'

    @property
    def migrations(self) -> list[Row]:
        """Return its migrations, the newest last."""
        return self.cloud.database.rows(
            'SELECT * FROM migrations WHERE instance_uuid = ? ORDER BY id',
            self.id,
        )

    @property
    def faults(self) -> list[str]:
        """Return message and details of its faults, the newest last."""
        rows = self.cloud.database.rows(
            'SELECT message, details FROM instance_faults'
            ' WHERE instance_uuid = ? ORDER BY id',
            self.id,
        )
        return [f'{row["message"]}\n{row["details"]}' for row in rows]

    @property
    def mappings(self) -> list[Row]:
        """Return its block device mappings."""
        return self.cloud.database.rows(
            'SELECT * FROM block_device_mapping'
            ' WHERE instance_uuid = ? AND deleted = 0 ORDER BY id',
            self.id,
        )

    def change_mapping(self, mapping: int, **columns: str | None) -> None:
        """Change columns of one block device mapping."""
        names = ', '.join(f'{name} = ?' for name in columns)
        self.cloud.database.change(
            f'UPDATE block_device_mapping SET {names} WHERE id = ?',  # noqa: S608 - our own names
            *columns.values(),
            mapping,
        )

    def delete_mapping(self, mapping: int) -> None:
        """Remove one block device mapping, as if it never was."""
        self.cloud.database.change(
            'DELETE FROM block_device_mapping WHERE id = ?', mapping
        )
