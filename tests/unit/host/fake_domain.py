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

"""A domain that migrates as a test says, for libvirt's test driver cannot."""

import collections.abc
import typing

import libvirt

UUID = '8c0d9f5e-6e43-4a3f-9b3a-0d3f3ad5b6c1'
#: libvirt's, where nobody has set a speed.
UNLIMITED = 8796093022207
RUNNING = (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)
RESUMED = (
    libvirt.VIR_DOMAIN_RUNNING,
    libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED,
)
PAUSED = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)


def file_disk(path: str, target: str = 'vda', driver: str = 'raw') -> str:
    return (
        f"<disk type='file' device='disk'><driver name='qemu' "
        f"type='{driver}'/><source file='{path}'/><backingStore/>"
        f"<target dev='{target}' bus='virtio'/></disk>"
    )


def domain_xml(*disks: str, secret: str = '') -> str:
    return (
        f"<domain type='kvm'><name>guest</name><uuid>{UUID}</uuid>"
        f'<devices>{"".join(disks)}{secret}</devices></domain>'
    )


class FakeDomain:
    """What we use of virDomain.

    :ivar secret: what the XML holds with VIR_DOMAIN_XML_SECURE alone
    :ivar passing: states that it passes through before ``states``
    :ivar on_migrate: what a migration does
    :ivar on_abort: what an abort does
    :ivar fails: what asking for jobs raises
    :ivar calls: every migration: function, destination, parameters, flags
    :ivar max_speed: of migrations, MiB/s
    :ivar speeds: every speed of a block job that was set: target, number,
        flags
    :ivar fixed: what setting the speed of a block job raises
    :ivar suspended: how often it was
    :ivar stays: what suspending it raises
    :ivar resumed: how often it was
    :ivar stays_paused: what resuming it raises
    :ivar agent_timeouts: how long libvirt was to wait for the agent
    :ivar on_trim: what the agent does to trim
    """

    def __init__(self, *disks: str, secret: str = '') -> None:
        self.disks = disks
        self.secret = secret
        self.states = RUNNING
        self.passing: list[tuple[int, int]] = []
        self.persistent = False
        self.starts_with_host = False
        self.checkpoints = 0
        self.sizes: dict[str, tuple[int, int, int]] = {}
        self.jobs: dict[str, dict[str, int]] = {}
        self.job: dict[str, int] = {}
        self.stats: dict[str, typing.Any] = {}
        self.completed: dict[str, typing.Any] = {}
        self.calls: list[tuple[str, typing.Any, dict, int]] = []
        self.on_migrate: collections.abc.Callable[[], None] = lambda: None
        self.on_abort: collections.abc.Callable[[], None] = lambda: None
        self.on_xml: collections.abc.Callable[[int], None] = lambda f: None
        self.on_state: collections.abc.Callable[[], None] = lambda: None
        self.requests = 1
        self.open_secrets = False
        self.fails: Exception | None = None
        self.uuid = UUID
        self.active = True
        self.max_speed = UNLIMITED
        self.speeds: list[tuple[str, int, int]] = []
        self.fixed: Exception | None = None
        self.suspended = 0
        self.stays: Exception | None = None
        self.resumed = 0
        self.stays_paused: Exception | None = None
        self.agent_timeouts: list[int] = []
        self.on_trim: collections.abc.Callable[[], object] = lambda: None
        self.on_speed: collections.abc.Callable[[], None] = lambda: None

        self.listeners: dict[int, typing.Any] = {}

    def connect(self) -> 'FakeDomain':
        return self

    def domainEventRegisterAny(self, _domain, event, listener, opaque):
        self.listeners[event] = listener
        return event

    def domainEventDeregisterAny(self, number) -> None:
        del self.listeners[number]

    def tell(self, event: int, detail: int) -> None:
        """Tell of the domain's life, as libvirt does from a thread."""
        for listener in self.listeners.values():
            listener(self, self, event, detail, None)

    def _maybe_fail(self) -> None:
        if self.fails is not None:
            raise self.fails

    def agentSetResponseTimeout(self, seconds: int, flags: int = 0) -> int:
        self.agent_timeouts.append(seconds)
        return 0

    def fSTrim(self, mount: str | None, least: int, flags: int = 0) -> int:
        self.on_trim()
        return 0

    def name(self) -> str:
        return 'guest'

    def UUIDString(self) -> str:
        return self.uuid

    def XMLDesc(self, flags: int = 0) -> str:
        self.on_xml(flags)
        secure = self.open_secrets or flags & libvirt.VIR_DOMAIN_XML_SECURE
        return domain_xml(*self.disks, secret=self.secret if secure else '')

    def state(self) -> tuple[int, int]:
        self.on_state()
        if self.passing:
            return self.passing.pop(0)
        return self.states

    def isActive(self) -> int:
        return int(self.active)

    def isPersistent(self) -> int:
        return int(self.persistent)

    def autostart(self) -> int:
        return int(self.starts_with_host)

    def setAutostart(self, wanted: int) -> int:
        self.starts_with_host = bool(wanted)
        return 0

    def listAllCheckpoints(self) -> list[object]:
        return [object()] * self.checkpoints

    def snapshotNum(self) -> int:
        return 0

    def blockInfo(self, target: str) -> tuple[int, int, int]:
        if target not in self.sizes:
            raise libvirt.libvirtError('no medium')
        return self.sizes[target]

    def blockJobInfo(self, target: str, flags: int = 0) -> dict[str, int]:
        self._maybe_fail()
        return self.jobs.get(target, {})

    def blockStats(self, target: str) -> tuple[int, int, int, int, int]:
        return (self.requests, 512, 0, 0, -1)

    def jobStats(self, flags: int = 0) -> dict[str, typing.Any]:
        if flags & libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED:
            return self.completed
        self._maybe_fail()
        return {'type': libvirt.VIR_DOMAIN_JOB_NONE, **self.job, **self.stats}

    def suspend(self) -> int:
        if self.stays is not None:
            raise self.stays
        self.suspended += 1
        self.states = PAUSED
        return 0

    def resume(self) -> int:
        if self.stays_paused is not None:
            raise self.stays_paused
        self.resumed += 1
        self.states = RUNNING
        return 0

    def abortJob(self) -> int:
        self._maybe_fail()
        self.on_abort()
        return 0

    def migrateGetMaxSpeed(self, flags: int = 0) -> int:
        self._maybe_fail()
        return self.max_speed

    def migrateSetMaxSpeed(self, bandwidth: int, flags: int = 0) -> int:
        self._maybe_fail()
        self.max_speed = bandwidth
        return 0

    def blockJobSetSpeed(self, target: str, speed: int, flags: int) -> int:
        if self.fixed is not None:
            raise self.fixed
        self.speeds.append((target, speed, flags))
        self.on_speed()
        return 0

    def migrateToURI3(self, uri: str, params: dict, flags: int) -> int:
        self.calls.append(('migrateToURI3', uri, params, flags))
        self._migrate()
        return 0

    def migrate3(self, peer: object, params: dict, flags: int) -> object:
        self.calls.append(('migrate3', peer, params, flags))
        self._migrate()
        return self

    def _migrate(self) -> None:
        self.job = {
            'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
            'operation': libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
        }
        try:
            self.on_migrate()
        finally:
            self.job = {}
