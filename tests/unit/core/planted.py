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

"""Volumes with a secret in every field where one can stand.

Each secret has its own name, so that one that is found says where it was.
Fields that locate a volume are needed: in those a secret is the user and
password of a URL, or what a backend takes behind the place.
"""

import typing

from tests.unit.core import builders as b

SECRET = 'Sesame'
_PLAIN = (
    *('auth_method', 'auth_username', 'auth_password', 'auth_enabled'),
    *('discovery_auth_method', 'discovery_auth_username'),
    *('discovery_auth_password', 'secret_type', 'secret_uuid', 'keyring'),
    *('access_key', 'secret_key', 'access_mode', 'client_token', 'token'),
    *('user', 'username', 'password', 'passwd', 'passphrase', 'credentials'),
    *('serverIP', 'serverUsername', 'serverPassword', 'serverToken'),
    *('iopsLimit', 'config_id', 'storage_protection_domain_name'),
    *('options', 'mount_options', 'cluster_name', 'hosts', 'ports'),
    *('target_discovered', 'target_portal', 'target_portals', 'initiator'),
    *('target_nqn', 'host_nqn', 'vol_uuid', 'portals', 'dhchap_key'),
    *('dhchap_ctrl_key', 'tls_psk', 'nguid', 'uuid', 'lightos_jwt'),
    *('encrypted', 'encryption', 'encryption_key_id', 'key', 'cipher'),
    *('qos_specs', 'cacheable', 'discard', 'format', 'sheepdog_password'),
    *('vendor_of_tomorrow', 'x-api-key', 'Authorization', 'cookie', ''),
)
_LOCATING = ('device_path', 'path', 'export', 'name', 'volume_id')
URLS = (
    'https://user:{}@server/x',
    'https://{}@server/x',
    '//user:{}@server/share',
    'https://server/x?token={}',
    'rbd:pool/image:id=admin:key={}',
    'json:{{"file.password": "{}"}}',
)


def _secret(*where: str) -> str:
    return '-'.join((SECRET, *where))


def _nested(where: str) -> typing.Any:
    """Objects in lists in objects, keys and values."""
    return {
        _secret(where, 'key'): [_secret(where, 'item'), {'x': _secret(where)}],
        'multipath': [[_secret(where, 'path')], _secret(where, 'paths')],
    }


def row(number: int, driver: str, **data: typing.Any) -> b.Tree:
    """A row of the mapping with secrets around what locates the volume."""
    found = b.row(f'vd{"bcdefghijklmnopqr"[number]}', None, driver=driver)
    info = found['connection_info']
    info['data'] = {
        **{name: _secret(driver, name) for name in _PLAIN},
        'nested': _nested(driver),
        **data,
    }
    info.update(
        serial=b.VOLUMES[number % 3],
        connector=_nested('connector'),
        status=_secret('status'),
        instance=_secret('instance'),
        attached_at=_secret('attached_at'),
        detached_at=_secret('detached_at'),
        multiattach=_secret('multiattach'),
        enforce_multipath=_secret('enforce_multipath'),
        of_tomorrow=_nested('of_tomorrow'),
    )
    found.update(
        attachment_id=_secret('attachment_id'),
        guest_format=_secret('guest_format'),
        encryption_secret_uuid=_secret('encryption_secret_uuid'),
        encryption_options=_nested('encryption_options'),
        tag=_secret('tag'),
    )
    return found


def rows() -> list[b.Tree]:
    """Volumes of every kind, one of each for every locating field."""
    lun = {
        'target_iqns': ['iqn.a', 'iqn.b'],
        'target_luns': [1, 1],
        'target_iqn': 'iqn.a',
        'target_lun': 1,
    }
    found = [
        row(0, 'rbd', name='vms/image'),
        row(1, 'iscsi', **lun),
        row(2, 'nfs', export='srv:/exp', name='volume'),
        row(3, 'vzstorage', export=f'cluster:{_secret("vz")}', name='volume'),
        row(4, 'scaleio'),
        row(5, 'nvmeof', target_wwn=['a'], target_luns=[1]),
        row(6, 'of-tomorrow'),
    ]
    for number, url in enumerate(URLS):
        fields = {name: url.format(_secret(name)) for name in _LOCATING}
        found.append(row(7 + number, 'url', **fields, target_iqns=[url]))
    return found


def mapping() -> b.Tree:
    return {
        **b.mapping(*rows()),
        'root_device_name': URLS[0].format(_secret('root')),
        'swap': _nested('swap'),
        'ephemerals': [_nested('ephemerals')],
        'image': [_nested('image')],
        'of_tomorrow': _nested('of_tomorrow'),
    }
