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

"""The journal of outgoing migrations.

nova keeps what it needs to end a migration in memory only, while libvirt
continues the migration without nova-compute.
"""

import dataclasses
import datetime
import typing

import nova.conf
from nova.objects import base

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.model import plan_ids
from nova_selective_migrate.host.journal import journal_entries

CONF = nova.conf.CONF

# Of nova.objects.migrate_data.LibvirtLiveMigrateData: only the call needs it,
# and it is secret.
_SECRET = 'vtpm_secret_value'  # noqa: S105 - a name


@dataclasses.dataclass(frozen=True)
class OutgoingMigration:
    """One live migration from this host.

    :ivar source: CONF.host of this host
    :ivar destination: CONF.host of the destination
    :ivar since: ISO time of the entry, before libvirt was called
    :ivar ending: where the guest was found, before nova acted upon that;
        None: not known yet
    :ivar migrate_data: nova's LibvirtLiveMigrateData, with its Migration
    :ivar source_bdms: nova's BlockDeviceMappingList of the source
    :ivar uri: of the destination's libvirt; None in entries of earlier
        releases, and where it may have a password
    :ivar request: id of nova's request, as in its logs
    :ivar postcopy: whether the guest was seen in post-copy
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
    postcopy: bool = False

    @property
    def address(self) -> str:
        """Return the address of the destination's libvirt."""
        return address(self.destination, self.migrate_data)


def address(destination: str, migrate_data: typing.Any) -> str:
    """Return the address of the destination's libvirt.

    Its [libvirt]live_migration_inbound_addr where it has one, else its name
    (nova.virt.libvirt.driver.LibvirtDriver._live_migration_operation).
    """
    data = migrate_data
    if 'target_connect_addr' in data and data.target_connect_addr is not None:
        return str(data.target_connect_addr)
    return destination


# Entries of earlier releases have another word.
_ENDINGS = {'not moved': guest_location.Ending.NOT_MOVED}


def _ending(text: str | None) -> guest_location.Ending | None:
    if not text:
        return None
    return _ENDINGS.get(text) or guest_location.Ending(text)


class OutgoingJournal:
    """The outgoing migrations of this host, one entry for each instance.

    :param directory: of the journal
    """

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
        """Write the entry of a migration, before libvirt is called.

        :param dest: CONF.host of the destination
        :param source_bdms: nova's BlockDeviceMappingList
        :param uri: of the destination's libvirt; not written where it may
            have a password
        :raises JournalFailed: when it cannot be written
        """
        serialize = base.NovaObjectSerializer().serialize_entity
        now = datetime.datetime.now(datetime.timezone.utc)
        data = serialize(context, migrate_data)
        if data['nova_object.data'].get(_SECRET) is not None:
            # nova concludes from the field that the guest has a TPM.
            data['nova_object.data'][_SECRET] = None
        self._journal.write(
            instance.uuid,
            {
                'instance': instance.uuid,
                'request': str(context.request_id),
                'plan_id': plan_ids.of_request(
                    context.request_id, instance.uuid
                ),
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

    def plan_id(self, instance: str) -> str:
        """Return the plan id of an entry; empty where it has none."""
        return migration_log.journalled(self._journal, instance)

    def note(self, instance: str, ending: guest_location.Ending) -> None:
        """Write where the guest was found, before nova acts upon that.

        :raises JournalFailed: when it cannot be written
        """
        tree = self._journal.read(instance)
        if tree is not None:
            self._journal.write(instance, {**tree, 'ending': ending.value})

    def note_postcopy(self, instance: str) -> None:
        """Write that the guest has run at the destination.

        :raises JournalFailed: when it cannot be written
        """
        tree = self._journal.read(instance)
        if tree is not None:
            self._journal.write(instance, {**tree, 'postcopy': True})

    def entry(self, context: typing.Any, instance: str) -> OutgoingMigration:
        """Return the entry of an instance.

        :raises JournalFailed: when there is none, or it cannot be read
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
                bool(tree.get('postcopy')),
            ),
            'outgoing migration',
        )
        if found is None:
            raise exceptions.JournalFailed(
                f'{self._journal.path(instance)} is not there'
            )
        return found

    def drop(self, instance: str) -> None:
        """Remove the entry of an instance, where it has one.

        :raises JournalFailed: when it cannot be removed
        """
        self._journal.drop(instance)

    def instances(self) -> list[str]:
        """List the UUIDs of the instances that have an entry.

        :raises JournalFailed: when they cannot be listed
        """
        return self._journal.names()
