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

"""Keep the record of what was started, so that all of it can be ended."""

from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any

from lab.processes.process_identity import Process


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    kind: str
    name: str
    process: Process | None
    details: dict[str, Any]


@dataclass(frozen=True)
class Journal:
    """Append to and read a file of JSON lines."""

    path: Path

    def note(
        self,
        kind: str,
        name: str,
        process: Process | None = None,
        **details: Any,
    ) -> None:
        """Append one line and see it to the disk."""
        line: dict[str, Any] = {'kind': kind, 'name': name, **details}
        if process:
            line |= {'pid': process.pid, 'start': process.start}
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b'\n')
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> list[Entry]:
        """Read all lines; the last may have been cut off by a crash."""
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for text in lines:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            process = None
            if 'pid' in line:
                process = Process(line.pop('pid'), line.pop('start'))
            entries.append(
                Entry(line.pop('kind'), line.pop('name'), process, line)
            )
        return entries

    def processes(self, kind: str) -> dict[str, Process]:
        """Return the last process noted under each name of a kind."""
        return {
            entry.name: entry.process
            for entry in self.entries()
            if entry.kind == kind and entry.process
        }

    def clear(self) -> None:
        """Forget everything: it has been ended."""
        self.path.unlink(missing_ok=True)
