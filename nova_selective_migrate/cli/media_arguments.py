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

"""Arguments of what travels besides disks, and the options they mean."""

import argparse

from nova_selective_migrate.cli import whole_number
from nova_selective_migrate.core.model import media_options
from nova_selective_migrate.core.model import trim_options

_MIB = 2**20
_seconds = whole_number.parser(
    3600, 'whole number of seconds from 1 to {}', smallest=1
)
_mebibytes = whole_number.parser(
    2**40, 'whole number of MiB from 1 to {}', smallest=1
)


def add_media(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about read-only media."""
    group = parser.add_argument_group('media')
    group.add_argument(
        '--copy-media',
        action='store_true',
        help='before the migration, copy read-only media that the '
        'destination lacks, such as an ISO or a cloud-init seed, to the same '
        'path there, or to where --map or --map-pool puts it, and verify the '
        'copy; an existing file is never overwritten',
    )
    group.add_argument(
        '--copy-media-limit',
        metavar='MIB',
        type=_mebibytes,
        default=media_options.LIMIT_MIB,
        help='do not copy a medium that is larger; default: %(default)s',
    )
    group.add_argument(
        '--eject-media',
        action='store_true',
        help='give the guest an empty drive at the destination for each '
        'removable medium that is not copied and that the destination lacks '
        'or may lack; on the source the medium stays in its drive',
    )


def add_trim(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about what the guest does not need."""
    group = parser.add_argument_group('trim')
    group.add_argument(
        '--trim',
        action='store_true',
        help="ask the guest's agent to trim its file systems before the "
        'copy, so that deleted files are not sent; needs a copied disk with '
        "discard='unmap'; a migration never fails because of it",
    )
    group.add_argument(
        '--trim-timeout',
        metavar='SECONDS',
        type=_seconds,
        default=trim_options.TRIM_SECONDS,
        help='begin the copy after this time even if trimming has not '
        'finished; default: %(default)s',
    )


def trim(arguments: argparse.Namespace) -> trim_options.TrimOptions:
    """Return what the arguments ask of the guest."""
    return trim_options.TrimOptions(arguments.trim, arguments.trim_timeout)


def add_removal(parser: argparse.ArgumentParser) -> None:
    """Add the argument about what the guest leaves behind."""
    group = parser.add_argument_group('afterwards')
    group.add_argument(
        '--remove-source-images',
        action='store_true',
        help="delete the source's image of each copied disk, once the guest "
        'is seen running at the destination; an image stays if a domain or '
        'another image of the source uses it, or if both hosts see it; '
        'backing files always stay',
    )


def options(arguments: argparse.Namespace) -> media_options.MediaOptions:
    """Return the options that the arguments mean."""
    return media_options.MediaOptions(
        copy=arguments.copy_media,
        eject=arguments.eject_media,
        limit_bytes=arguments.copy_media_limit * _MIB,
    )
