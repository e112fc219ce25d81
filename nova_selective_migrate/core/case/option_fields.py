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

"""Read the options of a case."""

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.case import transport_fields
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import media_options
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import trim_options


def read(fields: json_fields.Fields) -> migration_options.MigrationOptions:
    """Read ``options`` of a case.

    :raises InvalidCase: when a field has another type, or is missing
    """
    return migration_options.MigrationOptions(
        destination_uri=fields.text('destination_uri'),
        bandwidth=fields.integer('bandwidth') or 0,
        migrate_uri=fields.text('migrate_uri'),
        listen_address=fields.text('listen_address'),
        direct=bool(fields.boolean('direct')),
        tunnelled=bool(fields.boolean('tunnelled')),
        tls=bool(fields.boolean('tls')),
        create_images=bool(fields.boolean('create_images')),
        existing=fields.texts('existing'),
        prepared=_preparation(fields),
        postcopy=bool(fields.boolean('postcopy')),
        parallel=bool(fields.boolean('parallel')),
        synchronous_writes=bool(fields.boolean('synchronous_writes')),
        converge=bool(fields.boolean('converge')),
        auto_converge=bool(fields.boolean('auto_converge')),
        disks_port=fields.integer('disks_port'),
        disks_uri=fields.text('disks_uri'),
        thin=fields.member('thin', migration_options.Thin)
        or migration_options.Thin.OFF,
        parallel_mirrors=fields.integer('parallel_mirrors') or 0,
        accept_known_bad=fields.texts('accept_known_bad'),
        transport=transport_fields.read(fields.object('transport')),
        media=_media(fields.object('media')),
        mapping=_mapping(fields.object('mapping')),
        remove_source_images=bool(fields.boolean('remove_source_images')),
        trim=_trim(fields.object('trim')),
    )


def _trim(fields: json_fields.Fields) -> trim_options.TrimOptions:
    seconds = fields.integer('seconds')
    return trim_options.TrimOptions(
        on=bool(fields.boolean('on')),
        seconds=trim_options.TRIM_SECONDS if seconds is None else seconds,
    )


def _media(fields: json_fields.Fields) -> media_options.MediaOptions:
    limit = fields.integer('limit_bytes')
    return media_options.MediaOptions(
        copy=bool(fields.boolean('copy')),
        eject=bool(fields.boolean('eject')),
        limit_bytes=(
            media_options.MediaOptions.limit_bytes if limit is None else limit
        ),
    )


def _mapping(
    fields: json_fields.Fields,
) -> destination_mapping.DestinationMapping:
    formats = fields.object('formats')
    return destination_mapping.DestinationMapping(
        paths=tuple(
            destination_mapping.PathMap.of(*_ends(each))
            for each in fields.each('paths')
        ),
        pools=tuple(
            destination_mapping.PoolMap(*_ends(each))
            for each in fields.each('pools')
        ),
        formats={name: formats.text(name) or '' for name in formats.tree},
    )


def _ends(fields: json_fields.Fields) -> tuple[str, str]:
    return fields.text('source') or '', fields.text('destination') or ''


def _preparation(
    fields: json_fields.Fields,
) -> migration_options.Preparation | None:
    if fields.tree.get('prepared') is None:
        return None
    prepared = fields.object('prepared')
    directory = prepared.text('directory')
    if directory is None:
        raise exceptions.InvalidCase(f'{prepared.where}.directory is missing')
    reasons = prepared.object('not_carried')
    return migration_options.Preparation(
        directory=directory,
        shared_directory=bool(prepared.boolean('shared_directory')),
        block_migration=prepared.boolean('block_migration'),
        carried=prepared.texts('carried'),
        not_carried={name: reasons.text(name) or '' for name in reasons.tree},
        seeded=prepared.texts('seeded'),
        makes_images=prepared.boolean('makes_images') is not False,
        images_type=prepared.text('images_type') or 'qcow2',
        same_images_type=prepared.boolean('same_images_type') is not False,
        fetched_bytes=prepared.integer('fetched_bytes') or 0,
        sets_volume_paths=bool(prepared.boolean('sets_volume_paths')),
        also_sent=prepared.texts('also_sent'),
        volume_group=prepared.text('volume_group') or '',
        destination_group=prepared.text('destination_group') or '',
    )
