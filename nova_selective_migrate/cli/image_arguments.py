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

"""Arguments that say where copies are at the destination, and as what."""

import argparse
import collections.abc

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import destination_mapping


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a destination that differs."""
    group = parser.add_argument_group('destination')
    group.add_argument(
        '--map',
        metavar='SOURCE_PREFIX=DEST_PREFIX',
        action='append',
        type=_path_map,
        default=[],
        help='copy files below SOURCE_PREFIX to the same place below '
        'DEST_PREFIX, which is a directory, or /dev/VG of a storage pool of '
        'type logical. A prefix matches whole parts of a path, and the '
        'longest one wins. Disks that are not copied keep their paths; '
        'repeatable',
    )
    group.add_argument(
        '--map-pool',
        metavar='NAME=NAME',
        action='append',
        type=_pool_map,
        default=[],
        help="copy disks in the source's storage pool of the first name into "
        "the destination's pool of the second name; takes precedence over "
        '--map; repeatable. Both also apply to media of --copy-media',
    )
    group.add_argument(
        '--to-format',
        metavar='TARGET=FORMAT',
        action='append',
        type=_format,
        default=[],
        help='format of this disk at the destination, raw or qcow2; TARGET '
        'is its target dev, such as vda. Default: the same format as on the '
        'source, and raw in a volume group; repeatable',
    )


def mapping(
    arguments: argparse.Namespace,
) -> destination_mapping.DestinationMapping:
    """Return the mapping that the arguments mean.

    :raises InvalidInput: when they contradict each other
    """
    formats: dict[str, str] = {}
    for target, name in arguments.to_format:
        if formats.setdefault(target, name) != name:
            raise exceptions.InvalidInput(
                f'--to-format: {target} is named twice; name one format'
            )
    return destination_mapping.DestinationMapping(
        tuple(dict.fromkeys(arguments.map)),
        tuple(dict.fromkeys(arguments.map_pool)),
        formats,
    )


def check_targets(
    wanted: destination_mapping.DestinationMapping,
    targets: collections.abc.Collection[str],
    name: str,
) -> None:
    """Check that the guest has the disks that are named.

    :param targets: those that it has
    :param name: the guest's
    :raises InvalidInput: when it has none of a name
    """
    for target, image_format in wanted.formats.items():
        if target not in targets:
            raise exceptions.InvalidInput(
                f'--to-format {target}={image_format}: {name} has no such '
                f'target; it has {", ".join(targets)}'
            )


def _path_map(text: str) -> destination_mapping.PathMap:
    """Split at the sign before the second path: a path may have one too."""
    if text.count('=/') > 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} can be split in several ways, having "=/" twice'
        )
    source, sign, destination = text.partition('=/')
    if not sign:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not SOURCE_PREFIX=DEST_PREFIX, two absolute paths'
        )
    try:
        return destination_mapping.PathMap.of(source, f'/{destination}')
    except exceptions.InvalidInput as err:
        said = str(err).removeprefix('--map: ')
        raise argparse.ArgumentTypeError(said) from err


def _pool_map(text: str) -> destination_mapping.PoolMap:
    source, _, destination = text.partition('=')
    if not source or not destination:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not NAME=NAME, a storage pool of each host'
        )
    return destination_mapping.PoolMap(source, destination)


def _format(text: str) -> tuple[str, str]:
    target, _, name = text.rpartition('=')
    if not target or name not in destination_mapping.FORMATS:
        known = ' or '.join(destination_mapping.FORMATS)
        raise argparse.ArgumentTypeError(
            f'{text!r} is not TARGET=FORMAT with the format {known}'
        )
    return target, name
