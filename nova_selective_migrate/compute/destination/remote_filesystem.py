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

"""Keeps nova from copying a config drive that has come with the plan."""

import os.path
import typing

from nova.virt.libvirt.volume import remotefs

from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.destination import pre_live_migration

LOG = migration_log.logger(__name__)


class IncomingRemoteFilesystem(remotefs.RemoteFilesystem):
    """nova's RemoteFilesystem, without copies of files that are there.

    Before 30.1 LibvirtDriver.pre_live_migration copies disk.config from the
    source by ssh after it has made the images, whatever they hold. Later
    releases leave it to QEMU.
    """

    def __init__(
        self, preparation: pre_live_migration.DestinationPreparation
    ) -> None:
        super().__init__()
        self._preparation = preparation

    def copy_file(
        self, src: str, dst: str, *args: typing.Any, **kwargs: typing.Any
    ) -> None:
        """Copy a file between hosts, unless the preparation has made it.

        :param src: HOST:PATH, or a path of this host
        :param dst: the same; a directory or the file
        :raises ProcessExecutionError: when ssh or rsync fails
        """
        if self._preparation.has_made(dst, os.path.basename(src)):
            LOG.debug('%s has come to %s with the plan', src, dst)
            return
        super().copy_file(src, dst, *args, **kwargs)
