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

"""Repeat a call without a parameter that a daemon is too old for."""

import collections.abc
import typing

import libvirt

from nova_selective_migrate.core.plan import migrate_call

Parameters = dict[str, migrate_call.Parameter]


def call_with_optional(
    make: collections.abc.Callable[[Parameters], typing.Any],
    parameters: Parameters,
    optional: collections.abc.Collection[str] = migrate_call.OPTIONAL,
) -> str | None:
    """Migrate; without an optional parameter that one side does not know.

    Both daemons look at all of them before anything is copied
    (virTypedParamsValidate, on the destination in Prepare3Params). What
    makes the copy right is not optional.

    :param make: the libvirt call
    :param optional: names of parameters that the call is right without
    :returns: the parameter that was left out
    :raises libvirtError: libvirt's own, for everything else
    """
    try:
        make(parameters)
    except libvirt.libvirtError as err:
        unknown = _unknown(err, parameters, optional)
        if unknown is None:
            raise
        make({k: v for k, v in parameters.items() if k != unknown})
        return unknown
    return None


def _unknown(
    err: libvirt.libvirtError,
    parameters: Parameters,
    optional: collections.abc.Collection[str],
) -> str | None:
    if err.get_error_code() != libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED:
        return None
    said = err.get_error_message() or ''
    sent = (name for name in optional if name in parameters)
    return next((name for name in sent if f"'{name}'" in said), None)
