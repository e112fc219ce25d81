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

"""A Cinder with its volumes and attachments in a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
import uuid

from nova import exception

from lab.nova import locked_json


class Volumes:
    """Stand in for nova.volume.cinder.API: what nova-compute asks for.

    The test reads and writes the same file: see lab.nova.nova_volumes.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / 'cinder.json'

    def get(self, context: object, volume: str, **_: object) -> dict[str, Any]:
        """Return what nova wants to know about a volume."""
        if volume not in locked_json.read(self._path)['volumes']:
            raise exception.VolumeNotFound(volume_id=volume)
        return {
            'id': volume,
            'size': 1,
            'status': 'in-use',
            'attach_status': 'attached',
            'multiattach': False,
            'display_name': volume,
            'shared_targets': False,
            'service_uuid': None,
            'volume_type_id': None,
            'volume_image_metadata': {},
        }

    def attachment_create(
        self,
        context: object,
        volume: str,
        instance: str,
        connector: dict[str, Any] | None = None,
        mountpoint: str | None = None,
    ) -> dict[str, Any]:
        """Make an attachment: of a host, if its connector is given."""
        identifier = str(uuid.uuid4())
        with locked_json.changed(self._path) as state:
            state['attachments'][identifier] = {
                'volume': volume,
                'instance': instance,
                'host': (connector or {}).get('host'),
                'completed': False,
            }
        return self.attachment_get(context, identifier)

    def attachment_get(
        self, context: object, identifier: str
    ) -> dict[str, Any]:
        """Return the attachment with its connection_info."""
        state = locked_json.read(self._path)
        attachment = _find(state, identifier)
        volume = state['volumes'][attachment['volume']]
        paths = state['paths'].get(attachment['volume'], {})
        data = dict(volume['data'])
        if attachment['host'] in paths:
            # As os-brick finds it on that host.
            data['device_path'] = paths[attachment['host']]
        return {
            'id': identifier,
            'connection_info': {
                **volume,
                'data': data,
                'serial': attachment['volume'],
            },
        }

    def attachment_update(
        self,
        context: object,
        identifier: str,
        connector: dict[str, Any],
        mountpoint: str | None = None,
    ) -> dict[str, Any]:
        """Tell which host an attachment is of."""
        with locked_json.changed(self._path) as state:
            _find(state, identifier)['host'] = connector.get('host')
        return self.attachment_get(context, identifier)

    def attachment_complete(self, context: object, identifier: str) -> None:
        """Note that the host uses it."""
        with locked_json.changed(self._path) as state:
            _find(state, identifier)['completed'] = True

    def attachment_delete(self, context: object, identifier: str) -> None:
        """Forget an attachment."""
        with locked_json.changed(self._path) as state:
            _find(state, identifier)
            del state['attachments'][identifier]

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Have no objection and no answer."""
        return lambda *_, **__: None


def _find(state: locked_json.State, identifier: str) -> Any:
    try:
        return state['attachments'][identifier]
    except KeyError as err:
        raise exception.VolumeAttachmentNotFound(
            attachment_id=identifier
        ) from err
