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

"""libvirt's errors and domain states in our terms."""

import collections.abc
import contextlib

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence

_BY_DOMAIN = {
    libvirt.VIR_FROM_QEMU: guest_location.CallResult.FAILED,
    libvirt.VIR_FROM_RPC: guest_location.CallResult.LOST,
}


@contextlib.contextmanager
def translated(
    doing: str,
    kind: type[exceptions.HypervisorError] = exceptions.HypervisorError,
) -> collections.abc.Iterator[None]:
    """Raise libvirt's errors as ours.

    :param doing: what was tried, for the message
    :raises HypervisorError: or the kind of it that was asked for
    """
    try:
        yield
    except libvirt.libvirtError as err:
        raise ours(err, doing, kind) from err


def ours(
    err: libvirt.libvirtError,
    doing: str,
    kind: type[exceptions.HypervisorError] = exceptions.HypervisorError,
) -> exceptions.HypervisorError:
    """Return one of libvirt's errors as ours."""
    # libvirt repeats a URI that it cannot parse, password and all.
    text = redaction.anywhere(err.get_error_message() or str(err))
    message = ' '.join(text.split())
    # virReportSystemError puts the errno into int1.
    system = err.get_error_code() == libvirt.VIR_ERR_SYSTEM_ERROR
    return kind(
        f'{doing}: {message}',
        code=err.get_error_code() or 0,
        errno=(err.get_int1() or 0) if system else 0,
        domain=err.get_error_domain() or 0,
    )


def is_busy(err: Exception) -> bool:
    """Tell whether an error means no more than "busy, ask again".

    libvirt waits 30 seconds for a guest that another call holds, such as a
    migration whose QEMU does not answer.
    """
    return _has_code(err, libvirt.VIR_ERR_OPERATION_TIMEOUT)


def call_result(err: Exception) -> guest_location.CallResult:
    """Return how far a migration came, by the error of its call.

    An error of the source's own part is in the domain of QEMU's driver, and
    "canceled by client" is an abort (qemuMigrationJobCheckStatus). A reply
    of the destination that was lost is an error of the RPC.
    """
    if isinstance(err, exceptions.HypervisorError):
        code, domain = err.code, err.domain
    elif isinstance(err, libvirt.libvirtError):
        code, domain = err.get_error_code(), err.get_error_domain()
    else:
        return guest_location.CallResult.NOT_KNOWN
    if code == libvirt.VIR_ERR_OPERATION_ABORTED:
        return guest_location.CallResult.ABORTED
    return _BY_DOMAIN.get(domain, guest_location.CallResult.NOT_KNOWN)


def refused(message: str) -> Exception:
    """Return a libvirtError with our message, for a caller in nova.

    libvirt gives each new one what it knows of this thread's last failure,
    message and code: here that is of another call.
    """
    error: Exception = libvirt.libvirtError(message)
    error.args = (message,)
    vars(error)['err'] = None
    return error


def _has_code(err: Exception, code: int) -> bool:
    return (
        isinstance(err, libvirt.libvirtError) and err.get_error_code() == code
    )


def silence_errors() -> None:
    """Keep libvirt from printing errors to stderr on its own."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)


_STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: 'nostate',
    libvirt.VIR_DOMAIN_RUNNING: 'running',
    libvirt.VIR_DOMAIN_BLOCKED: 'blocked',
    libvirt.VIR_DOMAIN_PAUSED: 'paused',
    libvirt.VIR_DOMAIN_SHUTDOWN: 'shutdown',
    libvirt.VIR_DOMAIN_SHUTOFF: 'shutoff',
    libvirt.VIR_DOMAIN_CRASHED: 'crashed',
    libvirt.VIR_DOMAIN_PMSUSPENDED: 'pmsuspended',
}
_OFF = ('shutoff', 'crashed')
# The pauses that libvirt itself makes for a migration.
_PAUSED = {
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION: guest_presence.Presence.SWITCHING,
    libvirt.VIR_DOMAIN_PAUSED_STARTING_UP: guest_presence.Presence.SWITCHING,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY: guest_presence.Presence.POSTCOPY,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED: (
        guest_presence.Presence.POSTCOPY_FAILED
    ),
}
# VIR_DOMAIN_RUNNING_POSTCOPY_FAILED: bindings before 8.5 do not have it.
_RUNNING_POSTCOPY_FAILED = 11


def state_word(state: int) -> str:
    """Return libvirt's word for a state."""
    return _STATES.get(state, 'nostate')


def guest_side(state: int, reason: int) -> guest_presence.GuestSide:
    """Return what libvirt's state and reason mean for a migration."""
    presence = guest_presence.Presence
    said = state_word(state)
    if said == 'paused':
        return guest_presence.GuestSide(_PAUSED.get(reason, presence.PAUSED))
    if said == 'shutoff' and reason == libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED:
        return guest_presence.GuestSide(presence.MIGRATED)
    if said in _OFF:
        return guest_presence.GuestSide(presence.OFF, said)
    if said == 'running' and reason == _RUNNING_POSTCOPY_FAILED:
        return guest_presence.GuestSide(presence.POSTCOPY_FAILED, said)
    resumed = libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED
    return guest_presence.GuestSide(
        presence.RUNNING, said, said == 'running' and reason == resumed
    )
