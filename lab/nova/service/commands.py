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

"""What a test can have a host's nova-compute do."""

from collections.abc import Callable
import threading
import traceback
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.compute import instance_actions
from nova.compute import task_states
from nova.conductor import manager as conductor
import nova.exception

from lab.nova.service import build
from lab.nova.service.gates import Gates
from lab.nova.service.stopwatch import Stopwatch
from nova_selective_migrate.core.job import watchdog_limits


class Commands:
    """Carry out commands that came as JSON."""

    def __init__(
        self, manager: Any, gates: Gates, stopwatch: Stopwatch
    ) -> None:
        self._manager = manager
        self._gates = gates
        self._stopwatch = stopwatch
        self._conductor = conductor.ComputeTaskManager()
        self._ended = threading.Event()
        manager._do_live_migration = self._followed(manager._do_live_migration)

    def _followed(self, function: Callable[..., None]) -> Callable[..., None]:
        """Let the end of a method be known, whatever that is.

        Nova's records tell of several ends before the last.
        """

        def follow(*arguments: object) -> None:
            try:
                function(*arguments)
            finally:
                self._ended.set()

        return follow

    def carry_out(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one command; return its result or what went wrong."""
        method = getattr(self, f'do_{request["command"]}')
        try:
            return {'result': method(**request['arguments'])}
        # Whatever it is, the test that asked is to see it.
        except Exception as err:
            return {
                'failure': str(err),
                'kind': type(err).__name__,
                'trace': traceback.format_exc(),
            }

    def do_ping(self) -> str:
        """Say that we serve, and with which driver."""
        return type(self._manager.driver).__name__

    def do_boot(self, **description: Any) -> None:
        """Start a server here: see lab.nova.server_boot."""
        build.build(_context(), self._manager, description)

    def do_migrate(
        self,
        server: str,
        destination: str,
        block_migration: bool | None,
        disk_over_commit: bool | None,
    ) -> bool:
        """Do what nova-api and nova-conductor do; the copy goes on alone.

        :returns: whether it does; why not is in the server's fault.
        """
        self._ended.clear()
        context = _context()
        instance = objects.Instance.get_by_uuid(context, server)
        instance.task_state = task_states.MIGRATING
        instance.save(expected_task_state=[None])
        objects.InstanceAction.action_start(
            context, server, instance_actions.LIVE_MIGRATION
        )
        try:
            self._conductor._live_migrate(
                context,
                instance,
                {'host': destination},
                block_migration,
                disk_over_commit,
                None,
            )
        except nova.exception.NovaException:
            # Since microversion 2.34 the API does not hear of it either.
            return False
        return True

    def do_await_end(self, timeout: float = 100) -> bool:
        """Wait for the end of the newest migration from here."""
        return self._ended.wait(timeout)

    def do_until_call(self) -> float | None:
        """Return what the driver took before it called libvirt."""
        return self._stopwatch.seconds

    def do_abort(self, server: str, migration: int) -> None:
        """Abort a migration that runs, as nova-api has us do."""
        context = _context()
        instance = objects.Instance.get_by_uuid(context, server)
        objects.InstanceAction.action_start(
            context, server, instance_actions.LIVE_MIGRATION_CANCEL
        )
        self._manager.live_migration_abort(context, instance, migration)

    def do_force_complete(self, server: str) -> None:
        """Complete a migration that runs, as nova-api has us do."""
        context = _context()
        instance = objects.Instance.get_by_uuid(context, server)
        objects.InstanceAction.action_start(
            context, server, instance_actions.LIVE_MIGRATION_FORCE_COMPLETE
        )
        self._manager.live_migration_force_complete(context, instance)

    def do_be_impatient(self, seconds: float) -> None:
        """Take disks for not getting ahead after so long."""
        watchdog_limits.CONVERGENCE_SECONDS = seconds

    def do_close(self, place: str) -> None:
        """Let the next call that comes to a place wait: see `gates`."""
        self._gates.close(place)

    def do_await_arrival(self, place: str, timeout: float = 60) -> bool:
        """Wait until a call has come to a place that is closed."""
        return self._gates.await_arrival(place, timeout)

    def do_open(self, place: str) -> None:
        """Let a call go on."""
        self._gates.open(place)


def _context() -> nova_context.RequestContext:
    return nova_context.RequestContext('lab', 'lab', is_admin=True)
