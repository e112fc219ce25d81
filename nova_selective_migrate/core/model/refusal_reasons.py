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

"""The common base of the reasons to refuse a disk or a plan."""

import enum


class RefusalReason(enum.Enum):
    """A code with its meaning and its remedy.

    :ivar meaning: a sentence
    :ivar remedy: what to do, without a full stop
    """

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str) -> 'RefusalReason':
        member = object.__new__(cls)
        member._value_ = code
        member.meaning, member.remedy = meaning, remedy
        return member
