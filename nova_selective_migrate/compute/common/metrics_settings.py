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
"""Where metrics go: the options, read and checked."""

import dataclasses
import importlib
import os.path
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import listen_address

LIBRARY = 'prometheus_client'
#: node_exporter's textfile collector reads no others.
_SUFFIX = '.prom'


@dataclasses.dataclass(frozen=True)
class MetricsSettings:
    """Where metrics go; nowhere where both are None.

    :ivar file: path that they are written to
    :ivar bind: where they are served over HTTP
    """

    file: str | None = None
    bind: listen_address.ListenAddress | None = None

    @property
    def wanted(self) -> bool:
        """Tell whether anybody wants them."""
        return bool(self.file or self.bind)

    @classmethod
    def of(cls, group: typing.Any) -> 'MetricsSettings':
        """Read the options.

        :raises InvalidInput: when one is not usable, or what makes the
            metrics is not installed
        """
        file = group.metrics_file or None
        if file and not (os.path.isabs(file) and file.endswith(_SUFFIX)):
            raise exceptions.InvalidInput(
                f'[selective_migrate]metrics_file {file!r}: it must be an '
                f'absolute path that ends in {_SUFFIX}, as node_exporter '
                'reads no other'
            )
        bind = None
        if group.metrics_bind:
            try:
                bind = listen_address.ListenAddress.of(group.metrics_bind)
            except exceptions.InvalidInput as err:
                raise exceptions.InvalidInput(
                    f'[selective_migrate]metrics_bind: {err}'
                ) from err
        found = cls(file, bind)
        if found.wanted:
            _assert_library(
                'metrics_file' if found.file else 'metrics_bind',
            )
        return found


def _assert_library(option: str) -> None:
    try:
        importlib.import_module(LIBRARY)
    except ImportError as err:
        raise exceptions.InvalidInput(
            f'[selective_migrate]{option} needs {LIBRARY}, which this '
            f'nova-compute cannot import ({err}): install '
            'nova-selective-migrate[metrics] beside it, or leave the option '
            'out'
        ) from err
