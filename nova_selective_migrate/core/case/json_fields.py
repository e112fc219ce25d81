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

"""Read typed fields of a JSON object, and write dataclasses as JSON."""

import collections.abc
import dataclasses
import enum
import typing

from nova_selective_migrate import exceptions

# Larger than any real size, and still exact enough as a float.
_LARGEST = 2**128 - 1
_E = typing.TypeVar('_E', bound=enum.Enum)


@dataclasses.dataclass(frozen=True)
class Fields:
    """The fields of one object; a field absent or null is None.

    :ivar where: the object's place in the document, for messages
    :raises InvalidCase: by every reader, when a field has another type
    """

    tree: collections.abc.Mapping[str, typing.Any]
    where: str

    @classmethod
    def of(cls, tree: typing.Any, where: str) -> 'Fields':
        """Take an object; null counts as an empty one."""
        if tree is None:
            tree = {}
        if not isinstance(tree, dict):
            raise exceptions.InvalidCase(f'{where} is not an object')
        return cls(tree, where)

    def object(self, name: str) -> 'Fields':
        """Read an object."""
        return Fields.of(self.tree.get(name), f'{self.where}.{name}')

    def objects(self) -> collections.abc.Iterator[tuple[str, 'Fields']]:
        """Read all fields, each of which is an object."""
        for name in self.tree:
            yield name, self.object(name)

    def each(self, name: str) -> collections.abc.Iterator['Fields']:
        """Read a list of objects; an absent one is empty."""
        value = self.tree.get(name)
        if value is not None and not isinstance(value, list):
            raise self._wrong(name, 'a list of objects')
        for number, item in enumerate(value or ()):
            yield Fields.of(item, f'{self.where}.{name}[{number}]')

    def text(self, name: str) -> str | None:
        """Read a text."""
        value = self.tree.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, 'a text')
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts; an absent one is empty."""
        value = self.tree.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(
            isinstance(item, str) for item in value
        ):
            raise self._wrong(name, 'a list of texts')
        return tuple(value)

    def integer(self, name: str) -> int | None:
        """Read a whole number, zero or more."""
        value = self.tree.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(name, 'a whole number, zero or more')
        if value > _LARGEST:
            raise self._wrong(name, 'a number of at most 128 bits')
        return value

    def boolean(self, name: str) -> bool | None:
        """Read true or false."""
        value = self.tree.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, 'true or false')
        return value

    def member(self, name: str, kind: type[_E]) -> _E | None:
        """Read a value of an enumeration."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError as err:
            words = ', '.join(str(member.value) for member in kind)
            raise self._wrong(name, f'one of {words}') from err

    def _wrong(self, name: str, wanted: str) -> exceptions.InvalidCase:
        return exceptions.InvalidCase(f'{self.where}.{name} is not {wanted}')


def plain(value: typing.Any) -> typing.Any:
    """Turn dataclasses and enums into JSON's types; drop what is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
        return {k: v for k, v in fields.items() if v is not None}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, collections.abc.Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value
