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

"""Judge every image of a disk's backing chain."""

import collections.abc
import dataclasses
import posixpath

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import policy as policy_
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import evidence
from nova_selective_migrate.core.evidence import join
from nova_selective_migrate.core.evidence import locality

_LOCAL = model.Locality.LOCAL


def judge(
    disk: model.Disk,
    joined: join.Joined,
    storage: storage_.Storage,
    policy: policy_.LocalityPolicy,
) -> tuple[evidence.Verdict, ...]:
    """Judge every image of the chain, top first.

    Files below a volume's on a file share are the volume's own while they
    lie beside it: cinder's snapshots. So is its data file there alone.
    """
    on_share = joined.attachment is not None and joined.attachment.export
    top = disk.chain[0]
    verdicts: list[evidence.Verdict] = []
    for image in images(disk):
        folder = _folder(image)
        beside = on_share and folder and folder == _folder(top)
        own = joined if image is top or beside else join.Joined()
        verdict = locality.judge(image, own, storage, policy)
        if verdicts and verdicts[0].locality is _LOCAL:
            verdict = _identical_below(verdict, image, storage)
        verdicts.append(verdict)
    return tuple(verdicts)


def images(disk: model.Disk) -> collections.abc.Iterator[model.DiskSource]:
    """List every image of the chain, each before its data file."""
    for source in disk.chain:
        yield from filter(None, (source, source.data_file))


def is_there(verdict: evidence.Verdict) -> bool:
    """Tell whether the destination has the identical image."""
    return (
        verdict.locality is model.Locality.SHARED
        or verdict.reason is reasons.Reason.SAME_AT_DESTINATION
    )


def sentences(verdicts: tuple[evidence.Verdict, ...]) -> tuple[str, ...]:
    """Return all evidence, each once."""
    return tuple(
        dict.fromkeys(
            item.sentence for verdict in verdicts for item in verdict.evidence
        )
    )


def _folder(source: model.DiskSource) -> str | None:
    if source.type is not model.SourceType.FILE or not source.path:
        return None
    return posixpath.dirname(source.path)


def _identical_below(
    verdict: evidence.Verdict,
    image: model.DiskSource,
    storage: storage_.Storage,
) -> evidence.Verdict:
    """Take an image that nobody writes as there if both hosts see it.

    What would be a copy onto itself for the top image is, below it, proof
    that the destination has the identical image. So are equal bytes.
    """
    if verdict.reason is reasons.Reason.SAME_FILE_AT_DESTINATION:
        return dataclasses.replace(
            verdict,
            locality=_LOCAL,
            reason=reasons.Reason.SAME_AT_DESTINATION,
        )
    here = storage_.find(storage.source, image)
    there = storage_.find(storage.destination, image)
    content = here.content if here else None
    same = content and there and there.content == content
    settled = (
        verdict.locality is model.Locality.SHARED
        or verdict.reason is reasons.Reason.DECLARATION_CONFLICT
    )
    if not same or not there or settled:
        return verdict
    identical = evidence.Evidence(
        f'destination host: makes {image.label} and holds it against {content}'
        if there.exists is False
        else f'both hosts: {image.label} has the same content, {content}',
        _LOCAL,
        evidence.Strength.PROOF,
        reasons.Reason.SAME_AT_DESTINATION,
    )
    return evidence.Verdict(
        _LOCAL,
        reasons.Reason.SAME_AT_DESTINATION,
        (*verdict.evidence, identical),
        verdict.image,
    )
