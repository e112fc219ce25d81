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

"""Run the real application, in this process or in one of its own."""

import contextlib
import dataclasses
import io
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import typing
import unittest
from unittest import mock

from nova_selective_migrate.cli import app
from nova_selective_migrate.host.hypervisor import connection

TOP = pathlib.Path(__file__).resolve().parents[3]
NAME = 'nova-selective-migrate'
TEST_DRIVER = 'test:///default'


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command returned and printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> typing.Any:
        return json.loads(self.out)


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            # One loop a process, and no test leaves a thread behind.
            mock.patch.object(connection, 'start_event_loop'),
        ):
            try:
                status = app.main(list(arguments))
            except SystemExit as ended:
                status = ended.code or 0
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        signal.signal(signal.SIGTERM, terminated)
    return Result(status, out.getvalue(), err.getvalue())


def spawn(*arguments: str, before: str = '', **environment: str) -> Result:
    """Run a command in a process of its own.

    :param before: Python that runs before anything is imported
    """
    code = (
        f'import sys\nsys.argv[0] = {NAME!r}\n{before}\n'
        'from nova_selective_migrate.cli import app\nsys.exit(app.main())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, *arguments],
        cwd=TOP,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class CommandCase(unittest.TestCase):
    """A folder for a command's files, and what an error looks like."""

    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = pathlib.Path(top.name)

    def file(self, name: str, content: typing.Any) -> str:
        """Write a file: text and bytes as they are, the rest as JSON."""
        path = self.top / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = isinstance(content, str)
            path.write_text(content if text else json.dumps(content))
        return str(path)

    def assert_usage_error(self, result: Result, *words: str) -> None:
        """Expect one line that names thing and reason, and exit code 2."""
        self.assertEqual(2, result.status, result)
        self.assertEqual('', result.out)
        self.assertNotIn('Traceback', result.err)
        lines = result.err.splitlines()
        self.assertEqual(1, len(lines), result.err)
        for word in words:
            self.assertIn(word, lines[0])
