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

"""Start the compute manager and answer what comes to its socket."""

import importlib
import inspect
import json
from pathlib import Path
import socketserver
import threading
from typing import Any

from nova import config
from nova import context
from nova import objects
from nova import rpc
from nova.compute import manager as compute_manager
from nova.conductor import manager as conductor_manager
import nova.conf
from nova.objects import base as objects_base
import nova.privsep
from os_brick import privileged  # type: ignore[import-not-found,import-untyped,unused-ignore]
import os_vif
from oslo_log import log
from oslo_messaging.rpc import dispatcher  # type: ignore[import-not-found,import-untyped,unused-ignore]

from lab.nova.nova_settings import PLUGIN
from lab.nova.service import bus
from lab.nova.service import tables
from lab.nova.service.commands import Commands
from lab.nova.service.gates import Gates
from lab.nova.service.shutdown import Shutdown
from lab.nova.service.stopwatch import Stopwatch

CONF = nova.conf.CONF


def serve(configuration: str, directory: Path) -> None:
    """Be the nova-compute of this host until we are told to end."""
    config.parse_args(['nova-compute', f'--config-file={configuration}'])
    log.setup(CONF, 'nova')
    # We are root already.
    nova.privsep.sys_admin_pctxt.set_client_mode(False)
    privileged.default.set_client_mode(False)
    objects.register_all()
    # Our driver's alias is one of os-vif's plugins; where the environment is
    # older than that entry point we do what the plugin does.
    os_vif.initialize()
    if CONF.compute_driver == PLUGIN:
        alias = importlib.import_module('nova_selective_migrate.compute.alias')
        alias.register()
    gates = Gates()
    rpc.TRANSPORT._driver = bus.Bus(directory, gates, rpc.get_allowed_exmods())
    tables.make(directory)
    manager = _start_manager()
    endpoints = [
        manager,
        *manager.additional_endpoints,
        conductor_manager.ConductorManager(),
    ]
    dispatch = dispatcher.RPCDispatcher(
        endpoints,
        rpc.RequestContextSerializer(objects_base.NovaObjectSerializer()),
        dispatcher.DefaultRPCAccessPolicy,
    ).dispatch
    for name in ('_create_images_and_backing', '_live_migration_monitor'):
        gates.hold(manager.driver, name)
    commands = Commands(manager, gates, Stopwatch(manager.driver))
    shutdown = Shutdown(manager)

    class Handler(socketserver.StreamRequestHandler):
        """One request and its reply, each a line of JSON."""

        def handle(self) -> None:
            line = self.rfile.readline()
            if not line:
                return
            request = json.loads(line)
            if 'command' in request:
                reply = commands.carry_out(request)
            else:
                with shutdown.topic(request['topic']).serving() as served:
                    if not served:
                        return
                    reply = bus.receive(dispatch, request)
            self.wfile.write(json.dumps(reply).encode() + b'\n')

    address = directory / f'{CONF.host}.sock'
    address.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(
        str(address), Handler
    ) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        shutdown.await_signal()


def _start_manager() -> Any:
    """Do what nova.service.Service.start does, in its order."""
    admin = context.get_admin_context()
    manager = compute_manager.ComputeManager()
    record = objects.Service.get_by_host_and_binary(
        admin, CONF.host, 'nova-compute'
    )
    manager.init_host(record)
    if record is None:
        record = objects.Service(
            admin,
            host=CONF.host,
            binary='nova-compute',
            topic='compute',
            report_count=0,
        )
        # In an upgrade the record of an older nova is there before a newer
        # one comes; here the newest starts first, and makes the tables.
        record._check_minimum_version = lambda: None
        record.create()
    # nova 27 does not hand the record over.
    if inspect.signature(manager.pre_start_hook).parameters:
        manager.pre_start_hook(record)
    else:
        manager.pre_start_hook()
    return manager
