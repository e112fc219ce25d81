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

"""Arguments that give evidence of local and shared storage."""

import argparse
import json
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import commands
from nova_selective_migrate.core.model import declared_paths


def add_evidence(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that give evidence of local and shared storage."""
    group = add_policy(parser)
    group.add_argument(
        '--block-device-info',
        metavar='FILE',
        help="nova's block_device_info of the server as JSON, which lists "
        'its volumes; without it only the hosts are asked',
    )


def add_policy(
    parser: argparse.ArgumentParser,
) -> argparse._ArgumentGroup:
    """Add the arguments that declare paths; return their group."""
    group = parser.add_argument_group('evidence')
    group.add_argument(
        '--shared-path',
        metavar='PATH',
        action='append',
        default=[],
        help='declare that both hosts reach the same storage below PATH; '
        'repeatable',
    )
    group.add_argument(
        '--local-path',
        metavar='PATH',
        action='append',
        default=[],
        help='declare that storage below PATH belongs to one host only; '
        'repeatable',
    )
    group.add_argument(
        '--config-file',
        metavar='FILE',
        action='append',
        default=[],
        help='read shared_paths and local_paths from the group '
        '[selective_migrate] of FILE, such as /etc/nova/nova.conf; repeatable',
    )
    return group


def declared_policy(
    arguments: argparse.Namespace,
) -> declared_paths.LocalityPolicy:
    """Return the paths that files and the command line declare.

    :raises InvalidPolicy: when they contradict each other
    :raises InvalidInput: when a file cannot be read
    """
    shared, local = _configured(arguments.config_file)
    return declared_paths.LocalityPolicy(
        shared_paths=(*shared, *arguments.shared_path),
        local_paths=(*local, *arguments.local_path),
    )


def _configured(files: list[str]) -> tuple[list[str], list[str]]:
    """Read shared_paths and local_paths from configuration files."""
    if not files:
        return [], []
    # Here, because it takes a third of a command's start.
    from oslo_config import cfg

    from nova_selective_migrate import conf

    options = cfg.ConfigOpts()
    conf.register_opts(options)
    try:
        options([], default_config_files=files)
        group = options.selective_migrate
        return group.shared_paths, group.local_paths
    except (cfg.Error, OSError, ValueError) as err:
        raise exceptions.InvalidInput(
            f'cannot read {", ".join(files)}: {commands.one_line(err)}'
        ) from err


def block_device_info(arguments: argparse.Namespace) -> typing.Any:
    """Read nova's block_device_info; None where no file is given.

    :raises InvalidInput: when the file cannot be read or is not JSON
    """
    if arguments.block_device_info is None:
        return None
    text = commands.read_text(arguments.block_device_info)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise exceptions.InvalidInput(
            f'{arguments.block_device_info} is not JSON: {err}'
        ) from err
