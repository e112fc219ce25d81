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

"""Hold what was said of a migration against what is so."""

from collections.abc import Iterable
from collections.abc import Mapping

from lab.faults import host_inspection
from lab.guests import monitor_log
from lab.guests.lab_guest import Guest
from lab.guests.written_records import Report
from lab.hosts.lab_host import Host
from lab.laboratory import Lab

#: What a guest on one host, or on none, may be said to be.
_TRUE = {
    'a': ('not-moved', 'refused', 'failed', 'unknown', 'hangs'),
    'b': ('moved', 'unknown'),
    'none': ('not-moved', 'unknown'),
    'both': ('unknown',),
    'torn': ('unknown',),
}


def is_true(outcome: str, found: host_inspection.Inspection) -> bool:
    """Tell whether an outcome is what both hosts show."""
    return outcome in _TRUE[found.place]


def runs_twice(guest: Guest, found: host_inspection.Inspection) -> bool:
    """Tell whether a guest runs on both hosts."""
    return len(found.running) > 1


def seconds_on_both(
    lab: Lab, guest: monitor_log.Named, marks: Mapping[str, int], until: float
) -> float:
    """Return how long a guest ran on both hosts at a time.

    libvirt itself has it do so where the reply to Finish is lost.

    :param marks: by host; it ran on a then, and on b it did not
    :param until: where both run, when they were looked at last
    """
    changes = sorted(
        (seconds, host.name, running)
        for host in lab.hosts
        for seconds, running in monitor_log.runs(host, guest, marks[host.name])
    )
    on = {'a': True, 'b': False}
    both, since = 0.0, 0.0
    for seconds, name, running in [*changes, (until, '', False)]:
        if all(on.values()):
            both += max(0.0, seconds - since)
        since = seconds
        on[name] = running
        on.pop('', None)
    return round(both, 1)


def shared_written(
    lab: Lab, guest: Guest, shared: Iterable[str], marks: dict[str, int]
) -> bool:
    """Tell whether QEMU was told to copy or to export a shared disk."""
    touched: set[str] = set()
    for host in lab.hosts:
        touched |= monitor_log.mirrored(host, guest, marks[host.name])
        touched |= monitor_log.exports(host, guest, marks[host.name])
    return bool(touched & set(shared))


def lost(
    guest: Guest, host: Host, seen: Iterable[Host] = ()
) -> tuple[int, list[str]]:
    """Stop a guest, read its disks and count what is not on them.

    :param seen: the hosts where it has acknowledged what counts; all by
        default
    :returns: how many acknowledged records are lost, and every defect.
    """
    guest.stop(host)
    return missing(guest.verify(host, seen).values())


def missing(reports: Iterable[Report]) -> tuple[int, list[str]]:
    """Count the acknowledged records that disks do not hold.

    :returns: how many, at least one where anything is wrong, and every
        defect.
    """
    reports = list(reports)
    records = sum(max(0, r.acknowledged - r.newest) for r in reports)
    defects = [defect for report in reports for defect in report.defects]
    return records or len(defects), defects


def whole_at(found: host_inspection.Inspection) -> tuple[str, ...]:
    """Return the hosts of which one must hold all that is acknowledged.

    Off, or in doubt, it is where somebody is told to look. What post-copy
    has torn ran at the destination.
    """
    place = 'b' if found.place == 'torn' else found.place
    return (place,) if place in ('a', 'b') else ('a', 'b')


def deleted(
    found: host_inspection.Inspection, whole: Mapping[str, bool]
) -> list[str]:
    """Say which hosts lack disks of a guest that post-copy has torn.

    It ran at the destination, whose disks are the newest and its only
    current ones. Nobody is to remove those of either host.

    :param whole: by host, whether all its disks are there
    """
    if found.place != 'torn':
        return []
    return [
        f'{name} lacks disks of a guest that is torn'
        for name, there in whole.items()
        if not there
    ]


def unlisted(
    found: host_inspection.Inspection,
    outcome: str,
    left: Iterable[tuple[str, str]],
    listed: Iterable[str],
) -> tuple[str, ...]:
    """Return what is left of a migration and was named by nobody.

    :param left: host and path that the outcome names.
    :param listed: paths at the destination that are listed on demand.
    """
    known = {*left, *(('b', path) for path in listed)}
    remains = [f'{what} ({found.place})' for what in found.ours]
    if found.place in ('a', 'none') or outcome == 'unknown':
        remains += [
            f'b: {path}'
            for path in found.files['b']
            if ('b', path) not in known and found.place != 'b'
        ]
    if found.place == 'a' and found.emulators['b'] and outcome != 'unknown':
        remains.append('b: an emulator')
    if found.place == 'b':
        remains += [
            f'a: {path}'
            for path in found.files['a']
            if ('a', path) not in known and outcome == 'moved'
        ]
        if found.emulators['a'] and outcome != 'unknown':
            remains.append('a: an emulator')
    return tuple(sorted(remains))
