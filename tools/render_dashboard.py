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

"""Write contrib/grafana/selective-migrate.json: a dashboard for Grafana.

Of the metrics that doc/source/admin/metrics.rst lists. Run it after a change
here: ``make dashboard``.
"""

import pathlib
import typing

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.cog import encoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

FILE = (
    pathlib.Path(__file__).parents[1]
    / 'contrib/grafana/selective-migrate.json'
)
_SOURCE = models.DataSourceRef(type_val='prometheus', uid='${datasource}')
_HOST = 'instance=~"$instance"'
#: Grafana's grid is 24 wide.
_FULL, _HALF, _SIXTH = 24, 12, 4
_ANY_IS_BAD = (
    models.Threshold(value=None, color='green'),
    models.Threshold(value=1, color='red'),
)
_Stacking = typing.Literal['normal', 'none']


def render() -> str:
    """Return the dashboard as JSON."""
    made = _dashboard().build()
    for number, panel in enumerate(made.panels or (), start=1):
        panel.id_val = number
    text = encoder.JSONEncoder(sort_keys=True, indent=2).encode(made)
    return f'{text}\n'


def _dashboard() -> builders.Dashboard:
    return (
        builders.Dashboard('Selective live migration')
        .uid('selective-migrate')
        .description(
            'Live migrations of nova-compute with nova-selective-migrate: how '
            'they ended, what was refused, and each disk while it is copied.'
        )
        .tags(['openstack', 'nova', 'libvirt'])
        .time('now-6h', 'now')
        .refresh('30s')
        .with_variable(
            builders.DatasourceVariable('datasource')
            .label('Data source')
            .type('prometheus')
        )
        .with_variable(
            builders.QueryVariable('instance')
            .label('Host')
            .datasource(_SOURCE)
            .query(
                'label_values(selective_migrate_migrations_in_running_phase, '
                'instance)'
            )
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value('.*')
        )
        .with_row(builders.Row('Hosts'))
        .with_panel(
            _number(
                'Running',
                f'sum(selective_migrate_migrations_in_running_phase{{{_HOST}}})',
                'Migrations that run.',
            )
        )
        .with_panel(
            _number(
                'Pending',
                f'sum(selective_migrate_migrations_in_pending_phase{{{_HOST}}})',
                'Migrations that wait for their turn, or whose destination is '
                'being prepared.',
            )
        )
        .with_panel(
            _bad_number(
                'Unknown, 24 h',
                'sum(increase(selective_migrate_migrations_total'
                f'{{{_HOST},outcome="unknown"}}[24h]))',
                'Guests of which it was not known where they are. Look at '
                'both hosts before anything is started.',
            )
        )
        .with_panel(
            _bad_number(
                'Journal entries that wait',
                f'sum(selective_migrate_journal_waiting_entries{{{_HOST}}})',
                "What a migration has left; nova-compute's log says what.",
            )
        )
        .with_panel(
            _bad_number(
                'Guests that cannot move',
                'sum(selective_migrate_audit_guests'
                f'{{{_HOST},result!="movable"}})',
                'By the last audit of each host. audit.json says why.',
            )
        )
        .with_panel(
            _bytes_number(
                'Promised bytes',
                f'sum(selective_migrate_incoming_promised_bytes{{{_HOST}}})',
                'Bytes that running migrations will bring to the disks of the '
                'hosts.',
            )
        )
        .with_panel(
            _series(
                'Migrations that ended',
                'sum by (outcome, status) (increase('
                f'selective_migrate_migrations_total{{{_HOST}}}'
                '[$__rate_interval]))',
                '{{outcome}}, {{status}}',
                unit='short',
                bars=True,
            )
        )
        .with_panel(
            _series(
                'Refused plans by reason code',
                'sum by (reason) (increase('
                f'selective_migrate_refusals_total{{{_HOST}}}'
                '[$__rate_interval])) > 0',
                '{{reason}}',
                unit='short',
                bars=True,
            )
        )
        .with_panel(
            _series(
                'Guests by the result of the last audit',
                'sum by (instance, result) '
                f'(selective_migrate_audit_guests{{{_HOST}}})',
                '{{instance}}: {{result}}',
                unit='short',
            )
        )
        .with_panel(
            _series(
                'Guests that a reason code refuses, by the last audit',
                'sum by (reason) '
                f'(selective_migrate_audit_refused_guests{{{_HOST}}})',
                '{{reason}}',
                unit='short',
            )
        )
        .with_row(builders.Row('Running migrations'))
        .with_panel(
            _series(
                'Bytes still to copy, each disk',
                f'selective_migrate_disk_remaining_bytes{{{_HOST}}}',
                '{{domain}} {{target_device}}',
                unit='bytes',
            )
        )
        .with_panel(
            _series(
                'Rate of each disk',
                f'selective_migrate_disk_transfer_rate_bytes{{{_HOST}}}',
                '{{domain}} {{target_device}}',
                unit='Bps',
                stacking='normal',
            )
        )
        .with_panel(
            _series(
                'Memory still to send',
                f'selective_migrate_memory_remaining_bytes{{{_HOST}}}',
                '{{domain}}',
                unit='bytes',
            )
        )
        .with_panel(
            _series(
                'Time since bytes moved',
                'time() - selective_migrate_migration_last_progress_time_'
                f'seconds{{{_HOST}}}',
                '{{domain}}',
                unit='s',
            )
        )
        .with_panel(
            _series(
                'Time since each phase began',
                'time() - selective_migrate_migration_phase_start_time_seconds'
                f'{{{_HOST}}}',
                '{{domain}}: {{phase}}',
                unit='s',
                span=_FULL,
            )
        )
    )


def _query(expression: str, legend: str = '') -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).ref_id('A')
    return query.legend_format(legend) if legend else query


def _number(title: str, expression: str, words: str) -> stat.Panel:
    return (
        stat.Panel()
        .title(title)
        .description(words)
        .datasource(_SOURCE)
        .with_target(_query(expression).instant())
        .unit('short')
        .decimals(0)
        .no_value('-')
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(
            common_builders.ReduceDataOptions().calcs(['lastNotNull'])
        )
        .height(4)
        .span(_SIXTH)
    )


def _bad_number(title: str, expression: str, words: str) -> stat.Panel:
    """Return a number that is red unless it is 0."""
    return _number(title, expression, words).thresholds(
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps(list(_ANY_IS_BAD))
    )


def _bytes_number(title: str, expression: str, words: str) -> stat.Panel:
    return _number(title, expression, words).unit('bytes')


def _series(
    title: str,
    expression: str,
    legend: str,
    *,
    unit: str,
    bars: bool = False,
    stacking: _Stacking = 'none',
    span: int = _HALF,
) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .title(title)
        .datasource(_SOURCE)
        .with_target(_query(expression, legend))
        .unit(unit)
        .min(0)
        .draw_style(
            common.GraphDrawStyle.BARS if bars else common.GraphDrawStyle.LINE
        )
        .fill_opacity(60 if bars else 10)
        .stacking(
            common_builders.StackingConfig().mode(
                common.StackingMode.NORMAL
                if bars or stacking == 'normal'
                else common.StackingMode.NONE
            )
        )
        .height(8)
        .span(span)
    )


def main() -> None:
    """Write the file."""
    FILE.write_text(render())


if __name__ == '__main__':
    main()
