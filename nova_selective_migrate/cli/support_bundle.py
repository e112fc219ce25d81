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

"""One file for whoever is to help: what a decision needs, and no secret."""

import argparse
import collections.abc
import datetime
import io
import os
import socket
import tarfile
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import report_places

if typing.TYPE_CHECKING:
    from nova_selective_migrate.cli import bundle_members

_CONFIGURATION = ('/etc/nova/nova.conf', '/etc/nova/nova-compute.conf')


class SupportBundle(commands.Command):
    """Pack data for a problem report into one file, without secrets.

    Lists the contents, then writes the file; --list writes nothing. The file
    has versions, the result of "upgrade check", the options of
    [selective_migrate] and of no other group, the newest lines about plans in
    log and journals, the driver's audit, and each --case. Look into the file
    before you pass it on.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'file',
            metavar='FILE',
            nargs='?',
            help='file to write, which must not exist; default: '
            'nova-selective-migrate-HOST-TIME.tar.gz in the current directory',
        )
        parser.add_argument(
            '--list',
            action='store_true',
            help='only list the contents, and write no file',
        )
        parser.add_argument(
            '--case',
            action='append',
            default=[],
            dest='cases',
            metavar='CASE',
            help='a case that "plan --record" has written; repeatable',
        )
        parser.add_argument(
            '--config-file',
            action='append',
            default=[],
            dest='configuration',
            metavar='CONFIG',
            help="nova's configuration; repeatable; default: "
            f'{" and ".join(_CONFIGURATION)}, if they exist',
        )
        report_places.add_places(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Gather, list and write."""
        return commands.guarded(self, self._pack, parsed_args)

    def _pack(self, parsed_args: argparse.Namespace) -> int:
        members = self._members(parsed_args)
        out = self.app.stdout
        width = max(len(member.name) for member in members)
        for member in members:
            size = len(member.text.encode())
            out.write(f'{member.name:<{width}}  {size:>9}  {member.what}\n')
        if parsed_args.list:
            return commands.OK
        # Whoever reads it can still say no: the file comes last.
        out.flush()
        path = parsed_args.file or _name()
        _write(path, members)
        out.write(f'wrote {path}\n')
        return commands.OK

    def _members(
        self, parsed_args: argparse.Namespace
    ) -> 'list[bundle_members.BundleMember]':
        # Here, so that --help and completion need no libvirt.
        from nova_selective_migrate.cli import bundle_members

        files = parsed_args.configuration or [
            path for path in _CONFIGURATION if os.path.exists(path)
        ]
        cases = [
            bundle_members.case(number, path, commands.read_text(path))
            for number, path in enumerate(parsed_args.cases, 1)
        ]
        places = report_places.places(parsed_args, self.app.options.journal)
        found = [
            bundle_members.versions(self.app.options.connect),
            bundle_members.options(files),
            bundle_members.upgrade_check(files),
            bundle_members.outcomes(places),
            bundle_members.audit(
                os.path.join(report_places.journals(parsed_args), 'audit.json')
            ),
            *cases,
        ]
        return [member for member in found if member is not None]


def _name() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    host = socket.gethostname()
    return f'{commands.NAME}-{host}-{now:%Y%m%dT%H%M%SZ}.tar.gz'


def _write(
    path: str, members: 'collections.abc.Sequence[bundle_members.BundleMember]'
) -> None:
    """Write the file, for its owner alone, or none.

    :raises InvalidInput: when it exists or cannot be written
    """
    folder = os.path.basename(path).removesuffix('.gz').removesuffix('.tar')
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as err:
        raise exceptions.InvalidInput(
            f'cannot write {path}: {commands.one_line(err)}'
        ) from err
    try:
        with (
            os.fdopen(descriptor, 'wb') as raw,
            tarfile.open(fileobj=raw, mode='w:gz') as bundle,
        ):
            for member in members:
                content = member.text.encode()
                about = tarfile.TarInfo(f'{folder}/{member.name}')
                about.size, about.mode = len(content), 0o600
                bundle.addfile(about, io.BytesIO(content))
    except OSError as err:
        os.unlink(path)
        raise exceptions.InvalidInput(
            f'cannot write {path}: {commands.one_line(err)}'
        ) from err
