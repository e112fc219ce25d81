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

"""Work the laboratory from a shell: python -m lab COMMAND."""

import argparse
import os
import sys
import time

from lab import lab_homes
from lab.errors import LabError
from lab.guests import guest_boot
from lab.guests.lab_guest import Guest
from lab.hosts import debian_packages
from lab.hosts import releases
from lab.hosts.host_layout import NAMES
from lab.hosts.host_layout import STORAGE
from lab.hosts.lab_host import environment
from lab.lab_homes import Home
from lab.laboratory import down
from lab.laboratory import Lab
from lab.storage import storage_support
from lab.storage.local_disks import LocalFile
from lab.storage.shared_disks import SharedNetwork

#: Records on each disk, after which a guest counts as started.
_RECORDS = 10


def main() -> int:
    """Carry out one command; return the status to exit with."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.carry_out(arguments) or 0)
    except LabError as error:
        print(f'lab: {error}', file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m lab', description='Two libvirt hosts on one machine.'
    )
    commands = parser.add_subparsers(required=True)

    prepare = commands.add_parser('prepare', help='fill the cache')
    prepare.add_argument('--release', help='also another Debian release')
    prepare.set_defaults(carry_out=_prepare)

    up = commands.add_parser('up', help='bring both hosts up')
    up.add_argument(
        '--release',
        action='append',
        default=[],
        metavar='HOST=NAME',
        type=_host_release,
        help='Debian release of a host',
    )
    up.add_argument(
        '--kernel',
        choices=('shared', 'own'),
        default='shared',
        help="all hosts in this machine's kernel, or one for each",
    )
    up.set_defaults(carry_out=_up)

    guest = commands.add_parser(
        'guest', help='start a guest on host a: vda is local, vdb is shared'
    )
    guest.add_argument('name')
    guest.set_defaults(carry_out=_guest)

    run = commands.add_parser('run', help='run a command inside a host')
    run.add_argument('host', choices=(*NAMES, STORAGE))
    run.add_argument('command', nargs=argparse.REMAINDER)
    run.set_defaults(carry_out=_run)

    commands.add_parser('down', help='end everything').set_defaults(
        carry_out=_down
    )
    commands.add_parser('status', help='say what runs').set_defaults(
        carry_out=_status
    )
    return parser


def _host_release(text: str) -> tuple[str, str]:
    host, _, release = text.partition('=')
    if host not in NAMES or not release:
        raise argparse.ArgumentTypeError(f'{text!r} is not HOST=RELEASE')
    return host, release


def _prepare(arguments: argparse.Namespace) -> None:
    missing = debian_packages.missing()
    if missing:
        raise LabError(missing)
    home = Home.of_user()
    print(guest_boot.prepare(home).initramfs.parent)
    if arguments.release:
        print(releases.prepare(home, arguments.release))


def _up(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    lab = Lab.open(
        dict(arguments.release),
        keep=True,
        own_kernels=arguments.kernel == 'own',
    )
    took = time.monotonic() - began
    print(f'{"was" if lab.reused else "is"} up ({took:.1f} s)')
    return _status(arguments)


def _guest(arguments: argparse.Namespace) -> None:
    lab = _running()
    disks = {'vda': LocalFile(format='qcow2'), 'vdb': SharedNetwork()}
    guest = Guest(lab, arguments.name, disks)
    for host in lab.hosts:
        if guest.state(host):
            raise LabError(f'host {host.name} has a guest {guest.name}')
    guest.define_and_start(lab.a)
    guest.wait_for_records(lab.a, _RECORDS)
    print(f'a: {guest.name} runs and writes to {" and ".join(disks)}')


def _running() -> Lab:
    lab = Lab.running()
    if lab is None:
        raise LabError('not up; run: python -m lab up')
    return lab


def _run(arguments: argparse.Namespace) -> int:
    lab = _running()
    hosts = [*lab.hosts, *([lab.storage] if lab.storage else [])]
    found = [each for each in hosts if each.name == arguments.host]
    if not found:
        raise LabError('no storage host; run: python -m lab up --kernel own')
    (host,) = found
    command = arguments.command
    if command[:1] == ['--']:
        command = command[1:]
    if not command:
        raise LabError('no command given')
    words = host.namespace.enter(command, os.getcwd())
    # To be that command.
    os.execvpe(words[0], words, environment())  # noqa: S606


def _down(arguments: argparse.Namespace) -> None:
    """End the user's laboratory, and those of programs that were killed."""
    down()
    with lab_homes.abandoned() as homes:
        for home in homes:
            down(home)


def _status(arguments: argparse.Namespace) -> int:
    lab = Lab.running()
    if lab is None:
        print(f'not up ({Home.of_user().root})')
        return 3
    for host in lab.hosts:
        domains = host.virsh('list', '--all', '--name').stdout.split()
        print(
            f'{host.name}: {host.remote_uri} {host.address} '
            f'libvirt {host.libvirt_version} QEMU {host.qemu_version} '
            f'domains: {" ".join(domains) or "none"}'
        )
    for kind, reason in storage_support.unavailable().items():
        print(f'no {kind}: {reason}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
