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

"""A libvirt whose migrations do what a test says, and are recorded."""

import dataclasses
import os
import threading
import typing

import fixtures
import libvirt
from lxml import etree
from nova.tests.fixtures import libvirt as fakelibvirt

from tests.nova import watched

CANCELLED = 'operation aborted: migration out job: canceled by client'
NO_DOMAIN = libvirt.VIR_ERR_NO_DOMAIN
RUNNING = {
    'type': fakelibvirt.VIR_DOMAIN_JOB_UNBOUNDED,
    'disk_total': 1 << 30,
    'disk_processed': 1 << 29,
    'disk_remaining': 1 << 29,
}


@dataclasses.dataclass(frozen=True)
class MigrateCall:
    """What migrateToURI3 was called with."""

    uuid: str
    uri: str
    params: dict[str, typing.Any]
    flags: int

    @property
    def disks(self) -> list[str]:
        return list(self.params.get('migrate_disks', []))


class Course:
    """How the migration of one guest goes, once libvirt is called."""

    def __init__(self) -> None:
        self.fails: str | None = None
        self.loses_answer = False
        self.aborted = False
        self.completed = False
        self.started = threading.Event()
        self._free = threading.Event()
        self._free.set()
        self._told = threading.Event()

    def hold(self) -> None:
        """Let it run until it is released or aborted."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def abort(self) -> None:
        self.aborted = True
        self.release()

    @property
    def job(self) -> dict[str, int]:
        """What jobStats says meanwhile."""
        if self.aborted and not self._told.is_set():
            self._told.set()
            return {'type': fakelibvirt.VIR_DOMAIN_JOB_CANCELLED}
        if self.completed:
            return {'type': fakelibvirt.VIR_DOMAIN_JOB_COMPLETED}
        if self.started.is_set() and not self._free.is_set():
            return RUNNING
        return {'type': fakelibvirt.VIR_DOMAIN_JOB_NONE}

    def take(self) -> None:
        """Go the course; raises what libvirt would."""
        self.started.set()
        if not self._free.wait(watched.WAIT):
            raise error('no test released this migration')
        if self.aborted:
            # The job is seen as cancelled while the call is still out, and
            # not any more when it has returned.
            self._told.wait(watched.WAIT)
            raise error(CANCELLED)
        if self.fails is not None:
            raise error(self.fails)


def error(
    message: str, code: int = fakelibvirt.VIR_ERR_OPERATION_FAILED
) -> Exception:
    return fakelibvirt.make_libvirtError(
        fakelibvirt.libvirtError,
        message,
        error_code=code,
        error_domain=fakelibvirt.VIR_FROM_QEMU,
    )


def lost() -> Exception:
    """An answer that did not come."""
    return fakelibvirt.make_libvirtError(
        fakelibvirt.libvirtError,
        'Unable to read from socket: Connection reset by peer',
        error_code=libvirt.VIR_ERR_SYSTEM_ERROR,
        error_domain=libvirt.VIR_FROM_RPC,
    )


def completed(xml: str) -> str:
    """Add to the disks of a domain what libvirt itself adds to them."""
    domain = etree.fromstring(xml)
    for disk in domain.iterfind('./devices/disk'):
        disk.find('driver').set('name', 'qemu')
        if disk.get('device') == 'cdrom' and disk.find('readonly') is None:
            etree.SubElement(disk, 'readonly')
    return etree.tostring(domain, encoding='unicode')


class MigratingLibvirt(fixtures.Fixture):
    """Replaces what nova's fake domain has for a migration.

    nova's fake also forgets what it has no use for, such as the serial of a
    disk: this one describes a domain as it was defined, and as libvirt would.
    """

    def __init__(self, destination: typing.Callable[[], typing.Any]) -> None:
        super().__init__()
        self.calls: list[MigrateCall] = []
        self._courses: dict[str, Course] = {}
        self._destination = destination

    def course(self, uuid: str) -> Course:
        return self._courses.setdefault(uuid, Course())

    def let_go(self) -> None:
        """Hold no migration any longer."""
        for course in list(self._courses.values()):
            course.release()

    def call_of(self, uuid: str) -> MigrateCall:
        """The only call for a guest."""
        (call,) = [call for call in self.calls if call.uuid == uuid]
        return call

    def _setUp(self) -> None:
        parse = fakelibvirt.Domain._parse_definition

        def define(domain, xml):
            domain.defined = completed(xml)
            return parse(domain, xml)

        def migrate(domain, destination, params, flags):
            uuid = domain.UUIDString()
            self.calls.append(MigrateCall(uuid, destination, params, flags))
            course = self.course(uuid)
            course.take()
            self._destination().createXML(params['destination_xml'], 0)
            if course.loses_answer:
                # Of Finish: the source takes it for "not there", and lets
                # the guest run on.
                domain.reason = libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED
                raise lost()
            domain.destroy()
            domain.undefine()
            # Last: nova takes the migration for finished from here on.
            course.completed = True

        def job_stats(domain, flags=0):
            return self.course(domain.UUIDString()).job

        def abort(domain):
            self.course(domain.UUIDString()).abort()

        for name, method in {
            '_parse_definition': define,
            'XMLDesc': lambda domain, flags=0: domain.defined,
            'abortJob': abort,
            'blockInfo': block_info,
            'jobStats': job_stats,
            'migrateToURI3': migrate,
            'snapshotNum': lambda domain, flags=0: 0,
            'state': state,
        }.items():
            self.useFixture(
                fixtures.MonkeyPatch(
                    f'nova.tests.fixtures.libvirt.Domain.{name}', method
                )
            )
        for name, method in {
            'lookupByName': by_name,
            'isAlive': lambda connection: 1,
            'close': lambda connection: 0,
            'setKeepAlive': lambda connection, interval, count: 0,
        }.items():
            self.useFixture(
                fixtures.MonkeyPatch(
                    f'nova.tests.fixtures.libvirt.Connection.{name}', method
                )
            )
        # What we catch is the real binding's; nova's fake has its own error,
        # and numbers of its own for what went wrong.
        for name, value in {
            'libvirt.libvirtError': fakelibvirt.libvirtError,
            'nova.tests.fixtures.libvirt.VIR_ERR_NO_DOMAIN': NO_DOMAIN,
        }.items():
            self.useFixture(fixtures.MonkeyPatch(name, value))


def state(domain: typing.Any, flags: int = 0) -> list[int]:
    """Return a domain's state and the reason of it."""
    return [domain._state, getattr(domain, 'reason', 0)]


def by_name(connection: typing.Any, name: str) -> typing.Any:
    """Find a domain, as libvirt does."""
    if name not in connection._vms:
        raise error(f'no domain with matching name {name}', NO_DOMAIN)
    return connection._vms[name]


def block_info(domain: typing.Any, target: str) -> list[int]:
    """Return capacity, allocation and length of a disk, as libvirt does."""
    for disk in domain._def['devices']['disks']:
        if disk['target_dev'] == target and disk['type'] == 'file':
            file = os.stat(disk['source'])
            return [file.st_size, file.st_blocks * 512, file.st_size]
    return [1 << 30, 0, 1 << 30]
