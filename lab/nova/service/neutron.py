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

"""A Neutron without ports."""

from collections.abc import Callable

from nova.network import model


class Network:
    """Stand in for nova.network.neutron.API."""

    def has_port_binding_extension(self, context: object) -> bool:
        """Say that there is nothing to bind."""
        return False

    def get_instance_nw_info(
        self, *arguments: object, **more: object
    ) -> model.NetworkInfo:
        """Return no interfaces."""
        return model.NetworkInfo()

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Do nothing about ports: there are none."""
        return lambda *_, **__: None
