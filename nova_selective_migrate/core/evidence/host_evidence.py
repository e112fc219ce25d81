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

"""Evidence from what both hosts know of a path."""

import collections.abc

from nova_selective_migrate.core.evidence import device_names
from nova_selective_migrate.core.evidence import file_identity
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.evidence import volume_groups
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import storage_facts

_LOCAL = domains.Locality.LOCAL
_SHARED = domains.Locality.SHARED
_UNKNOWN = domains.Locality.UNKNOWN
Evidences = collections.abc.Iterator[locality_verdicts.Evidence]
_PROBE = (
    'find out first whether both hosts see one file: run it as root on the '
    'source host, with the path mounted on the destination, and allow the '
    'probe'
)
_FIND_OUT = f'{_PROBE}; or declare its path in shared_paths if they do'
_BOTH_FLAGS = (
    f'in nova, {reasons.Reason.LOCALITY_UNKNOWN.remedy}; on the command line, '
    'give the block device mapping that lists it, or declare its path in '
    'shared_paths if both hosts reach one device; if each has a device of its '
    'own, declare it in local_paths and name it with --existing as well'
)
_ON_SOURCE = (
    f'in nova, {reasons.Reason.LOCALITY_UNKNOWN.remedy}; on the command line, '
    'run it as root on the source host, where the path can be looked at, '
    'give the block device mapping that lists it, or declare it in '
    'shared_paths if both hosts see the same'
)


def of(
    source: domains.DiskSource,
    facts: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
    *,
    attached: bool,
) -> Evidences:
    """Read what both hosts know of a file or device.

    :param facts: what the source host knows
    :param known: what the destination knows
    :param attached: whether nova will connect the path at the destination,
        so that it need not be there yet
    """
    path = source.label
    careful = '' if is_device(source, facts) else _careful(facts, known)
    if facts is None:
        yield locality_verdicts.Evidence(
            f'source host: {path} was not looked at from here',
            _UNKNOWN,
            locality_verdicts.Strength.MISSING,
            reasons.Reason.LOCALITY_UNKNOWN,
            careful or _ON_SOURCE,
        )
        yield from _gone(path, known, attached)
        return
    if facts.exists is False:
        missing = reasons.Reason.SOURCE_MISSING
        yield locality_verdicts.missing(missing, path)
        yield from _gone(path, known, attached, missing)
        return
    if facts.kind is storage_facts.PathKind.OTHER:
        unknown = reasons.Reason.LOCALITY_UNKNOWN
        there = known is not None and known.exists
        yield locality_verdicts.missing(
            unknown, path, careful if there else ''
        )
        return
    if facts.exists is None and facts.error:
        yield locality_verdicts.Evidence(
            f'source host: {path} cannot be looked at: {facts.error}',
            _UNKNOWN,
            locality_verdicts.Strength.MISSING,
            reasons.Reason.LOCALITY_UNKNOWN,
            careful or _ON_SOURCE,
        )
        yield from _gone(path, known, attached)
        return
    device = is_device(source, facts)
    if device:
        reach = storage_facts.device_reach(facts)
        below = f' over {", ".join(facts.slaves)}' if facts.slaves else ''
        kind = message_words.with_article(facts.transport or 'unknown')
        what = f'{path} is {kind} device{below}'
        local = (
            locality_verdicts.Strength.PRESUMPTION,
            reasons.Reason.LOCAL_DEVICE,
        )
    else:
        reach = storage_facts.filesystem_reach(facts.fstype or '')
        mount = f' ({facts.mount_source})' if facts.mount_source else ''
        what = (
            f'{path} is on {facts.fstype or "an unknown file system"}{mount}'
        )
        if facts.fstype is None and facts.exists is None:
            what = f'what {path} is on cannot be seen from here'
        local = (
            locality_verdicts.Strength.PROOF,
            reasons.Reason.LOCAL_FILESYSTEM,
        )
    if reach is storage_facts.Reach.LOCAL:
        yield locality_verdicts.Evidence(
            f'source host: {what}', _LOCAL, *local
        )
    else:
        candidate = reach is storage_facts.Reach.CANDIDATE
        yield locality_verdicts.Evidence(
            f'source host: {what}',
            _UNKNOWN,
            locality_verdicts.Strength.CANDIDATE,
            reasons.Reason.SHARED_NOT_CONFIRMED
            if candidate
            else reasons.Reason.LOCALITY_UNKNOWN,
            _BOTH_FLAGS if device else _careful(facts, known),
        )
    yield from _seen_from_destination(
        path, facts, known, reach, device, attached
    )


def _gone(
    path: str,
    known: storage_facts.StorageFacts | None,
    attached: bool,
    reason: reasons.Reason = reasons.Reason.LOCALITY_UNKNOWN,
) -> Evidences:
    """Read that the destination lacks what the source cannot look at.

    No declaration stands against that.

    :param reason: what follows where nothing is declared
    """
    if known is not None and known.exists is False and not attached:
        yield locality_verdicts.Evidence(
            f'destination host: {path} is not there',
            _UNKNOWN,
            locality_verdicts.Strength.DISPROOF,
            reason,
            '' if reason is reasons.Reason.SOURCE_MISSING else _ON_SOURCE,
        )


def _seen_from_destination(
    path: str,
    facts: storage_facts.StorageFacts,
    known: storage_facts.StorageFacts | None,
    reach: storage_facts.Reach,
    device: bool,
    attached: bool,
) -> Evidences:
    if known is None:
        return
    told = volume_groups.of(path, facts, known)
    same = facts.identity is not None and facts.identity == known.identity
    if told is not None:
        yield told
        if not same:
            return
    if same:
        yield locality_verdicts.Evidence(
            f'both hosts: {path} is the same on both',
            _SHARED,
            locality_verdicts.Strength.PROOF,
            reasons.Reason.SAME_AT_DESTINATION,
        )
        if known.exists is False:
            # The two contradict each other, so that neither counts.
            yield _disproof(f'destination host: {path} is not there')
        return
    if reach is storage_facts.Reach.LOCAL:
        # Another file at that path is what local storage looks like.
        if device and known.exists:
            yield from _one_name(path, facts, known)
        return
    if known.exists is False:
        if not attached:
            yield _disproof(f'destination host: {path} is not there')
    elif facts.identity and known.identity:
        yield _disproof(f'destination host: {path} is another file')
    elif facts.volume_uuid and known.volume_uuid:
        yield _disproof(f'destination host: {path} is another volume')
    elif known.exists and not device:
        yield from _other_mount(path, facts, known)


def _one_name(
    path: str,
    facts: storage_facts.StorageFacts,
    known: storage_facts.StorageFacts,
) -> Evidences:
    """Doubt that a device is local whose name means it on every host.

    One host can export it to the other.
    """
    source = domains.DiskSource(domains.SourceType.BLOCK, path=path)
    other = file_identity.compare(facts, known) is file_identity.Sameness.OTHER
    if not other and device_names.same_everywhere(source, facts):
        yield locality_verdicts.Evidence(
            f'destination host: it has {path} as well',
            _UNKNOWN,
            locality_verdicts.Strength.DOUBT,
            reasons.Reason.CONFLICTING_EVIDENCE,
            device_names.ONE_NAME,
        )


def is_device(
    source: domains.DiskSource, facts: storage_facts.StorageFacts | None
) -> bool:
    """Return whether a source is a device.

    Where the host does not know, the type in the domain XML decides.
    """
    if facts is None or facts.kind is None:
        attached = facts is not None and facts.transport is not None
        return attached or source.type is domains.SourceType.BLOCK
    return facts.kind is storage_facts.PathKind.BLOCK


def _other_mount(
    path: str,
    facts: storage_facts.StorageFacts,
    known: storage_facts.StorageFacts,
) -> Evidences:
    """Compare what both hosts mount there.

    One export can be mounted by many names, so that another name is a doubt. A
    local file system is never mounted by both hosts.
    """
    there = f'{known.mount_source or "-"} ({known.fstype or "unknown"})'
    sentence = f'destination host: {path} is on {there}'
    reach = storage_facts.filesystem_reach(known.fstype or '')
    if reach is storage_facts.Reach.LOCAL:
        # It may be the server's own file; a declaration would be a conflict.
        yield _disproof(sentence, remedy=_PROBE)
    elif _differ(facts.mount_source, known.mount_source):
        yield _disproof(sentence, locality_verdicts.Strength.DOUBT, _FIND_OUT)


def _differ(here: str | None, there: str | None) -> bool:
    return bool(here and there and here.rstrip('/') != there.rstrip('/'))


def _careful(
    facts: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
) -> str:
    """Return the remedy where both hosts may have one file.

    Declared local, it would be copied onto itself.
    """
    if facts is None or (facts.fstype is None and facts.exists is None):
        return _FIND_OUT if known and known.exists else _ON_SOURCE
    same = file_identity.compare(facts, known)
    return _FIND_OUT if same is file_identity.Sameness.UNKNOWN else ''


def _disproof(
    sentence: str,
    strength: locality_verdicts.Strength = locality_verdicts.Strength.DISPROOF,
    remedy: str = '',
) -> locality_verdicts.Evidence:
    return locality_verdicts.Evidence(
        sentence, _UNKNOWN, strength, reasons.Reason.SHARED_DISPROVED, remedy
    )
