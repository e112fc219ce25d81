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

"""Ask nova for its records of this host, in a process of its own.

The command line imports nothing of nova's.
"""

import collections.abc
import logging
import os
import subprocess
import sys

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import commands
from nova_selective_migrate.core.case import nova_records
from nova_selective_migrate.core.case import secret_masking

LOG = logging.getLogger(__name__)

_PROGRAM = 'nova_selective_migrate.cmd.conductor_records'
_OURS = 'selective_migrate'
#: To load nova on a busy host, and for nobody to answer after that.
_SECONDS = 180.0


def is_nova(files: collections.abc.Iterable[str]) -> bool:
    """Tell whether files configure nova, and not our options alone.

    :raises InvalidInput: when one cannot be read
    """
    return any({*_sections(file)} - {_OURS} for file in files)


def _sections(file: str) -> dict[str, object]:
    """Return the sections of a configuration file that set an option."""
    # Here, because it takes a third of a command's start.
    from oslo_config import cfg

    found: dict[str, dict[str, object]] = {}
    try:
        cfg.ConfigParser(file, found).parse()
    except (cfg.Error, OSError, ValueError) as err:
        raise exceptions.InvalidInput(
            f'cannot read {file}: {commands.one_line(err)}'
        ) from err
    return {name: options for name, options in found.items() if options}


def records(
    files: collections.abc.Iterable[str],
) -> nova_records.NovaRecords:
    """Return what nova's records say of this host.

    :param files: nova's configuration
    :raises InvalidInput: when nova is not installed, its configuration is
        not usable, or its conductor does not answer
    """
    command = [sys.executable, '-m', _PROGRAM, *map(os.path.abspath, files)]
    try:
        done = subprocess.run(
            command,
            # What lies in the caller's directory is not to be imported.
            cwd='/',
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as err:
        raise exceptions.InvalidInput(
            f'nova was not read within {_SECONDS:.0f} seconds; --no-nova '
            'plans without it'
        ) from err
    told = secret_masking.line(done.stderr.strip())
    LOG.debug('%s: %s', _PROGRAM, told)
    if done.returncode or not done.stdout:
        said = told.splitlines() or ['it said nothing']
        raise exceptions.InvalidInput(
            f'nova cannot be read ({said[-1]}); --debug shows all, and '
            '--no-nova plans without it'
        )
    return nova_records.loads(done.stdout)
