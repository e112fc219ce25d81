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

"""A libvirt domain whose migration carries more parameters."""

import collections.abc
import typing

from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.host.hypervisor import optional_parameters


class AddressedDomain:
    """A libvirt.virDomain; nova's guest takes no more parameters itself.

    Everything but :meth:`migrateToURI3` is the domain's own.

    :ivar added: name -> value, where nova passes none of that name
    :ivar replaced: name -> value, where nova passes another
    :ivar optional: see :func:`optional.migrate`
    """

    def __init__(
        self,
        domain: typing.Any,
        added: collections.abc.Mapping[str, migrate_call.Parameter],
        replaced: collections.abc.Mapping[str, migrate_call.Parameter],
        optional: collections.abc.Collection[str] = migrate_call.OPTIONAL,
    ) -> None:
        self._domain = domain
        self.added = added
        self.replaced = replaced
        self.optional = optional
        self.left_out: str | None = None

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._domain, name)

    def migrateToURI3(
        self,
        dconnuri: str,
        params: collections.abc.Mapping[str, typing.Any],
        flags: int = 0,
    ) -> None:
        """Migrate with nova's parameters and ours."""
        self.left_out = optional_parameters.call_with_optional(
            lambda wanted: self._domain.migrateToURI3(
                dconnuri, params=wanted, flags=flags
            ),
            {**self.added, **params, **self.replaced},
            self.optional,
        )
