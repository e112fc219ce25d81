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

"""A migration as a stream of JSON objects, one a line.

The names of events and of their fields are a contract: the schema is
doc/source/cli/events.schema.json, the page doc/source/cli/events.rst.
"""

import argparse
import collections.abc
import contextlib
import datetime
import json
import threading
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import shown_progress

if typing.TYPE_CHECKING:
    from nova_selective_migrate.host.migration import migration_events

_PROGRESS_SECONDS = 1.0

Fields = collections.abc.Mapping[str, typing.Any]


def add_events(parser: argparse.ArgumentParser) -> None:
    """Add the argument that asks for a stream."""
    parser.add_argument(
        '--events',
        action='store_true',
        help='print each event as it happens, as one JSON object per line; '
        'the last one is the outcome, the object that -f json prints',
    )


def asked(arguments: argparse.Namespace) -> bool:
    """Tell whether a stream is asked for.

    :raises InvalidInput: when another format is asked for as well
    """
    if not arguments.events:
        return False
    if arguments.formatter not in ('table', 'json') or arguments.columns:
        raise exceptions.InvalidInput(
            '--events prints JSON objects, one a line: it goes with no other '
            'format than json, and with no column'
        )
    return True


class EventStream:
    """Writes events, of any thread; never raises.

    Whoever reads them may have gone: the migration is followed to its end.
    """

    def __init__(self, stream: typing.TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._shown: shown_progress.ShownProgress | None = None
        self._told: shown_progress.ShownProgress | None = None
        self._ended = False

    def plan(self, tree: Fields) -> None:
        """Tell the plan, ready or refused."""
        self._write('plan', {'plan': tree})

    def began(self, domain: str, uuid: str) -> None:
        """Tell that a migration is seen that somebody else has begun."""
        self._write('began', {'domain': domain, 'uuid': uuid})

    def limit(self, words: str) -> None:
        """Tell that another limit of the link holds."""
        self._write('limit', {'message': words})

    def happened(self, event: 'migration_events.MigrationEvent') -> None:
        """Tell what happens besides the progress."""
        # Here, so that --help and a refused plan need no libvirt.
        from nova_selective_migrate.core.plan import migrate_call
        from nova_selective_migrate.host.migration import migration_events

        if isinstance(event, migration_events.ImageMade):
            image = event.image
            self._write(
                'image',
                {
                    'path': image.path,
                    'format': image.format,
                    'virtual_bytes': image.virtual_bytes,
                    'pool': image.pool,
                },
            )
        elif isinstance(event, migration_events.LibvirtCalled):
            call = event.call
            peer = migrate_call.MigrateFlag.PEER2PEER in call.flags
            name = 'virDomainMigrateToURI3' if peer else 'virDomainMigrate3'
            self._write(
                'call',
                {
                    'copy': event.copy,
                    'function': name,
                    'flags': call.flag_names,
                    'parameters': sorted(call.parameters),
                },
            )
        else:
            cause = event.cause
            self._write(
                'abort', {'cause': cause.kind.value, 'message': cause.text}
            )

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Tell the progress once a second, and each change of the phase."""
        shown = shown_progress.follow(self._shown, progress)
        self._shown, told = shown, self._told
        stage = (shown.copy, shown.phase)
        new = told is None or (told.copy, told.phase) != stage
        if new:
            phase = {'copy': shown.copy, 'phase': shown.phase.value}
            self._write('phase', phase)
        late = told is None or (
            shown.seconds - told.seconds >= _PROGRESS_SECONDS
        )
        if new or late:
            self._told = shown
            self._write('progress', _progress(shown))

    def outcome(self, tree: Fields) -> None:
        """Tell the end; no event follows."""
        self._write('outcome', tree)
        with self._lock:
            self._ended = True

    def _write(self, name: str, fields: Fields) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        time = now.isoformat(timespec='milliseconds')
        line = json.dumps({'event': name, 'time': time, **fields})
        with self._lock, contextlib.suppress(OSError, ValueError):
            if not self._ended:
                self._stream.write(f'{line}\n')
                self._stream.flush()


def _progress(shown: shown_progress.ShownProgress) -> Fields:
    return {
        'copy': shown.copy,
        'seconds': round(shown.seconds, 3),
        'phase': shown.phase.value,
        'disks': [
            {'target': disk.name, **_amount(disk)} for disk in shown.disks
        ],
        'memory': _amount(shown.memory),
    }


def _amount(amount: shown_progress.ShownAmount) -> Fields:
    eta = amount.eta_seconds
    return {
        'total_bytes': amount.total,
        'processed_bytes': amount.processed,
        'remaining_bytes': amount.remaining,
        'share': round(amount.share, 4),
        'bytes_per_second': round(amount.rate),
        'eta_seconds': None if eta is None else round(eta, 1),
    }
