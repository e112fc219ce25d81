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

"""The report of a drain as one HTML page that needs no network."""

import collections
import collections.abc
import typing

from nova_selective_migrate.cli import html_page


def page(tree: collections.abc.Mapping[str, typing.Any]) -> str:
    """Return the page of a drain.

    :param tree: what :meth:`drain_reports.DrainReport.tree` returns
    """
    servers = [
        {
            **server,
            'codes': sorted(_codes(server)),
            'failed': _failed(server),
        }
        for server in tree['servers']
    ]
    reasons = collections.Counter(
        code for server in servers for code in server['codes']
    )
    return html_page.render(
        'drain_report.html',
        'nova_selective_migrate.osc',
        drain={**tree, 'servers': servers},
        reasons=dict(sorted(reasons.items())),
    )


def _codes(server: collections.abc.Mapping[str, typing.Any]) -> set[str]:
    """Return the reason codes of a server's end and of its attempts'."""
    return {
        each['reason']
        for ended in (server, *server['ended_attempts'])
        for each in ended['reasons']
    }


def _failed(
    server: collections.abc.Mapping[str, typing.Any],
) -> list[dict[str, typing.Any]]:
    """Return the attempts that failed; not the one that is the server's end.

    The row of the server tells of that one.
    """
    failed = [
        each for each in server['ended_attempts'] if each['status'] != 'moved'
    ]
    told = [server['status'], server['why'], server['reasons']]
    is_told = len(failed) == 1 and told == [
        failed[0]['status'],
        failed[0]['why'],
        failed[0]['reasons'],
    ]
    return [] if is_told else failed
