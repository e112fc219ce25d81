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

"""Let nova-compute find the driver below nova.virt.

``nova.virt.driver.load_compute_driver`` imports only from ``nova.virt``. That
is a regular package, so a module of ours is not found in it unless both are
installed in one directory. The name is therefore an alias, which a finder on
``sys.meta_path`` resolves. nova-compute loads all os-vif plugins before its
driver (nova.cmd.compute.main); one of them is ours, declared as an entry
point. It plugs no interface and registers the finder.
"""

import collections.abc
import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import typing

from os_vif import plugin
from os_vif.objects import host_info

NAME = 'nova.virt.selective_migrate'
_TARGET = 'nova_selective_migrate.compute.driver'


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads the alias, which has no file."""

    def find_spec(
        self,
        fullname: str,
        path: collections.abc.Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a spec for the alias; None for all other modules."""
        if fullname != NAME:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def exec_module(self, module: types.ModuleType) -> None:
        """Give the alias the class that compute_driver names."""
        real = importlib.import_module(_TARGET)
        module.__doc__ = real.__doc__
        vars(module)['SelectiveMigrateDriver'] = real.SelectiveMigrateDriver


def register() -> None:
    """Make nova.virt.selective_migrate importable; may be called again."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


class AliasPlugin(plugin.PluginBase):
    """An os-vif plugin that plugs nothing; loading it registers the alias."""

    def describe(self) -> host_info.HostPluginInfo:
        """Offer no interface."""
        return host_info.HostPluginInfo(
            plugin_name='selective_migrate', vif_info=[]
        )

    def plug(self, vif: typing.Any, instance_info: typing.Any) -> None:
        """Never called: no interface names this plugin."""

    def unplug(self, vif: typing.Any, instance_info: typing.Any) -> None:
        """Never called: no interface names this plugin."""

    @classmethod
    def load(cls, plugin_name: str) -> 'AliasPlugin':
        """Register the alias when os-vif loads its plugins."""
        register()
        loaded: AliasPlugin = super().load(plugin_name)
        return loaded
