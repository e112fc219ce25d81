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


"""Try the certificates of this host's QEMU with each other.

QEMU takes none that it would itself turn down: client-cert.pem has to be of
the authority in ca-cert.pem (qcrypto_tls_creds_x509_sanity_check). A
handshake in memory finds one of another authority, one that is not valid
today, a key of another one.
"""

import os.path
import ssl

from nova_selective_migrate.core.model import destination_readiness

_NAME = 'peer'
_STEPS = 8
# QEMU's library takes what OpenSSL may hold for weak.
_CIPHERS = 'DEFAULT@SECLEVEL=0'
_Finding = destination_readiness.Finding


def client(folder: str) -> _Finding:
    """Say whether an authority takes the client's certificate beside it.

    :param folder: with ca-cert.pem, client-cert.pem and client-key.pem
    """
    authority, certificate, key = (
        os.path.join(folder, name)
        for name in ('ca-cert.pem', 'client-cert.pem', 'client-key.pem')
    )
    about = certificate
    missing = [p for p in (certificate, key) if not os.path.lexists(p)]
    if len(missing) > 1:
        # A destination may ask for none: migrate_tls_x509_verify.
        return _Finding(about, said='it is missing')
    if missing:
        return _Finding(about, False, f'{missing[0]} is missing')
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        for context in (server, ours):
            context.set_ciphers(_CIPHERS)
            context.load_verify_locations(authority)
            context.load_cert_chain(certificate, key, password=_no_password)
    except OSError as err:
        if isinstance(err, ssl.SSLError) and err.reason == _OTHER_KEY:
            return _Finding(about, False, f'{key} is the key of another')
        return _Finding(about, said=f'it cannot be read: {err.strerror}')
    except ValueError:
        return _Finding(about, said='its key has a password')
    server.verify_mode = ssl.CERT_REQUIRED
    ours.check_hostname = False
    ours.verify_mode = ssl.CERT_NONE
    try:
        _shake_hands(server, ours)
    except ssl.SSLCertVerificationError as err:
        return _Finding(about, False, err.verify_message)
    except ssl.SSLError as err:
        return _Finding(about, said=f'it cannot be tried: {err.reason}')
    return _Finding(about, True)


_OTHER_KEY = 'KEY_VALUES_MISMATCH'


def _no_password() -> str:
    """Answer OpenSSL, which would ask at the terminal."""
    raise ValueError


def _shake_hands(server: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    """Have one side take the other's certificate.

    :raises SSLError: when it does not
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        ours.wrap_bio(to_client, to_server, server_hostname=_NAME),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(_STEPS):
        for side in [*sides]:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)
        if not sides:
            return
