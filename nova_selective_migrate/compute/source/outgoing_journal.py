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

"""The journal of live migrations that leave this host.

What nova needs to end one is in the memory of its process alone, while
libvirt carries the migration on without it.
"""

import dataclasses
import datetime
import typing

import nova.conf
from nova.objects import base

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.journal import journal_entries

CONF = nova.conf.CONF

# Of nova.objects.migrate_data.LibvirtLiveMigrateData: needed by the call
# alone, and nobody else's to read.
_SECRET = 'vtpm_secret_value'  # noqa: S105 - a name


@dataclasses.dataclass(frozen=True)
class OutgoingMigration:
    """One live migration that was to leave this host.

    :ivar ending: where the guest was found, if its end was acted upon
    :ivar since: when it was entered, before libvirt was called
    :ivar migrate_data: nova's LibvirtLiveMigrateData, with its Migration
    :ivar source_bdms: the block device mappings as they were here
    :ivar uri: of the destination's libvirt, that the call went to; None in
        an entry of a release that did not note it
    :ivar request: the one that asked for it, as in nova's logs
    """

    source: str
    destination: str
    since: str
    ending: guest_location.Ending | None
    block_migration: typing.Any
    migrate_data: typing.Any
    source_bdms: typing.Any
    uri: str | None = None
    request: str | None = None

    @property
    def address(self) -> str:
        """Return what nova has libvirt call the destination."""
        return address(self.destination, self.migrate_data)


def address(destination: str, migrate_data: typing.Any) -> str:
    """Return what nova has libvirt call the destination.

    Its [libvirt]live_migration_inbound_addr where it has one (nova.virt.
    libvirt.driver.LibvirtDriver._live_migration_operation).
    """
    data = migrate_data
    if 'target_connect_addr' in data and data.target_connect_addr is not None:
        return str(data.target_connect_addr)
    return destination


# Of releases that had an enumeration of their own for it.
_ENDINGS = {'not moved': guest_location.Ending.NOT_MOVED}


def _ending(text: str | None) -> guest_location.Ending | None:
    if not text:
        return None
    return _ENDINGS.get(text) or guest_location.Ending(text)


class OutgoingJournal:
    """The departures of this host, journalled by instance."""

    def __init__(self, directory: str) -> None:
        self._journal = journal_entries.JournalEntries(directory)

    def begin(
        self,
        context: typing.Any,
        instance: typing.Any,
        dest: str,
        source_bdms: typing.Any,
        block_migration: typing.Any,
        migrate_data: typing.Any,
        uri: str | None = None,
    ) -> None:
        """Enter a migration that is about to begin.

        :param uri: that of the destination's libvirt; what may be a password
            in it is not written down
        :raises JournalFailed: when that cannot be written down
        """
        serialize = base.NovaObjectSerializer().serialize_entity
        now = datetime.datetime.now(datetime.UTC)
        data = serialize(context, migrate_data)
        if data['nova_object.data'].get(_SECRET) is not None:
            # Whether it is there tells nova that the guest has a TPM.
            data['nova_object.data'][_SECRET] = None
        self._journal.write(
            instance.uuid,
            {
                'instance': instance.uuid,
                'request': str(context.request_id),
                'source': CONF.host,
                'destination': dest,
                'since': now.isoformat(timespec='seconds'),
                'ending': None,
                'block_migration': bool(block_migration),
                'migrate_data': data,
                'source_bdms': serialize(context, source_bdms),
                'uri': uri if uri and redaction.uri(uri) == uri else None,
            },
        )

    def note(self, instance: str, ending: guest_location.Ending) -> None:
        """Note where the guest was found, before that is acted upon.

        :raises JournalFailed: when that cannot be written down
        """
        tree = self._journal.read(instance)
        if tree is not None:
            self._journal.write(instance, {**tree, 'ending': ending.value})

    def of(self, context: typing.Any, instance: str) -> OutgoingMigration:
        """Return the departure of an instance.

        :raises JournalFailed: when there is none that can be read
        """
        deserialize = base.NovaObjectSerializer().deserialize_entity
        found = self._journal.read_as(
            instance,
            lambda tree: OutgoingMigration(
                tree['source'],
                tree['destination'],
                tree['since'],
                _ending(tree['ending']),
                tree['block_migration'],
                deserialize(context, tree['migrate_data']),
                deserialize(context, tree['source_bdms']),
                tree.get('uri'),
                tree.get('request'),
            ),
            'departure',
        )
        if found is None:
            raise exceptions.JournalFailed(
                f'{self._journal.path(instance)} is not there'
            )
        return found

    def drop(self, instance: str) -> None:
        """Forget the departure of an instance, where there is one.

        :raises JournalFailed: when it cannot be removed
        """
        self._journal.drop(instance)

    def instances(self) -> list[str]:
        """List the instances that have a departure.

        :raises JournalFailed: when they cannot be listed
        """
        return self._journal.names()
