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

"""A domain of one libvirt daemon: what it is, and its migration."""

import collections.abc
import dataclasses
import functools
import typing

import libvirt

from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.host.hypervisor import guest_agent
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import migrated_notice
from nova_selective_migrate.host.hypervisor import optional_parameters
from nova_selective_migrate.host.hypervisor import storage_answers

_KIB = 1024
_WITHOUT_JOB = (
    libvirt.VIR_ERR_NO_DOMAIN,
    libvirt.VIR_ERR_OPERATION_INVALID,
)


@dataclasses.dataclass(frozen=True)
class BlockSizes:
    """Sizes of a disk in bytes, as virDomainGetBlockInfo gives them."""

    capacity: int
    allocation: int


class Guest:
    """A domain on one host."""

    def __init__(self, domain: libvirt.virDomain) -> None:
        self._domain = domain
        self.name: str = domain.name()
        self.uuid: str = domain.UUIDString()

    def xml(self, *, secure: bool = False) -> str:
        """Return the XML of what runs.

        :param secure: include passwords, for a call and nothing else
        """
        flags = libvirt.VIR_DOMAIN_XML_SECURE if secure else 0
        return self._xml(flags)

    def migratable_xml(self) -> str:
        """Return the running XML as a destination takes it."""
        return self._xml(
            libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_MIGRATABLE
        )

    def resident_bytes(self) -> int | None:
        """Return what its QEMU has in memory, without huge pages."""
        try:
            told = self._domain.memoryStats()
        except libvirt.libvirtError:
            return None
        resident = told.get('rss')
        return None if resident is None else int(resident) * _KIB

    def persistent_xml(self, *, secure: bool = False) -> str | None:
        """Return the domain's definition; None where it has none."""
        with libvirt_codes.translated(f'cannot read domain {self.name}'):
            if not self._domain.isPersistent():
                return None
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE
        if secure:
            flags |= libvirt.VIR_DOMAIN_XML_SECURE
        return self._xml(flags)

    def state(
        self, targets: collections.abc.Collection[str]
    ) -> domains.DomainState:
        """Read what the domain is doing.

        :param targets: the disks to ask for block jobs and requests
        """
        with libvirt_codes.translated(f'cannot read domain {self.name}'):
            state, _reason = self._domain.state()
            active = bool(self._domain.isActive())
            return domains.DomainState(
                state=libvirt_codes.state_word(state),
                snapshots=self._domain.snapshotNum(),
                block_jobs=tuple(
                    target
                    for target in targets
                    if active and self.block_job(target)
                ),
                persistent=bool(self._domain.isPersistent()),
                checkpoints=self._checkpoints(),
                job_active=active and self.job_active(),
                paused_without_io=(
                    libvirt_codes.state_word(state) == 'paused'
                    and self._without_io(targets)
                ),
            )

    def _checkpoints(self) -> int:
        # Neither every driver nor every binding has them.
        listed = getattr(self._domain, 'listAllCheckpoints', None)
        try:
            return len(listed()) if listed else 0
        except libvirt.libvirtError:
            return 0

    def memory_bytes(self) -> int | None:
        """Return the memory that it has now; None where it has ended."""
        try:
            return int(self._domain.info()[2]) * 1024
        except libvirt.libvirtError:
            return None

    def autostart(self) -> bool:
        """Tell whether libvirt starts the domain with its host."""
        try:
            return bool(self._domain.autostart())
        except libvirt.libvirtError:
            return False  # a transient domain has no autostart

    def start_with_host(self, *, wanted: bool = True) -> bool:
        """Turn autostart on or off; tell whether libvirt took it."""
        try:
            self._domain.setAutostart(int(wanted))
        except libvirt.libvirtError:
            return False
        return True

    def _without_io(self, targets: collections.abc.Iterable[str]) -> bool:
        """Tell whether no disk has served a request on this host.

        QEMU counts the guest's requests alone, from its own start.
        """
        return not any(self._requests(target) for target in targets)

    def _requests(self, target: str) -> int:
        try:
            reads, _, writes, _, _ = self._domain.blockStats(target)
        except libvirt.libvirtError:
            return 0  # unknown is no evidence that it ran
        return max(int(reads), 0) + max(int(writes), 0)

    def block_sizes(self, target: str) -> BlockSizes | None:
        """Return a disk's sizes; None where it has no medium or is off.

        :raises StorageSilent: when QEMU waits for the storage of any disk
        """
        ask = functools.partial(self._domain.blockInfo, target)
        try:
            capacity, allocation, _ = storage_answers.of_daemon(
                self.name, f'disk {target}', ask
            )
        except libvirt.libvirtError:
            return None
        return BlockSizes(capacity, allocation)

    def block_job(self, target: str) -> dict[str, int]:
        """Return a disk's block job: cur and end in bytes; {} for none."""
        try:
            return dict(self._domain.blockJobInfo(target, 0) or {})
        except libvirt.libvirtError:
            return {}  # no medium, or the job has just ended

    def job_stats(self, *, completed: bool = False) -> dict[str, typing.Any]:
        """Return the job statistics of the migration; {} without a job."""
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED if completed else 0
        try:
            return dict(self._domain.jobStats(flags))
        except libvirt.libvirtError:
            return {}  # over already, or the domain is gone

    def held_by_migration(self) -> bool:
        """Tell whether a migration has paused the guest on this host."""
        return self.presence() in (
            guest_presence.Presence.SWITCHING,
            guest_presence.Presence.POSTCOPY,
        )

    def presence(self) -> guest_presence.Presence | None:
        """Return what this host has of the guest; None: not known."""
        try:
            state, reason = self._domain.state()
        except libvirt.libvirtError:
            return None  # it is about to leave, or has left
        return libvirt_codes.guest_side(state, reason).presence

    def resume(self) -> None:
        """Let a paused guest run.

        :raises HypervisorError: when it does not
        """
        with libvirt_codes.translated(f'cannot resume domain {self.name}'):
            self._domain.resume()

    def job_active(self) -> bool:
        """Tell whether a job runs on the whole domain, as a migration."""
        none = libvirt.VIR_DOMAIN_JOB_NONE
        return bool(self.job_stats().get('type', none) != none)

    def migrates_away(self) -> bool:
        """Tell whether a migration of the guest to another host goes on."""
        outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        return bool(self.job_stats().get('operation') == outgoing)

    def migrated_notice(self) -> migrated_notice.MigratedNotice:
        """Return a context in which libvirt's word of the end is heard."""
        return migrated_notice.MigratedNotice(self._domain)

    def job_over(self) -> bool:
        """Tell whether it is certain that no job runs any more.

        While QEMU does not answer, as when it connects to a filtered port,
        libvirt does not know either.
        """
        try:
            kind = self._domain.jobStats().get('type')
        except libvirt.libvirtError as err:
            return err.get_error_code() in _WITHOUT_JOB
        return bool(kind == libvirt.VIR_DOMAIN_JOB_NONE)

    def came_here(self) -> bool:
        """Tell whether the domain's last job was to migrate to this host."""
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED
        flags |= libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED
        try:
            stats = self._domain.jobStats(flags)
        except libvirt.libvirtError:
            return False
        incoming = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN
        return bool(stats.get('operation') == incoming)

    def abort_migration(self) -> bool:
        """Abort the migration; tell whether libvirt took it.

        Another job of the domain, behind which ours waits, is left alone.
        """
        if not self.migrates_away():
            return False
        try:
            self._domain.abortJob()
        except libvirt.libvirtError:
            return False  # nothing to abort yet, or not any more
        return True

    def suspend(self) -> None:
        """Pause the guest; virsh resume lets it run on.

        :raises HypervisorError: when libvirt cannot
        """
        with libvirt_codes.translated(f'cannot suspend {self.name}'):
            self._domain.suspend()

    def start_postcopy(self) -> bool:
        """Have memory follow the guest; tell whether libvirt took it."""
        try:
            self._domain.migrateStartPostCopy(0)
        except libvirt.libvirtError:
            return False  # memory is not being sent yet, or not any more
        return True

    def trim(self, seconds: int) -> None:
        """Have the guest trim; see :func:`guest_agent.trim`."""
        guest_agent.trim(self._domain, seconds)

    def max_speed(self) -> int | None:
        """Return the limit of memory in MiB/s; None where it is not known."""
        try:
            return int(self._domain.migrateGetMaxSpeed(0))
        except libvirt.libvirtError:
            return None

    def set_max_speed(self, speed: int) -> bool:
        """Limit memory to MiB/s; tell whether libvirt took it."""
        try:
            self._domain.migrateSetMaxSpeed(speed, 0)
        except libvirt.libvirtError:
            return False  # the migration is about to end, or has ended
        return True

    def set_mirror_speed(self, target: str, speed: int) -> bool:
        """Limit a disk's block job to bytes/s; tell whether libvirt did.

        :param speed: 0 for no limit
        """
        flags = libvirt.VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES
        try:
            self._domain.blockJobSetSpeed(target, speed, flags)
        except libvirt.libvirtError:
            return False  # the job has just ended, or libvirt is busy
        return True

    def migrate_to_uri(
        self, uri: str, call: migrate_call.MigrateCall
    ) -> str | None:
        """Migrate peer to peer: virDomainMigrateToURI3.

        :returns: see :func:`optional_parameters.call_with_optional`
        :raises HypervisorError: when libvirt says that it failed
        """
        with libvirt_codes.translated('virDomainMigrateToURI3'):
            return optional_parameters.call_with_optional(
                lambda parameters: self._domain.migrateToURI3(
                    uri, parameters, int(call.flags)
                ),
                dict(call.parameters),
                call.optional,
            )

    def migrate(
        self, destination: libvirt.virConnect, call: migrate_call.MigrateCall
    ) -> str | None:
        """Migrate managed by this client: virDomainMigrate3.

        :returns: see :func:`optional_parameters.call_with_optional`
        :raises HypervisorError: when libvirt says that it failed
        """
        with libvirt_codes.translated('virDomainMigrate3'):
            return optional_parameters.call_with_optional(
                lambda parameters: self._domain.migrate3(
                    destination, parameters, int(call.flags)
                ),
                dict(call.parameters),
                call.optional,
            )

    def _xml(self, flags: int) -> str:
        with libvirt_codes.translated(f'cannot read domain {self.name}'):
            return str(self._domain.XMLDesc(flags))
