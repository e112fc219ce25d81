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

"""Two nova-computes, and what they share: records, images, volumes."""

from collections.abc import Mapping
from dataclasses import dataclass
import functools
import json
from pathlib import Path
import shutil

from lab.hosts.lab_host import Host
from lab.laboratory import Lab
from lab.nova import nova_compute
from lab.nova.glance_images import Images
from lab.nova.nova_compute import Compute
from lab.nova.nova_database import Database
from lab.nova.nova_settings import CONDUCTOR
from lab.nova.nova_settings import DATABASE
from lab.nova.nova_settings import INSTANCES
from lab.nova.nova_settings import Settings
from lab.nova.nova_settings import STATE
from lab.nova.nova_volumes import Volumes
from lab.processes import process_identity
from lab.processes.process_journal import Journal


@dataclass(frozen=True)
class Cloud:
    """A nova-compute on each host of a laboratory."""

    lab: Lab
    #: What the hosts and the test share.
    directory: Path
    computes: tuple[Compute, ...]

    @classmethod
    def start(
        cls,
        lab: Lab,
        interpreter: Path | Mapping[str, Path],
        settings: Mapping[str, Settings],
    ) -> 'Cloud':
        """Start both, with nothing left of earlier ones or their guests.

        :param interpreter: of a virtual environment with nova; by the name of
            the host where each has its own, the newest nova first. As in an
            upgrade, that makes the tables, and is everybody's conductor.
        :param settings: by the name of the host.
        """
        if isinstance(interpreter, Path):
            interpreter = dict.fromkeys(
                (h.name for h in lab.hosts), interpreter
            )
        stop(lab)
        lab.reset()
        directory = lab.home.run / 'nova'
        if directory.exists():
            shutil.rmtree(directory)
        directory.mkdir()
        for host in lab.hosts:
            host.run(['rm', '-rf', STATE])
            host.run(['mkdir', STATE, INSTANCES])
        cinder = directory / 'cinder.json'
        kinds = ('volumes', 'attachments', 'paths')
        cinder.write_text(json.dumps({kind: {} for kind in kinds}))
        journal = Journal(lab.home.journal)
        (directory / CONDUCTOR).write_text(next(iter(interpreter)))
        computes = []
        for name, python in interpreter.items():
            (host,) = (each for each in lab.hosts if each.name == name)
            computes.append(
                Compute.start(journal, host, directory, python, settings[name])
            )
            if len(set(interpreter.values())) > 1:
                computes[-1].await_ready()
        for each in computes:
            each.await_ready()
        return cls(lab, directory, tuple(computes))

    def compute(self, host: Host) -> Compute:
        """Return the nova-compute of a host."""
        (found,) = (c for c in self.computes if c.host.name == host.name)
        return found

    @functools.cached_property
    def database(self) -> Database:
        """Return the records."""
        return Database(self.directory / DATABASE)

    @functools.cached_property
    def images(self) -> Images:
        """Return the images."""
        return Images(self.directory / 'images')

    @functools.cached_property
    def volumes(self) -> Volumes:
        """Return the volumes."""
        return Volumes(self.lab, self.directory / 'cinder.json')


def stop(lab: Lab) -> None:
    """End the nova-computes of a laboratory at once; guests go on."""
    recorded = Journal(lab.home.journal).processes(nova_compute.KIND)
    process_identity.stop(recorded.values(), patience=0)
