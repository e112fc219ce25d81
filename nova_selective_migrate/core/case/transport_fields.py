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


"""Read how memory travels, of the options of a case."""

from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.model import transport_options


def read(
    fields: json_fields.Fields,
) -> transport_options.TransportOptions:
    """Read ``options.transport``; where it is absent, nothing was asked for.

    :raises InvalidCase: when a field has another type
    """
    compression = fields.object('compression')
    action = fields.member('timeout_action', transport_options.TimeoutAction)
    return transport_options.TransportOptions(
        dname=fields.text('dname'),
        compression=transport_options.Compression(
            compressed=bool(compression.boolean('compressed')),
            methods=compression.texts('methods'),
            mt_level=compression.integer('mt_level'),
            mt_threads=compression.integer('mt_threads'),
            mt_dthreads=compression.integer('mt_dthreads'),
            xbzrle_cache=compression.integer('xbzrle_cache'),
            zlib_level=compression.integer('zlib_level'),
            zstd_level=compression.integer('zstd_level'),
        ),
        parallel_connections=fields.integer('parallel_connections') or 0,
        postcopy_after_precopy=bool(fields.boolean('postcopy_after_precopy')),
        suspend=bool(fields.boolean('suspend')),
        timeout=fields.integer('timeout') or 0,
        timeout_action=action or transport_options.TimeoutAction.SUSPEND,
        persistent=fields.boolean('persistent'),
        undefine_source=fields.boolean('undefine_source'),
        abort_on_error=bool(fields.boolean('abort_on_error')),
        auto_converge_initial=fields.integer('auto_converge_initial'),
        auto_converge_increment=fields.integer('auto_converge_increment'),
        postcopy_bandwidth=fields.integer('postcopy_bandwidth'),
        switchover_bandwidth=fields.integer('switchover_bandwidth'),
        tls_destination=fields.text('tls_destination'),
        graphics_uri=fields.text('graphics_uri'),
        accept_unready=fields.texts('accept_unready'),
    )
