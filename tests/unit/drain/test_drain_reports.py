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

"""What is said of a drain in the end."""

import html.parser
import json
import pathlib
import unittest

import jsonschema

from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_estimates
from nova_selective_migrate.drain import drain_reports
from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.osc import drain_page
from tests.unit.drain import fake_nova

State = server_moves.MoveState
GIB = fake_nova.GIB
TOP = pathlib.Path(__file__).resolve().parents[3]
#: Of the JSON of --report.
SCHEMA = jsonschema.Draft202012Validator(
    json.loads(
        (
            TOP / 'doc' / 'source' / 'cli' / 'drain-report.schema.json'
        ).read_text()
    )
)
BAD = '<script>alert(1)</script>" onload="x'


def move(state=State.MOVED, name='x', size=GIB, **changes):
    return server_moves.ServerMove(
        fake_nova.server(name), size, state=state, **changes
    )


def retried():
    """Return a server that has moved at its second attempt."""
    blocked = (drain_blockers.Blocked('copy-failed', 'vda: EIO.'),)
    failed = server_moves.EndedAttempt(
        1, 6, 'a', State.NOT_MOVED, 2.0, 5.0, blocked, 'its migration failed'
    )
    moved = server_moves.EndedAttempt(2, 7, 'b', State.MOVED, 6.0, 9.0)
    return move(
        migration=7,
        destination='b',
        attempts=2,
        ended_attempts=(failed, moved),
    )


def report(*moves):
    return drain_reports.DrainReport('d', 'source', 0.0, 61.0, moves)


class DrainReportTest(unittest.TestCase):
    def test_the_worst_is_the_exit_code(self):
        for states, code in (
            ((), 0),
            ((State.MOVED, State.GONE, State.MIGRATING, State.WAITING), 0),
            ((State.MOVED, State.BLOCKED), 3),
            ((State.REFUSED,), 3),
            ((State.REFUSED, State.NOT_MOVED), 4),
            ((State.ABORTED,), 4),
            ((State.UNKNOWN, State.NOT_MOVED, State.BLOCKED), 5),
        ):
            with self.subTest(states):
                self.assertEqual(code, report(*map(move, states)).exit_code)

    def test_the_columns_of_nova_s_list(self):
        found = report(move(migration=7, destination='a'))
        self.assertEqual(
            [(7, 'x', 'source', 'a', 'moved')], found.rows(long=False)
        )
        self.assertEqual(len(drain_reports.COLUMNS), 5)
        self.assertEqual(
            len(drain_reports.COLUMNS) + len(drain_reports.LONG_COLUMNS),
            len(found.rows(long=True)[0]),
        )

    def test_as_json(self):
        tree = report(move(), move(State.BLOCKED)).tree()
        self.assertEqual('1970-01-01T00:01:01+00:00', tree['ended'])
        self.assertEqual({'blocked': 1, 'moved': 1}, tree['totals']['states'])

    def test_the_json_keeps_to_its_schema(self):
        blocked = (drain_blockers.Blocked('locality-unknown', 'vda: why.'),)
        SCHEMA.validate(
            report(
                *map(move, State),
                move(State.BLOCKED, size=None, blocked=blocked),
                move(State.UNKNOWN, why='it is nowhere'),
                retried(),
            ).tree()
        )
        SCHEMA.validate(
            drain_reports.DrainReport('', 's', 0.0, None, ()).tree()
        )

    def test_how_each_attempt_ended(self):
        found = report(retried())
        self.assertEqual(
            '1: not moved to a: copy-failed', found.rows(long=True)[0][-1]
        )
        first, second = found.tree()['servers'][0]['ended_attempts']
        self.assertEqual(
            [{'reason': 'copy-failed', 'message': 'vda: EIO.'}],
            first['reasons'],
        )
        self.assertEqual((6, 'a'), (first['id'], first['destination']))
        self.assertEqual('1970-01-01T00:00:05+00:00', first['ended'])
        self.assertEqual('moved', second['status'])


class _Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


class DrainPageTest(unittest.TestCase):
    def test_each_server_is_a_row_and_what_it_is_called_is_text(self):
        blocked = (drain_blockers.Blocked(BAD, BAD),)
        found = report(
            move(State.BLOCKED, BAD, blocked=blocked),
            move(State.UNKNOWN, why=BAD),
        )
        page = drain_page.page(found.tree())
        seen = _Elements(page).seen
        tags = [tag for tag, _ in seen]
        self.assertEqual(1, tags.count('script'))
        self.assertFalse([each for _, each in seen if 'onload' in each])
        self.assertEqual(3, tags.count('tr'))
        self.assertNotIn('://', page)

    def test_a_failed_attempt_is_told_and_found_by_its_code(self):
        page = drain_page.page(report(retried(), move()).tree())
        rows = [
            each.get('data-codes')
            for tag, each in _Elements(page).seen
            if tag == 'tr'
        ]
        self.assertEqual([None, 'copy-failed', ''], rows)
        self.assertIn('Attempt 1, to a: not moved: its migration', page)
        self.assertNotIn('Attempt 2', page)

    def test_one_that_waits_for_its_second_attempt(self):
        """An attempt that is the server's end is told once, by its row."""
        (failed, _) = retried().ended_attempts
        waiting = move(State.WAITING, attempts=1, ended_attempts=(failed,))
        page = drain_page.page(report(waiting).tree())
        self.assertIn('Attempt 1, to a: not moved: its migration', page)
        over = move(
            failed.state,
            why=failed.why,
            blocked=failed.blocked,
            ended_attempts=(failed,),
        )
        page = drain_page.page(report(over).tree())
        self.assertNotIn('Attempt 1', page)
        self.assertIn('\nits migration failed', page)

    def test_no_attempt_and_no_reason(self):
        self.assertIn('\n-</td>', drain_page.page(report(move()).tree()))


class DrainEstimateTest(unittest.TestCase):
    def test_it_never_goes_back(self):
        first = nova_port.MovedBytes(100, 20)
        less = nova_port.MovedBytes(200, 110)
        more = nova_port.MovedBytes(200, 10)
        furthest = drain_estimates.furthest
        self.assertIs(first, furthest(first, less))
        self.assertIs(more, furthest(first, more))
        self.assertIs(first, furthest(first, None))
        self.assertIs(less, furthest(None, less))

    def test_by_bytes(self):
        half = nova_port.MovedBytes(10, 5)
        moves = [
            move(size=3 * GIB),
            move(State.MIGRATING, 'y', 2 * GIB),
            move(State.WAITING, 'z', 4 * GIB),
            move(State.BLOCKED, 'b', 99 * GIB),
        ]
        found = drain_estimates.estimate(moves, {'y': half}, 8.0)
        self.assertEqual(
            (1, 3, 4 * GIB, 9 * GIB, 10.0),
            (
                found.over,
                found.servers,
                found.bytes,
                found.total_bytes,
                found.eta_seconds,
            ),
        )

    def test_by_servers_where_no_size_is_known(self):
        moves = [move(size=None), move(State.WAITING, 'y', None)]
        found = drain_estimates.estimate(moves, {}, 8.0)
        self.assertEqual(8.0, found.eta_seconds)

    def test_nothing_is_promised_before_anything_has_moved(self):
        moves = [move(State.WAITING)]
        found = drain_estimates.estimate(moves, {}, 8.0)
        self.assertIsNone(found.eta_seconds)

    def test_what_nova_says_is_never_more_than_all(self):
        for moved, share in (((10, 20), 0.0), ((0, 0), 0.0), ((10, -1), 1.0)):
            found = drain_estimates.share(nova_port.MovedBytes(*moved))
            self.assertEqual(share, found)
