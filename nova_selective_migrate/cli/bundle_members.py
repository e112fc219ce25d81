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

"""What a support bundle has: each member made so that no secret is in it.

Options and journals by lists of what is allowed; the rest by the rule of
core.case.redaction for what leaves a host.
"""

import collections.abc
import dataclasses
import datetime
import json
import os
import platform
import subprocess
import sys
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.case import secret_masking
from nova_selective_migrate.host.journal import chronicle_files
from nova_selective_migrate.host.journal import migration_chronicle

_CHECK_SECONDS = 120
#: The newest lines of plans; a migration has some dozens.
_MOST_LINES = 2000
_DISTRIBUTIONS = (
    *('nova-selective-migrate', 'nova', 'libvirt-python', 'os-brick'),
    *('oslo.config', 'oslo.log', 'oslo.messaging', 'eventlet'),
)


@dataclasses.dataclass(frozen=True)
class BundleMember:
    """One file of a bundle.

    :ivar name: below the bundle's folder
    :ivar what: in words, for whoever decides whether to hand it on
    """

    name: str
    what: str
    text: str

    @classmethod
    def of(cls, name: str, what: str, tree: typing.Any) -> 'BundleMember':
        """Return a member of JSON's types."""
        kept = json.dumps(secret_masking.leaves(tree), indent=2)
        return cls(name, what, f'{kept}\n')


def versions(uri: str) -> BundleMember:
    """Tell the versions of all that takes part, as far as they are known.

    :param uri: of this host's libvirt
    """
    import importlib.metadata

    found: dict[str, typing.Any] = {
        'python': platform.python_version(),
        'system': platform.platform(),
        'libvirt_uri': redaction.uri(uri),
    }
    for name in _DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return BundleMember.of(
        'versions.json',
        'versions of this package, nova, libvirt, QEMU and Python',
        {**found, **_hypervisor(uri)},
    )


def _hypervisor(uri: str) -> dict[str, typing.Any]:
    from nova_selective_migrate.core.plan import known_bad_releases
    from nova_selective_migrate.host.hypervisor import connection
    from nova_selective_migrate.host.hypervisor import libvirt_codes

    libvirt_codes.silence_errors()
    try:
        with connection.Connection.open(uri) as host:
            known = host.versions()
    except exceptions.SelectiveMigrateError as err:
        return {'libvirt': None, 'qemu': None, 'not_known': str(err)}
    return {
        name: known_bad_releases.dotted(version) if version else None
        for name, version in (('libvirt', known.libvirt), ('qemu', known.qemu))
    }


def upgrade_check(files: collections.abc.Sequence[str]) -> BundleMember:
    """Tell what ``upgrade check`` sees: seams of nova, options, libvirt.

    In a process of its own, as the command line imports no nova.

    :param files: of nova's configuration
    """
    named = [word for file in files for word in ('--config-file', file)]
    try:
        done = subprocess.run(
            [
                *(sys.executable, '-m', 'nova_selective_migrate.cmd.status'),
                *(*named, 'upgrade', 'check'),
            ],
            capture_output=True,
            text=True,
            errors='replace',
            timeout=_CHECK_SECONDS,
            check=False,
        )
        said = f'{done.stdout}{done.stderr}exit code {done.returncode}\n'
    except (OSError, subprocess.TimeoutExpired) as err:
        said = f'it could not be run: {err}\n'
    lines = (secret_masking.line(line) for line in said.splitlines())
    return BundleMember(
        'upgrade-check.txt',
        'what "nova-selective-migrate-status upgrade check" says: the '
        'functions of nova that the driver hooks, options, libvirt',
        ''.join(f'{line}\n' for line in lines),
    )


def options(files: collections.abc.Sequence[str]) -> BundleMember:
    """Tell the options of [selective_migrate], and of no other group.

    :param files: of nova's configuration
    :raises InvalidInput: when one cannot be read
    """
    from oslo_config import cfg

    from nova_selective_migrate import conf

    config = cfg.ConfigOpts()
    conf.register_opts(config)
    try:
        config([], project='nova', default_config_files=list(files))
    except cfg.Error as err:
        raise exceptions.InvalidInput(
            f'cannot read {", ".join(files)}: '
            f'{secret_masking.line(" ".join(str(err).split()))}'
        ) from err
    group = config[conf.GROUP.name]
    found = {}
    for option in conf.OPTIONS:
        try:
            found[option.dest] = group[option.dest]
        except (cfg.Error, ValueError) as err:
            found[option.dest] = f'not valid: {err}'
    return BundleMember.of(
        'options.json',
        f'options of [{conf.GROUP.name}] alone, from {", ".join(files)}'
        if files
        else f'options of [{conf.GROUP.name}], all at their defaults: there '
        'is no nova.conf',
        _plain(found),
    )


def _plain(value: typing.Any) -> typing.Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def outcomes(
    places: collections.abc.Sequence[chronicle_files.ChroniclePlace],
) -> BundleMember:
    """Tell the newest lines, events and journal entries of plans.

    :raises InvalidInput: when a file cannot be read
    """
    found = chronicle_files.read(migration_chronicle.AnyPlan(), places, None)[
        -_MOST_LINES:
    ]
    return BundleMember.of(
        'outcomes.json',
        f'the newest lines of plans ({len(found)}), from '
        f'{", ".join(place.path for place in places)}',
        [one.tree() for one in found],
    )


def audit(path: str) -> BundleMember | None:
    """Return the audit that the driver has left; None where it left none.

    :raises InvalidInput: when it cannot be read
    """
    try:
        with open(path, encoding='utf-8') as file:
            tree = json.load(file)
            made = os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as err:
        raise exceptions.InvalidInput(f'cannot read {path}: {err}') from err
    time = datetime.datetime.fromtimestamp(made, datetime.timezone.utc)
    return BundleMember.of(
        'audit.json',
        f'the audit of this host, of {time.isoformat(timespec="seconds")}',
        tree,
    )


def case(number: int, path: str, text: str) -> BundleMember:
    """Return a recorded case, reduced to what decisions need once more.

    :param number: of the case in the bundle, from 1
    :param path: that it was read from
    :raises InvalidInput: when it is none
    """
    try:
        recorded = redaction.case(migration_case.loads(text))
    except exceptions.InvalidInput as err:
        raise exceptions.InvalidInput(f'{path}: {err}') from err
    return BundleMember(
        f'case-{number}.json',
        f'what the planner saw, from {path}',
        f'{migration_case.dumps(recorded)}\n',
    )
