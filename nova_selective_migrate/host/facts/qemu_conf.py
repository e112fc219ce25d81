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

"""Read what libvirt's QEMU driver of this host is configured to do."""

import collections.abc
import os
import pathlib
import re

from nova_selective_migrate.core.model import destination_readiness

_FILE = pathlib.Path('/etc/libvirt/qemu.conf')
_SHARED = re.compile(
    r'^[ \t]*shared_filesystems[ \t]*=[ \t]*\[(.*?)\]',
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r'^[ \t]*#.*$', re.MULTILINE)
_TEXT = re.compile(r'"([^"\n]*)"|\'([^\'\n]*)\'')


_TLS = re.compile(
    r'^[ \t]*(?:migrate|default)_tls_x509_cert_dir[ \t]*=[ \t]*"([^"\n]*)"',
    re.MULTILINE,
)
#: Where libvirt looks where qemu.conf does not say.
_TLS_DEFAULTS = ('/etc/pki/libvirt-migrate', '/etc/pki/qemu')


def tls_certificates(
    file: pathlib.Path = _FILE,
    defaults: collections.abc.Iterable[str] = _TLS_DEFAULTS,
) -> bool | None:
    """Tell whether QEMU has certificates for a migration with TLS.

    :param defaults: directories besides those that the file names
    :returns: False where no directory of certificates has one of an
        authority, None where that is not known
    """
    try:
        text = _COMMENT.sub('', file.read_text(encoding='utf-8'))
        folders = [*_TLS.findall(text), *defaults]
        found = [os.listdir(f) for f in folders if os.path.lexists(f)]
    except (OSError, ValueError):
        return None
    return any('ca-cert.pem' in names for names in found)


_FOLDER = r'^[ \t]*{name}_tls_x509_cert_dir[ \t]*=[ \t]*"([^"\n]*)"'
_PORT = r'^[ \t]*migration_port_{name}[ \t]*=[ \t]*"?(\d+)"?'


def tls_directory(
    file: pathlib.Path = _FILE,
    defaults: tuple[str, str] = _TLS_DEFAULTS,
) -> str | None:
    """Return where QEMU's certificates for a migration are.

    virQEMUDriverConfigSetDefaults in qemu_conf.c.

    :param defaults: of migrations, which counts where it exists, and of all
        that has TLS
    :returns: None where the file cannot be read
    """
    try:
        text = _COMMENT.sub('', file.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    own, common = (
        re.search(_FOLDER.format(name=name), text, re.MULTILINE)
        for name in ('migrate', 'default')
    )
    if own is not None:
        return own[1]
    if os.path.lexists(defaults[0]):
        return defaults[0]
    return common[1] if common is not None else defaults[1]


def migration_ports(file: pathlib.Path = _FILE) -> tuple[int, int]:
    """Return the first and the last port that libvirt chooses from.

    Those of this host: a destination may have others.
    """
    first, last = destination_readiness.MIGRATION_PORTS
    try:
        text = _COMMENT.sub('', file.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return first, last
    found = [
        re.search(_PORT.format(name=name), text, re.MULTILINE)
        for name in ('min', 'max')
    ]
    named = [
        int(each[1]) if each else usual
        for each, usual in zip(found, (first, last), strict=True)
    ]
    sound = 0 < named[0] <= named[1] < 2**16
    return (named[0], named[1]) if sound else (first, last)


def shared_filesystems(file: pathlib.Path = _FILE) -> tuple[str, ...]:
    """Return shared_filesystems; none where it is unset or unreadable.

    The file is root's own on most distributions.
    """
    try:
        text = file.read_text(encoding='utf-8')
    except (OSError, ValueError):
        return ()
    found = _SHARED.search(_COMMENT.sub('', text))
    if found is None:
        return ()
    return tuple(one or other for one, other in _TEXT.findall(found.group(1)))
