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

"""A server as nova's records have it."""

import dataclasses
import typing

#: What nova's live_migrate asks for (nova.compute.api.API, nova 27 to 34);
#: besides, no task may be going on.
_MOVABLE = ('active', 'paused')
RBD = 'rbd'
#: Types whose images are files in the server's directory
#: (imagebackend.Image.is_file_in_instance_path).
IN_DIRECTORY = ('raw', 'qcow2', 'ploop')


@dataclasses.dataclass(frozen=True)
class NovaServer:
    """What nova knows of a server, and its host's configuration of it.

    :ivar name: which the user gave it
    :ivar vm_state: such as active
    :ivar task_state: such as migrating; None: nothing is done to it
    :ivar block_device_info: nova's, without secrets
    :ivar directory: where its files are on this host
    :ivar images_type: of its host's [libvirt], with "default" resolved
    :ivar volume_backed: whether it boots from a volume
    :ivar tunnelled: whether its host has live_migration_tunnelled
    """

    uuid: str
    name: str
    vm_state: str | None
    task_state: str | None
    block_device_info: typing.Any
    directory: str
    images_type: str
    volume_backed: bool
    tunnelled: bool = False

    def holds(self, path: str) -> bool:
        """Return whether a path is below its directory."""
        return path.startswith(f'{self.directory}/')

    @property
    def refuses(self) -> str:
        """Say why nova's API takes no live migration of it now; or ''."""
        if self.task_state is not None:
            return (
                f'nova is at work on it (task_state {self.task_state}), and '
                'moves it when that has ended'
            )
        if self.vm_state not in _MOVABLE:
            return (
                f'its vm_state is {self.vm_state}, and nova live-migrates '
                f'what is {" or ".join(_MOVABLE)}'
            )
        return ''
