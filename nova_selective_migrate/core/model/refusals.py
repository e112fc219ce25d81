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

"""A refusal of a disk or of a whole plan, and its message."""

import dataclasses

from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusal_reasons

#: Each reason that a plan can give, of disks and of the whole.
ALL_REASONS = (
    *reasons.Reason,
    *disk_refusals.DiskRefusal,
    *plan_refusals.PlanRefusal,
)

AnyReason = reasons.Reason | refusal_reasons.RefusalReason


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a disk cannot be migrated as it has to be, or the whole guest.

    :ivar target: of the disk; None where it is the whole guest
    :ivar detail: what the reason is about, where its meaning alone does
        not tell
    :ivar about: the image or path that it is about; empty: the disk alone
    :ivar instead: the remedy where the reason's own is not safe to follow
    """

    target: str | None
    reason: AnyReason
    detail: str = ''
    about: str = ''
    instead: str = ''

    @classmethod
    def of_disk(
        cls,
        disk: domains.Disk,
        reason: AnyReason,
        detail: str = '',
        about: str = '',
        instead: str = '',
    ) -> 'Refusal':
        """Refuse a disk, for its own source where no other image is named."""
        about = about or (disk.source.label if disk.source else '')
        return cls(disk.target, reason, detail, about, instead)

    @property
    def message(self) -> str:
        """Return one line for a person: disk, reason and remedy."""
        about = f' ({self.about})' if self.about else ''
        where = f'{self.target}{about}: ' if self.target else ''
        detail = f' ({self.detail})' if self.detail else ''
        return (
            f'{where}{self.reason.meaning[:-1]}{detail}. '
            f'Remedy: {self.instead or self.reason.remedy}.'
        )

    def stated(self, *, nova: bool | None) -> 'StatedRefusal':
        """Return the refusal as its reader is told it.

        :param nova: whether nova's reader is; None: either may be
        """
        message = self.message
        if nova is not None:
            message = message_words.worded(message, nova=nova)
        return StatedRefusal(self.target, self.reason, message)


@dataclasses.dataclass(frozen=True)
class StatedRefusal:
    """A :class:`Refusal` with its message in the words of its reader."""

    target: str | None
    reason: AnyReason
    message: str
