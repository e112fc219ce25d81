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

"""Arguments of a migration, and the options that they mean."""

import argparse

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import image_arguments
from nova_selective_migrate.cli import media_arguments
from nova_selective_migrate.cli import transport_arguments
from nova_selective_migrate.cli import whole_number
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.model import migration_options

# More than the parameters that libvirt accepts.
_MOST_DISKS = 64
_LARGEST_LIMIT = 2**31
_bandwidth = whole_number.parser(
    bandwidth.LARGEST, 'whole number of MiB/s up to {}'
)
_whole = whole_number.parser(_LARGEST_LIMIT)
_port = whole_number.parser(2**16 - 1, 'port from 1 to {}', smallest=1)
_count = whole_number.parser(_MOST_DISKS)


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that shape a plan."""
    image_arguments.add_images(parser)
    group = parser.add_argument_group('migration')
    group.add_argument(
        '--no-probe',
        action='store_true',
        help='do not make an empty file on a host to find out whether both '
        'hosts see the same directory, and do not compare media',
    )
    group.add_argument(
        '--direct',
        action='store_true',
        help='manage the migration from this command (virDomainMigrate3) '
        "instead of from the source's libvirt daemon (virDomainMigrateToURI3)",
    )
    group.add_argument(
        '--bandwidth',
        metavar='MIB',
        type=_bandwidth,
        default=0,
        help='bandwidth limit in MiB/s for disks and memory together; 0 '
        'means no limit. While the migration runs, "virsh migrate-setspeed '
        'DOMAIN MIB" on the source changes the limit; with libvirt before '
        '11.3 only that of memory',
    )
    group.add_argument(
        '--tls',
        action='store_true',
        help='encrypt memory and disks, with the certificates that both '
        "hosts' qemu.conf names; without it they are sent unencrypted",
    )
    group.add_argument(
        '--migrate-uri',
        metavar='URI',
        help='address at which the source reaches the destination for memory '
        'and disks, such as tcp://10.0.0.2',
    )
    group.add_argument(
        '--listen-address',
        metavar='ADDRESS',
        help='address on which the destination listens. Default: the host of '
        '--migrate-uri; otherwise, unless --tls is given, the host of '
        'DEST_URI, which then also becomes the --migrate-uri',
    )
    group.add_argument(
        '--disks-port',
        metavar='PORT',
        type=_port,
        help='port of the destination for disks; default: a free one of the '
        "migration ports in the destination's qemu.conf",
    )
    group.add_argument(
        '--disks-uri',
        metavar='URI',
        type=_disks_uri,
        help='where the destination listens for disks, and the source '
        'connects to: tcp://ADDRESS[:PORT], for example in another network, '
        'or unix:///PATH',
    )
    group.add_argument(
        '--thin',
        choices=[choice.value for choice in migration_options.Thin],
        default=migration_options.Thin.AUTO.value,
        help='keep zeroes from taking space at the destination: auto does so '
        'as far as both hosts can, on refuses if they cannot, off does '
        'nothing',
    )
    group.add_argument(
        '--synchronous-writes',
        action=argparse.BooleanOptionalAction,
        help='let each write of the guest wait for the destination while '
        'disks are copied, so that the copy ends even if the guest writes a '
        'lot: from the beginning, or never. Default: only in a second copy, '
        'if the first has not caught up with the guest for a minute',
    )
    group.add_argument(
        '--auto-converge',
        action='store_true',
        help='let QEMU slow the guest down if its memory changes faster than '
        'it is sent',
    )
    group.add_argument(
        '--post-copy',
        action='store_true',
        help='allow post-copy: the guest moves first, and its memory '
        'follows; "virsh migrate-postcopy" starts it',
    )
    group.add_argument(
        '--parallel',
        action='store_true',
        help='send memory through several connections; each disk always has '
        'a connection of its own',
    )
    group.add_argument(
        '--parallel-mirrors',
        metavar='N',
        type=_count,
        default=0,
        help='copy N disks at a time, the largest first; default: 0, all at '
        'once, which libvirt before 11.3 on the source always does',
    )
    group.add_argument(
        '--accept-known-bad',
        metavar='ID',
        action='append',
        type=_known_bad,
        default=[],
        help='ignore this rule about a known defect of libvirt or QEMU, for '
        'example because your package has the fix; the refusal or the note '
        'shows the ID; repeatable',
    )
    group.add_argument(
        '--libvirt-shared-filesystem',
        metavar='PATH',
        action='append',
        default=[],
        help="PATH is in shared_filesystems of the source's qemu.conf; "
        'needed only if the command cannot read that file; repeatable',
    )
    group.add_argument(
        '--existing',
        metavar='TARGET',
        action='append',
        default=[],
        help='the image or device for the disk with this target dev exists '
        'at the destination and may be overwritten; repeatable',
    )
    media_arguments.add_media(parser)
    transport_arguments.add_transport(parser)
    media_arguments.add_removal(parser)
    media_arguments.add_trim(parser)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the limits at which a running migration is aborted."""
    # Here, as a plan knows none of them.
    from nova_selective_migrate.core.job import watchdog_limits

    group = parser.add_argument_group('limits')
    group.add_argument(
        '--progress-timeout',
        metavar='SECONDS',
        type=_whole,
        default=int(watchdog_limits.AbortLimits.progress_seconds),
        help='abort if no byte of disks or memory has moved for this time; a '
        'slow migration is not aborted; 0 means no limit; default: '
        '%(default)s',
    )
    group.add_argument(
        '--free-space-reserve',
        metavar='MIB',
        type=_whole,
        default=watchdog_limits.AbortLimits.reserve_bytes
        // watchdog_limits.MIB,
        help='abort if less than this is free where images are made at the '
        "destination, so that the destination's other guests do not stop; if "
        'the disks fit but leave less, the limit is half of what they leave; '
        '0 switches the check off; default: %(default)s',
    )


def given(arguments: argparse.Namespace) -> bool:
    """Tell whether an argument was given that shapes a plan."""
    parser = argparse.ArgumentParser()
    evidence_arguments.add_evidence(parser)
    add_destination(parser)
    unset = parser.parse_args([])
    return any(
        getattr(arguments, name) != value
        for name, value in vars(unset).items()
    )


def options(
    arguments: argparse.Namespace,
) -> migration_options.MigrationOptions:
    """Return the options that the arguments mean."""
    return migration_options.MigrationOptions(
        destination_uri=arguments.destination_uri,
        bandwidth=arguments.bandwidth,
        migrate_uri=arguments.migrate_uri,
        listen_address=arguments.listen_address,
        direct=arguments.direct,
        tls=arguments.tls,
        create_images=True,
        existing=tuple(arguments.existing),
        postcopy=arguments.post_copy,
        parallel=arguments.parallel,
        synchronous_writes=bool(arguments.synchronous_writes),
        converge=arguments.synchronous_writes is None,
        auto_converge=arguments.auto_converge,
        disks_port=arguments.disks_port,
        disks_uri=arguments.disks_uri,
        thin=migration_options.Thin(arguments.thin),
        parallel_mirrors=arguments.parallel_mirrors,
        accept_known_bad=tuple(dict.fromkeys(arguments.accept_known_bad)),
        media=media_arguments.options(arguments),
        mapping=image_arguments.mapping(arguments),
        transport=transport_arguments.options(arguments),
        remove_source_images=arguments.remove_source_images,
        trim=media_arguments.trim(arguments),
    )


def _disks_uri(text: str) -> str:
    problem = migration_options.disks_uri_problem(text)
    if problem:
        raise argparse.ArgumentTypeError(f'{text!r}: {problem}')
    return text


def _known_bad(text: str) -> str:
    # Here, as --help needs no rules.
    from nova_selective_migrate.core.plan import known_bad_releases

    try:
        known_bad_releases.accepted([text])
    except exceptions.InvalidInput as err:
        raise argparse.ArgumentTypeError(str(err)) from err
    return text
