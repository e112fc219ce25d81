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

"""Evidence of where an image is, and the verdict that follows."""

import collections.abc
import dataclasses
import enum
import typing

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons


class Strength(enum.Enum):
    """How strong a piece of evidence is.

    A PROOF is enough by itself. A DECLARATION settles what is not proven. A
    PRESUMPTION holds unless stronger evidence speaks against it. A CANDIDATE
    is storage that could be shared, a DISPROOF shows that it is not shared by
    these hosts, a DOUBT that it may not be; none of these three allows a copy.
    """

    PROOF = 'proof'
    DECLARATION = 'declaration'
    PRESUMPTION = 'presumption'
    CANDIDATE = 'candidate'
    DISPROOF = 'disproof'
    DOUBT = 'doubt'
    MISSING = 'missing'


# Both hosts see one file, which is on a local file system of the source.
_SEEN_BY_BOTH = {
    reasons.Reason.SAME_AT_DESTINATION,
    reasons.Reason.LOCAL_FILESYSTEM,
}


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One observed fact: what it says, for which place, how strongly.

    :ivar sentence: what was seen and where
    :ivar reason: the code of the verdict that this evidence leads to
    :ivar remedy: instead of the reason's own, where that is not safe
    """

    sentence: str
    locality: domains.Locality
    strength: Strength
    reason: reasons.Reason
    remedy: str = ''


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Where one image is, and from which evidence that follows.

    :ivar image: the label of the image, for a person
    :ivar remedy: instead of the reason's own, where that is not safe
    """

    locality: domains.Locality
    reason: reasons.Reason
    evidence: tuple[Evidence, ...] = ()
    image: str = ''
    remedy: str = ''


class Conclusion(typing.NamedTuple):
    """What follows from all evidence of one image.

    :ivar remedy: instead of the reason's own, where that is not safe
    """

    locality: domains.Locality
    reason: reasons.Reason
    remedy: str = ''


def weigh(found: tuple[Evidence, ...]) -> Conclusion:
    """Weigh the evidence; conflicting or missing evidence means UNKNOWN."""
    proofs = _of(found, Strength.PROOF)
    proven = {e.locality for e in proofs}
    declared = _of(found, Strength.DECLARATION)
    disproofs = _of(found, Strength.DISPROOF)
    if len(proven) > 1 or (disproofs and domains.Locality.SHARED in proven):
        said = {e.locality for e in declared}
        if said == {domains.Locality.SHARED} and not disproofs:
            return _served(proofs)
        return _conflict(proofs)
    if _contradicted(declared, proven, bool(disproofs)):
        return _unknown(reasons.Reason.DECLARATION_CONFLICT)
    doubts = _of(found, Strength.DOUBT)
    presumed = _of(found, Strength.PRESUMPTION)
    # The strongest decides; a disproof or a candidate says UNKNOWN.
    for best in (*proofs, *declared, *disproofs, *doubts, *presumed, *found):
        return Conclusion(best.locality, best.reason, best.remedy)
    return _unknown(reasons.Reason.LOCALITY_UNKNOWN)


def _contradicted(
    declared: tuple[Evidence, ...],
    proven: set[domains.Locality],
    disproved: bool,
) -> bool:
    """Return whether what was seen contradicts the declarations."""
    said = {e.locality for e in declared}
    if domains.Locality.UNKNOWN in said or (proven and said - proven):
        return True
    return disproved and domains.Locality.SHARED in said


def _of(
    evidence: tuple[Evidence, ...], strength: Strength
) -> tuple[Evidence, ...]:
    return tuple(e for e in evidence if e.strength is strength)


def _served(proofs: tuple[Evidence, ...]) -> Conclusion:
    """Judge a file that both hosts see and that is declared shared.

    This host serves it from its local file system, and the destination
    mounts it from here.
    """
    if {e.reason for e in proofs} == _SEEN_BY_BOTH:
        shared = domains.Locality.SHARED
        return Conclusion(shared, reasons.Reason.SAME_AT_DESTINATION)
    return _conflict(proofs)


def _conflict(proofs: tuple[Evidence, ...]) -> Conclusion:
    # Two hosts on one kernel, one host twice, or a server and its client.
    if {e.reason for e in proofs} == _SEEN_BY_BOTH:
        return _unknown(reasons.Reason.SAME_FILE_AT_DESTINATION)
    return _unknown(reasons.Reason.CONFLICTING_EVIDENCE)


def _unknown(reason: reasons.Reason) -> Conclusion:
    return Conclusion(domains.Locality.UNKNOWN, reason)


def missing(reason: reasons.Reason, what: str, remedy: str = '') -> Evidence:
    """Return evidence that a fact which is needed is missing."""
    return Evidence(
        f'{what}: {reason.meaning[0].lower()}{reason.meaning[1:-1]}',
        domains.Locality.UNKNOWN,
        Strength.MISSING,
        reason,
        remedy,
    )


def is_there(verdict: Verdict) -> bool:
    """Return whether the destination has the identical image."""
    return (
        verdict.locality is domains.Locality.SHARED
        or verdict.reason is reasons.Reason.SAME_AT_DESTINATION
    )


def sentences(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """Return all evidence, each once."""
    return tuple(
        dict.fromkeys(
            item.sentence for verdict in verdicts for item in verdict.evidence
        )
    )


#: Of every disk by its target: where each image of its chain is, the top one
#: first; empty where that was not asked. Final: nothing changes one.
Verdicts = collections.abc.Mapping[str, tuple[Verdict, ...]]
