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

"""``nova-selective-migrate-status upgrade check``: is this host fit?

It looks at the nova that is installed beside it, at the host's libvirt and
at the host's nova.conf, and changes nothing.
"""

import importlib
import pathlib
import sys

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from nova_selective_migrate import conf
from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import known_bad_releases

_DRIVER = 'selective_migrate.SelectiveMigrateDriver'
#: What nova 31 to 34 require (MIN_LIBVIRT_VERSION, MIN_QEMU_VERSION).
_LEAST = domains.Versions(libvirt=8_000_000, qemu=6_002_000)
#: How often Linux sends again before it gives a peer up: tcp(7).
_RETRIES = pathlib.Path('/proc/sys/net/ipv4/tcp_retries2')
_MOST_RETRIES = 8  # RFC 1122's least: 100 seconds

_OK = upgradecheck.Code.SUCCESS
_WARNING = upgradecheck.Code.WARNING
_FAILURE = upgradecheck.Code.FAILURE
Result = upgradecheck.Result


class Checks(upgradecheck.UpgradeCommands):
    """What has to be so before the driver is enabled on a host."""

    def _import_path(self) -> Result:
        """See whether nova-compute will find the driver.

        As nova.cmd.compute.main does: os-vif's plugins first.
        """
        try:
            importlib.import_module('os_vif').initialize()
            module = importlib.import_module('nova.virt.selective_migrate')
        except ImportError as err:
            return Result(
                _FAILURE,
                f'nova-compute cannot import {_DRIVER}: {err}. Install this '
                'package for the Python that runs nova-compute, and run '
                'this command of that installation.',
            )
        origin = importlib.import_module('nova').__file__
        return Result(_OK, f'{module.__name__}, beside nova in {origin}')

    def _seams(self) -> Result:
        """See whether the methods of nova that we build on are there."""
        from nova_selective_migrate.compute.common import nova_interface

        if problems := nova_interface.problems():
            return Result(
                _FAILURE,
                f'{"; ".join(problems)}. Use a release of this package for '
                "this nova, or keep nova's own driver.",
            )
        return Result(
            _OK, f'held against nova {", ".join(nova_interface.RELEASES)}'
        )

    def _hypervisor(self) -> Result:
        """See whether libvirt and QEMU can copy disks selectively."""
        from nova_selective_migrate.host.hypervisor import connection
        from nova_selective_migrate.host.hypervisor import libvirt_codes

        libvirt_codes.silence_errors()
        uri = _configuration().libvirt.connection_uri or 'qemu:///system'
        try:
            with connection.Connection.open(uri) as host:
                found = host.versions()
        except exceptions.HypervisorError as err:
            return Result(_FAILURE, f'{err}. Start libvirt, then check again.')
        versions = domains.Hypervisors(source=found)
        copying = [
            known_bad_releases.Feature.COPY,
            known_bad_releases.Feature.INCREMENTAL,
        ]
        accept = _configuration().selective_migrate.accept_known_bad
        bad = list(known_bad_releases.find(versions, copying, accept))
        refused = [
            each
            for each in bad
            if each.rule.effect is known_bad_releases.Effect.REFUSE
        ]
        if refused:
            said = '; '.join(each.detail for each in refused)
            return Result(_FAILURE, f'{said}. Upgrade it.')
        libvirt, qemu = found.libvirt or 0, found.qemu or 0
        words = (
            f'libvirt {known_bad_releases.dotted(libvirt)}, QEMU '
            f'{known_bad_releases.dotted(qemu)}'
        )
        if libvirt < (_LEAST.libvirt or 0) or qemu < (_LEAST.qemu or 0):
            return Result(
                _FAILURE,
                f'{words}. nova asks for libvirt 8.0.0 and QEMU 6.2.0 at '
                'least; upgrade them.',
            )
        others = ''.join(
            f'; {each.detail} ({each.rule.id}: {each.rule.effect.value})'
            for each in bad
        )
        return Result(_OK, f'{words}{others}')

    def _time_out(self) -> Result:
        """See how long a destination that is gone can hold a guest.

        QEMU 7.2 was seen to wait for TCP at the switch-over, the guest
        paused, when the wire was cut.
        """
        try:
            retries = int(_RETRIES.read_text())
        except (OSError, ValueError) as err:
            return Result(_WARNING, f'cannot read {_RETRIES}: {err}.')
        words = f'net.ipv4.tcp_retries2 is {retries}'
        if retries > _MOST_RETRIES:
            return Result(
                _WARNING,
                f'{words}: where the network fails at the switch-over, the '
                'guest can stay paused for a quarter of an hour. Set it to '
                f'{_MOST_RETRIES} or less with sysctl.',
            )
        return Result(_OK, words)

    def _options(self) -> Result:
        """See whether the options make sense and take effect."""
        config = _configuration()
        group = config.selective_migrate
        try:
            driver_settings.DriverSettings.of(group)
        except exceptions.InvalidPolicy as err:
            return Result(_FAILURE, f'[selective_migrate] {err}.')
        except exceptions.InvalidInput as err:
            return Result(_FAILURE, f'{err}.')
        if config.compute_driver != _DRIVER:
            return Result(
                _WARNING,
                f'[DEFAULT] compute_driver is {config.compute_driver}; set '
                f'it to {_DRIVER}.',
            )
        if not group.enabled:
            return Result(
                _WARNING,
                '[selective_migrate] enabled is false: live migrations are '
                "nova's own.",
            )
        return Result(_OK, f'mode {group.mode}')

    def _peers(self) -> Result:
        """Say what other hosts need; they cannot be asked from here."""
        return Result(
            _OK,
            'config drives and mixes of shared and local images arrive only '
            'at destinations that run this plugin too; a destination tells '
            'so itself, and what it cannot take is refused beforehand',
        )

    _upgrade_checks = (
        ('Import path', _import_path),
        ('Seams of nova', _seams),
        ('libvirt and QEMU', _hypervisor),
        ('TCP', _time_out),
        ('Options', _options),
        ('Destinations', _peers),
    )


def _configuration() -> cfg.ConfigOpts:
    """Return the configuration with nova's options that we look at."""
    config = cfg.CONF
    conf.register_opts(config)
    if 'compute_driver' not in config:
        config.register_opt(cfg.StrOpt('compute_driver'))
    if 'libvirt' not in config or 'connection_uri' not in config.libvirt:
        config.register_opt(
            cfg.StrOpt('connection_uri', default=''), group='libvirt'
        )
    return config


def main() -> int:
    """Run the checks; 0 fit, 1 with warnings, 2 not fit."""
    return int(
        upgradecheck.main(cfg.CONF, project='nova', upgrade_command=Checks())
    )


if __name__ == '__main__':
    sys.exit(main())
