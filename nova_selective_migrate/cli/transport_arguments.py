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


"""Arguments for memory, names and definitions, most of them virsh's too."""

import argparse

from nova_selective_migrate.cli import whole_number
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import transport_options

_number = whole_number.parser(2**31 - 1)
_ACTION = transport_options.TimeoutAction


def add_transport(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group('memory, names and definitions')
    group.add_argument(
        '--dname',
        metavar='NAME',
        type=_name,
        help="the guest's name at the destination; its UUID stays",
    )
    group.add_argument(
        '--persistent',
        action=argparse.BooleanOptionalAction,
        help='define the guest at the destination, or not; default: as on '
        'the source',
    )
    group.add_argument(
        '--undefine-source',
        action=argparse.BooleanOptionalAction,
        help="remove the guest's definition on the source, or keep it "
        'inactive; default: remove it if the destination gets one',
    )
    group.add_argument(
        '--suspend',
        action='store_true',
        help='leave the guest paused at the destination',
    )
    group.add_argument(
        '--compressed',
        action='store_true',
        help='compress memory; disks are sent as they are',
    )
    group.add_argument(
        '--comp-methods',
        metavar='METHODS',
        type=_methods,
        default=(),
        help='compress memory with these methods, separated by commas: '
        'xbzrle or mt, or with --parallel zlib or zstd',
    )
    for name, what in (
        ('mt-level', 'level of mt, 0 to 9'),
        ('mt-threads', 'number of threads that compress'),
        ('mt-dthreads', 'number of threads that decompress'),
        ('xbzrle-cache', 'size of the cache of xbzrle in bytes'),
        ('zlib-level', 'level of zlib, 0 to 9'),
        ('zstd-level', 'level of zstd, 0 to 20'),
    ):
        group.add_argument(
            f'--comp-{name}', metavar='N', type=_number, help=what
        )
    group.add_argument(
        '--parallel-connections',
        metavar='N',
        type=_number,
        default=0,
        help='number of connections for memory, with --parallel',
    )
    group.add_argument(
        '--postcopy-after-precopy',
        action='store_true',
        help='with --post-copy, begin post-copy once all of memory was sent',
    )
    group.add_argument(
        '--timeout',
        metavar='SECONDS',
        type=_number,
        default=0,
        help='act on a migration that takes longer, see --timeout-suspend '
        'and --timeout-postcopy; the time begins with the libvirt call and '
        'includes the copy of the disks',
    )
    group.add_argument(
        '--abort-on-error',
        action='store_true',
        help='abort if a storage error pauses the guest',
    )
    for name, what in (
        (
            'auto-converge-initial',
            'initial slow-down by --auto-converge, in per cent',
        ),
        (
            'auto-converge-increment',
            'each further slow-down by --auto-converge, in per cent',
        ),
        ('postcopy-bandwidth', 'bandwidth of memory in post-copy, in MiB/s'),
        (
            'switchover-bandwidth',
            'bandwidth to assume for the switch-over, in MiB/s (libvirt 11.1)',
        ),
    ):
        group.add_argument(f'--{name}', metavar='N', type=_number, help=what)
    group.add_argument(
        '--tls-destination',
        metavar='NAME',
        type=_text,
        help="the destination's name in its certificate, with --tls",
    )
    group.add_argument(
        '--graphics-uri',
        metavar='URI',
        type=_text,
        help="URI to which viewers of the guest's screen are redirected",
    )
    group.add_argument(
        '--accept-unready',
        metavar='CODE',
        action='append',
        choices=[reason.value for reason in plan_refusals.ACCEPTABLE],
        default=[],
        help='ignore a refusal with this reason code: %(choices)s; repeatable',
    )
    actions = group.add_mutually_exclusive_group()
    for action, what in (
        (_ACTION.SUSPEND, 'suspend the guest until it has moved (default)'),
        (_ACTION.POSTCOPY, 'begin post-copy as soon as the disks are in sync'),
    ):
        actions.add_argument(
            f'--timeout-{action.value}',
            dest='timeout_action',
            action='store_const',
            const=action,
            help=f'after --timeout {what}',
        )


def options(
    arguments: argparse.Namespace,
) -> transport_options.TransportOptions:
    """Return the options that the arguments mean."""
    return transport_options.TransportOptions(
        dname=arguments.dname,
        compression=transport_options.Compression(
            compressed=arguments.compressed or bool(arguments.comp_methods),
            methods=arguments.comp_methods,
            mt_level=arguments.comp_mt_level,
            mt_threads=arguments.comp_mt_threads,
            mt_dthreads=arguments.comp_mt_dthreads,
            xbzrle_cache=arguments.comp_xbzrle_cache,
            zlib_level=arguments.comp_zlib_level,
            zstd_level=arguments.comp_zstd_level,
        ),
        parallel_connections=arguments.parallel_connections,
        postcopy_after_precopy=arguments.postcopy_after_precopy,
        suspend=arguments.suspend,
        timeout=arguments.timeout,
        timeout_action=arguments.timeout_action or _ACTION.SUSPEND,
        persistent=arguments.persistent,
        undefine_source=arguments.undefine_source,
        abort_on_error=arguments.abort_on_error,
        auto_converge_initial=arguments.auto_converge_initial,
        auto_converge_increment=arguments.auto_converge_increment,
        postcopy_bandwidth=arguments.postcopy_bandwidth,
        switchover_bandwidth=arguments.switchover_bandwidth,
        tls_destination=arguments.tls_destination,
        graphics_uri=arguments.graphics_uri,
        accept_unready=tuple(dict.fromkeys(arguments.accept_unready)),
    )


def _name(text: str) -> str:
    if why := transport_options.name_problem(text):
        raise argparse.ArgumentTypeError(f'{text!r}: {why}')
    return text


def _text(text: str) -> str:
    if not text or any(not 32 < ord(letter) < 127 for letter in text):
        raise argparse.ArgumentTypeError(f'{text!r} is no such name')
    return text


def _methods(text: str) -> tuple[str, ...]:
    known = (
        *transport_options.SERIAL_METHODS,
        *transport_options.PARALLEL_METHODS,
    )
    found = tuple(dict.fromkeys(text.split(',')))
    for method in found:
        if method not in known:
            raise argparse.ArgumentTypeError(
                f'{method!r} is none of {", ".join(known)}'
            )
    return found
