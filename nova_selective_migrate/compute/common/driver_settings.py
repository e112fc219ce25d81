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

"""The options, read once when nova-compute starts."""

import dataclasses
import enum
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import metrics_settings
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import known_bad_releases


class Mode(enum.Enum):
    """Whether a plan is acted upon, or only compared with nova's acts."""

    ENFORCE = 'enforce'
    AUDIT = 'audit'


class SynchronousWrites(enum.Enum):
    """When a guest's writes wait until the destination has them as well.

    QEMU calls it copy-mode=write-blocking.
    """

    AUTO = 'auto'
    ON = 'on'
    OFF = 'off'


@dataclasses.dataclass(frozen=True)
class DriverSettings:
    """The [selective_migrate] options of a host where it is enabled.

    :ivar media_limit: bytes of read-only content for one migration
    :ivar disks_uri: where this host listens for incoming disks (NBD); empty
        for libvirt's choice
    :ivar parallel_mirrors: disks to copy at a time, 0 for all
    :ivar shared_filesystems: shared_filesystems of this host's qemu.conf
    :ivar accept_known_bad: ids of rules of known-bad releases to ignore
    :ivar limits: time without progress, and free space, to abort at
    :ivar trim: whether servers trim their file systems before a copy
    :ivar metrics: where metrics go
    :ivar audit_seconds: between two audits of this host; 0 for none
    """

    mode: Mode
    policy: declared_paths.LocalityPolicy
    media_limit: int
    thin: migration_options.Thin = migration_options.Thin.AUTO
    disks_uri: str = ''
    parallel_mirrors: int = 0
    synchronous_writes: SynchronousWrites = SynchronousWrites.AUTO
    limits: watchdog_limits.AbortLimits = watchdog_limits.AbortLimits()
    accept_known_bad: tuple[str, ...] = ()
    shared_filesystems: tuple[str, ...] = ()
    trim: bool = False
    metrics: metrics_settings.MetricsSettings = (
        metrics_settings.MetricsSettings()
    )
    audit_seconds: int = 0

    @classmethod
    def of(cls, group: typing.Any) -> 'DriverSettings':
        """Read the option group.

        :raises InvalidPolicy: when the declared paths contradict each other
        :raises InvalidInput: when disks_uri, accept_known_bad or one of
            the options of metrics is not usable
        """
        try:
            known_bad_releases.accepted(group.accept_known_bad)
        except exceptions.InvalidInput as err:
            raise exceptions.InvalidInput(f'[selective_migrate]{err}') from err
        uri = group.disks_uri or ''
        problem = migration_options.disks_uri_problem(uri) if uri else None
        if problem is None and not protocol.report_fits(uri):
            problem = 'it is too long to be told to other hosts'
        if problem:
            raise exceptions.InvalidInput(
                f'[selective_migrate]disks_uri {uri!r}: {problem}'
            )
        return cls(
            mode=Mode(group.mode),
            policy=declared_paths.LocalityPolicy(
                tuple(group.shared_paths), tuple(group.local_paths)
            ),
            media_limit=group.media_limit * 2**20,
            thin=migration_options.Thin(group.thin),
            disks_uri=uri,
            parallel_mirrors=group.parallel_mirrors,
            synchronous_writes=SynchronousWrites(group.synchronous_writes),
            limits=watchdog_limits.AbortLimits(
                progress_seconds=group.progress_timeout,
                reserve_bytes=group.free_space_reserve * watchdog_limits.MIB,
            ),
            accept_known_bad=tuple(group.accept_known_bad),
            shared_filesystems=tuple(group.libvirt_shared_filesystems),
            trim=group.trim == 'on',
            metrics=metrics_settings.MetricsSettings.of(group),
            audit_seconds=group.audit_interval,
        )
