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

"""Collect the evidence of where one image is."""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import policy as policy_
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import evidence
from nova_selective_migrate.core.evidence import host_evidence
from nova_selective_migrate.core.evidence import join
from nova_selective_migrate.core.evidence import network_evidence
from nova_selective_migrate.core.evidence import pool_evidence

_LOCAL = model.Locality.LOCAL
_SHARED = model.Locality.SHARED
_UNKNOWN = model.Locality.UNKNOWN
Evidences = collections.abc.Iterator[evidence.Evidence]


def judge(
    source: model.DiskSource,
    joined: join.Joined,
    storage: storage_.Storage,
    policy: policy_.LocalityPolicy,
) -> evidence.Verdict:
    """Say where an image is.

    :param joined: the volume whose image this is, if it is one's
    """
    found: list[evidence.Evidence] = []
    if joined.attachment is not None:
        found.append(_attached(joined.attachment, joined.by))
        driver_type = joined.attachment.driver_volume_type
        if driver_type == 'local' and not joined.weak:
            # Still a volume: nova never copies one, wherever it is.
            found.extend(
                item
                for item in _declared_of(source, storage, policy)
                if item.locality is _SHARED
            )
            return evidence.weigh(found, source.label)
    place = storage_.in_pool(source, storage.pools)
    if unlike := pool_evidence.against(source, storage):
        found.append(unlike)
        return evidence.weigh(found, source.label)
    if place is None:
        found.append(
            evidence.missing(reasons.Reason.POOL_UNKNOWN, source.label)
        )
        return evidence.weigh(found, source.label)
    found.extend(pool_evidence.of(source, place, storage))
    facts = storage_.find(storage.source, place)
    if facts and storage_.contradicts(facts, storage.source):
        conflict = reasons.Reason.CONFLICTING_EVIDENCE
        found.append(evidence.missing(conflict, source.label))
        return evidence.weigh(found, source.label)
    names = _names(place, facts)
    found.extend(_declared(policy, names))
    if place.type is model.SourceType.NETWORK:
        found.append(network_evidence.of(place))
    elif place.path is not None and place.type in _ON_HOST:
        known = storage_.find(storage.destination, place)
        attached = joined.attachment is not None
        found.extend(host_evidence.of(place, facts, known, attached=attached))
    else:
        found.append(
            evidence.missing(reasons.Reason.LOCALITY_UNKNOWN, source.label)
        )
    verdict = evidence.weigh(found, source.label)
    local = any(e.locality is _LOCAL for e in found)
    if joined.weak and local and verdict.locality is not _UNKNOWN:
        # A name goes stale: it does not outweigh what looks local.
        return dataclasses.replace(
            verdict,
            locality=_UNKNOWN,
            reason=reasons.Reason.ATTACHMENT_CONFLICT,
        )
    return verdict


def _declared_of(
    source: model.DiskSource,
    storage: storage_.Storage,
    policy: policy_.LocalityPolicy,
) -> Evidences:
    place = storage_.in_pool(source, storage.pools)
    if place is not None:
        facts = storage_.find(storage.source, place)
        yield from _declared(policy, _names(place, facts))


_ON_HOST = frozenset(
    (model.SourceType.FILE, model.SourceType.BLOCK, model.SourceType.DIR)
)


def _attached(
    attachment: model.VolumeAttachment, by: str
) -> evidence.Evidence:
    kind = attachment.driver_volume_type or 'unknown'
    return evidence.Evidence(
        f'block device mapping: {attachment.label} of type {kind}, '
        f'joined by {by}',
        _SHARED,
        evidence.Strength.PROOF,
        reasons.Reason.VOLUME_ATTACHMENT,
    )


def _names(
    source: model.DiskSource, facts: storage_.StorageFacts | None
) -> tuple[str, ...]:
    """List what a declared prefix may name the source by."""
    if source.type is model.SourceType.NETWORK:
        sockets = (host.socket or '' for host in source.hosts)
        # A prefix is absolute: it names no relative one.
        return (source.label, *(s for s in sockets if s.startswith('/')))
    resolved = facts.resolved if facts else None
    return tuple(
        dict.fromkeys(
            path
            for path in (source.path, resolved)
            if path and path.startswith('/')
        )
    )


def _declared(
    policy: policy_.LocalityPolicy, names: tuple[str, ...]
) -> Evidences:
    declared = policy.declared(names)
    if declared is None:
        return
    locality, prefix = declared
    reason = {
        _SHARED: reasons.Reason.DECLARED_SHARED,
        _LOCAL: reasons.Reason.DECLARED_LOCAL,
        _UNKNOWN: reasons.Reason.DECLARATION_CONFLICT,
    }[locality]
    option = f'{locality.value}_paths'
    if locality is _UNKNOWN:
        option = 'shared_paths and local_paths both'
    yield evidence.Evidence(
        f'configuration: {option} has {prefix}',
        locality,
        evidence.Strength.DECLARATION,
        reason,
    )
