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

"""A method of nova that the driver builds on, and how it may differ."""

import dataclasses
import importlib
import inspect


@dataclasses.dataclass(frozen=True)
class NovaMethod:
    """A method or function of nova, and the parameters that we use.

    :ivar owner: module and, for a method, class
    :ivar parameters: names in order, without self; others may follow
    :ivar keywords: names of parameters that are passed by name
    """

    owner: str
    method: str
    parameters: tuple[str, ...]
    keywords: tuple[str, ...] = ()

    def problem(self) -> str | None:
        """Say how the installed nova differs; None where it does not."""
        module, _, name = self.owner.partition(':')
        where = f'{name or module}.{self.method}'
        try:
            owner = importlib.import_module(module)
            if name:
                owner = getattr(owner, name)
            found = inspect.signature(getattr(owner, self.method))
        except (ImportError, AttributeError) as err:
            return f'{where} is missing: {err}'
        names = tuple(found.parameters)[1 if name else 0 :]
        if names[: len(self.parameters)] != self.parameters:
            return (
                f'{where} takes ({", ".join(names)}) instead of '
                f'({", ".join(self.parameters)})'
            )
        if missing := [name for name in self.keywords if name not in names]:
            return (
                f'{where} takes ({", ".join(names)}), and no '
                f'{", ".join(missing)}'
            )
        return None
