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

"""What an audit of a host takes for given, beside what it finds."""

import dataclasses

from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import migration_options


@dataclasses.dataclass(frozen=True)
class AuditOptions:
    """The options that each guest of an audit is planned with.

    :ivar policy: the declared paths
    :ivar thin: OFF where nova preallocates images
    :ivar parallel_mirrors: disks to copy at a time, 0 for all
    :ivar accept_known_bad: ids of rules about releases that do not hold
    :ivar shared_filesystems: what the source's qemu.conf names, where it
        cannot be read
    :ivar tunnelled: whether the daemons carry memory
    :ivar tls: whether memory and disks are encrypted
    :ivar images_by_nova: whether nova makes images and their directory when
        a server comes; what the destination has now tells nothing then
    """

    policy: declared_paths.LocalityPolicy = declared_paths.LocalityPolicy()
    thin: migration_options.Thin = migration_options.Thin.OFF
    parallel_mirrors: int = 0
    accept_known_bad: tuple[str, ...] = ()
    shared_filesystems: tuple[str, ...] = ()
    tunnelled: bool = False
    tls: bool = False
    images_by_nova: bool = False

    def migration(
        self, destination_uri: str | None
    ) -> migration_options.MigrationOptions:
        """Return the options of each plan.

        :param destination_uri: None: no destination is asked, and nobody
            knows what can be made there
        """
        ours = destination_uri is not None and not self.images_by_nova
        return migration_options.MigrationOptions(
            destination_uri=destination_uri,
            create_images=ours,
            converge=ours,
            thin=self.thin,
            parallel_mirrors=self.parallel_mirrors,
            accept_known_bad=self.accept_known_bad,
            tunnelled=self.tunnelled,
            tls=self.tls,
        )
