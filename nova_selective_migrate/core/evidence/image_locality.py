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

"""Locate every image of a disk's backing chain."""

import collections.abc
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.evidence import host_evidence
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.evidence import network_evidence
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import storage_facts

_LOCAL = domains.Locality.LOCAL
_SHARED = domains.Locality.SHARED
_UNKNOWN = domains.Locality.UNKNOWN
Evidences = collections.abc.Iterator[locality_verdicts.Evidence]


def judge_image(
    source: domains.DiskSource,
    joined: volume_matching.VolumeMatch,
    storage: storage_facts.Storage,
    policy: declared_paths.LocalityPolicy,
    *,
    below_local: bool = False,
    mapped_pools: collections.abc.Container[str] = (),
) -> locality_verdicts.Verdict:
    """Judge the locality of an image from all evidence.

    :param joined: the volume that the image belongs to, if any
    :param below_local: whether it is the base of a local image, so that
        nothing writes to it
    :param mapped_pools: names of the source's storage pools that others at
        the destination take the place of
    """
    found = tuple(_evidence(source, joined, storage, policy, mapped_pools))
    weighed = locality_verdicts.weigh(found)
    local = any(item.locality is _LOCAL for item in found)
    if joined.weak and local and weighed.locality is not _UNKNOWN:
        # Device names go stale: evidence of a local disk outweighs one.
        weighed = locality_verdicts.Conclusion(
            _UNKNOWN, reasons.Reason.ATTACHMENT_CONFLICT, weighed.remedy
        )
    if below_local:
        identical = _identical(source, storage, weighed)
        if identical or (
            weighed.reason is reasons.Reason.SAME_FILE_AT_DESTINATION
        ):
            # One file on both hosts forbids a copy of a top image; of a base
            # it proves that the destination has the identical one.
            return locality_verdicts.Verdict(
                _LOCAL,
                reasons.Reason.SAME_AT_DESTINATION,
                (*found, *identical),
                source.label,
            )
    locality, reason, remedy = weighed
    return locality_verdicts.Verdict(
        locality, reason, found, source.label, remedy
    )


def _evidence(
    source: domains.DiskSource,
    joined: volume_matching.VolumeMatch,
    storage: storage_facts.Storage,
    policy: declared_paths.LocalityPolicy,
    mapped_pools: collections.abc.Container[str] = (),
) -> Evidences:
    """Collect all that is known of where an image is."""
    if joined.attachment is not None:
        yield _attached(joined.attachment, joined.by)
        driver_type = joined.attachment.driver_volume_type
        if driver_type == 'local' and not joined.weak:
            # Still a volume: nova never copies one, wherever it is.
            for item in _declared_of(source, storage, policy):
                if item.locality is _SHARED:
                    yield item
            return
    if unlike := network_evidence.against_pools(source, storage):
        if not _mapped(source, storage, mapped_pools):
            yield unlike
            return
        yield from _not_kept(source, storage, unlike)
    place = pool_facts.in_pool(source, storage.pools)
    if place is None:
        unknown = reasons.Reason.POOL_UNKNOWN
        yield locality_verdicts.missing(unknown, source.label)
        return
    yield from network_evidence.of_pool(source, place, storage)
    facts = storage_facts.find(storage.source, place)
    if facts and storage_facts.contradicts(facts, storage.source):
        conflict = reasons.Reason.CONFLICTING_EVIDENCE
        yield locality_verdicts.missing(conflict, source.label)
        return
    yield from _declared(policy, _names(place, facts))
    if place.type is domains.SourceType.NETWORK:
        yield network_evidence.of(place)
    elif place.path is not None and place.type in _ON_HOST:
        known = storage_facts.find(storage.destination, place)
        attached = joined.attachment is not None
        yield from host_evidence.of(place, facts, known, attached=attached)
    else:
        unknown = reasons.Reason.LOCALITY_UNKNOWN
        yield locality_verdicts.missing(unknown, source.label)


def _mapped(
    source: domains.DiskSource,
    storage: storage_facts.Storage,
    pools: collections.abc.Container[str],
) -> bool:
    """Return whether an image is on a path of a pool that is mapped."""
    pool = storage.pools.get(source.pool or '')
    kinds = pool_facts.FILE_POOLS | pool_facts.VOLUME_POOLS
    return source.pool in pools and pool is not None and pool.type in kinds


def _not_kept(
    source: domains.DiskSource,
    storage: storage_facts.Storage,
    unlike: locality_verdicts.Evidence,
) -> Evidences:
    """Read of a mapped pool that the destination does not have it as it is.

    The image cannot be kept then. A device of this host alone is not to be.
    """
    place = pool_facts.in_pool(source, storage.pools)
    facts = storage_facts.find(storage.source, place) if place else None
    local = facts is not None and storage_facts.device_reach(facts)
    if local is not storage_facts.Reach.LOCAL:
        yield locality_verdicts.Evidence(
            unlike.sentence,
            _UNKNOWN,
            locality_verdicts.Strength.DISPROOF,
            unlike.reason,
        )


def _declared_of(
    source: domains.DiskSource,
    storage: storage_facts.Storage,
    policy: declared_paths.LocalityPolicy,
) -> Evidences:
    place = pool_facts.in_pool(source, storage.pools)
    if place is not None:
        facts = storage_facts.find(storage.source, place)
        yield from _declared(policy, _names(place, facts))


_ON_HOST = frozenset(
    (domains.SourceType.FILE, domains.SourceType.BLOCK, domains.SourceType.DIR)
)


def _attached(
    attachment: domains.VolumeAttachment, by: str
) -> locality_verdicts.Evidence:
    kind = attachment.driver_volume_type or 'unknown'
    return locality_verdicts.Evidence(
        f'block device mapping: {attachment.label} of type {kind}, '
        f'joined by {by}',
        _SHARED,
        locality_verdicts.Strength.PROOF,
        reasons.Reason.VOLUME_ATTACHMENT,
    )


def _names(
    source: domains.DiskSource, facts: storage_facts.StorageFacts | None
) -> tuple[str, ...]:
    """List the names that a declared prefix can match."""
    if source.type is domains.SourceType.NETWORK:
        sockets = (host.socket or '' for host in source.hosts)
        # Declared prefixes are absolute: a relative socket matches none.
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
    policy: declared_paths.LocalityPolicy, names: tuple[str, ...]
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
    yield locality_verdicts.Evidence(
        f'configuration: {option} has {prefix}',
        locality,
        locality_verdicts.Strength.DECLARATION,
        reason,
    )


def locate(
    facts: case_facts.Facts, matches: volume_matching.VolumeMatches
) -> locality_verdicts.Verdicts:
    """Judge every image of every disk that has one and can be migrated."""
    return {
        disk.target: ()
        if disk.transient or disk.source is None
        else _chain(disk, matches.by_target[disk.target], facts)
        for disk in facts.domain.disks
    }


def _chain(
    disk: domains.Disk,
    joined: volume_matching.VolumeMatch,
    facts: case_facts.Facts,
) -> tuple[locality_verdicts.Verdict, ...]:
    """Judge every image of the chain, top first.

    Backing files in the directory of a volume on a file share belong to the
    volume: they are cinder's snapshots. So does a data file in that directory.
    """
    on_share = joined.attachment is not None and joined.attachment.export
    top = disk.chain[0]
    verdicts: list[locality_verdicts.Verdict] = []
    mapped = [each.source for each in facts.options.mapping.pools]
    for image in images(disk):
        folder = _folder(image)
        beside = on_share and folder and folder == _folder(top)
        own = (
            joined if image is top or beside else volume_matching.VolumeMatch()
        )
        below_local = bool(verdicts) and verdicts[0].locality is _LOCAL
        verdicts.append(
            judge_image(
                image,
                own,
                facts.storage,
                facts.case.policy,
                below_local=below_local,
                mapped_pools=() if facts.prepared else mapped,
            )
        )
    return tuple(verdicts)


def images(disk: domains.Disk) -> collections.abc.Iterator[domains.DiskSource]:
    """List every image of the chain, each before its data file."""
    for source in disk.chain:
        yield from filter(None, (source, source.data_file))


def _folder(source: domains.DiskSource) -> str | None:
    if source.type is not domains.SourceType.FILE or not source.path:
        return None
    return posixpath.dirname(source.path)


def _identical(
    image: domains.DiskSource,
    storage: storage_facts.Storage,
    weighed: locality_verdicts.Conclusion,
) -> tuple[locality_verdicts.Evidence, ...]:
    """Find evidence that the destination has, or makes, an identical image.

    :param weighed: the verdict without it; one that is settled needs none
    """
    if (
        weighed.locality is _SHARED
        or weighed.reason is reasons.Reason.DECLARATION_CONFLICT
        or weighed.reason is reasons.Reason.SAME_FILE_AT_DESTINATION
    ):
        return ()
    here = storage_facts.find(storage.source, image)
    there = storage_facts.find(storage.destination, image)
    content = here.content if here else None
    if not content or there is None or there.content != content:
        return ()
    sentence = (
        f'destination host: makes {image.label} and holds it against {content}'
        if there.exists is False
        else f'both hosts: {image.label} has the same content, {content}'
    )
    return (
        locality_verdicts.Evidence(
            sentence,
            _LOCAL,
            locality_verdicts.Strength.PROOF,
            reasons.Reason.SAME_AT_DESTINATION,
        ),
    )
