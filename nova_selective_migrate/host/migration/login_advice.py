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


"""What to do where the source's daemon cannot log in at the destination."""

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction

# What ssh and libvirt say of a login that fails. libvirt passes on what ssh
# writes, which is not translated.
_SAID = (
    'Permission denied',
    'Host key verification failed',
    'Could not resolve hostname',
    'authentication failed',
    'Failed to connect to remote libvirt URI',
)


def added(err: Exception, uri: str) -> Exception:
    """Return an error with advice where it is the daemon's own login.

    Before that the daemon does nothing, so that the guest and its images
    are as they were.

    :param err: of the call
    :param uri: libvirt URI of the destination
    """
    said = str(err)
    if not isinstance(err, exceptions.HypervisorError) or not any(
        words in said for words in _SAID
    ):
        return err
    return exceptions.HypervisorError(
        f"{err}. The source's daemon connects to {redaction.uri(uri)} "
        'itself, as its own user and with its own keys: give it some, or '
        'migrate with --direct, which needs yours alone',
        code=err.code,
        errno=err.errno,
        domain=err.domain,
    )
