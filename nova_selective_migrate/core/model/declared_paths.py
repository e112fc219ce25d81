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

"""What the operator declares of paths: shared_paths and local_paths."""

import collections.abc
import dataclasses
import functools
import posixpath

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import domains


@dataclasses.dataclass(frozen=True)
class LocalityPolicy:
    """Declared path prefixes; a prefix ends at a path component.

    A prefix is an absolute path, or a URI such as ``nbd://127.0.0.1:10809``
    for a network disk.

    :raises InvalidPolicy: when one prefix is declared both ways, or is
        neither an absolute path nor a URI
    """

    shared_paths: tuple[str, ...] = ()
    local_paths: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shared = {_normal(path) for path in self.shared_paths}
        local = {_normal(path) for path in self.local_paths}
        for path in sorted(shared & local):
            raise exceptions.InvalidPolicy(
                f'{path} is declared in shared_paths and in local_paths; '
                'remove it from one of them'
            )

    def declared(
        self, names: collections.abc.Iterable[str]
    ) -> tuple[domains.Locality, str] | None:
        """Find the declaration that governs a source.

        :param names: the source's path and what it resolves to, or its URI
        :returns: locality and prefix; UNKNOWN where two names of one
            source are declared in different ways; None where none is
        """
        if not self._declared:
            return None
        found = {hit for name in names if (hit := self._longest(name))}
        if not found:
            return None
        if len({locality for locality, _ in found}) > 1:
            prefixes = ' and '.join(sorted(prefix for _, prefix in found))
            return domains.Locality.UNKNOWN, prefixes
        return max(found, key=lambda hit: (len(hit[1]), hit[1]))

    def _longest(self, name: str) -> tuple[domains.Locality, str] | None:
        if '..' in name.split('/'):
            return None  # behind a symbolic link it leads elsewhere
        for prefix in _with_parents(_normal(name)):
            if locality := self._declared.get(prefix):
                return locality, prefix
        return None

    @functools.cached_property
    def _declared(self) -> dict[str, domains.Locality]:
        """What is declared, by prefix: disks and prefixes can be many."""
        words = (
            (domains.Locality.SHARED, self.shared_paths),
            (domains.Locality.LOCAL, self.local_paths),
        )
        return {_normal(path): word for word, paths in words for path in paths}


def _normal(path: str) -> str:
    scheme, separator, rest = path.partition('://')
    if separator and scheme and '/' not in scheme:
        return f'{scheme}://{rest.rstrip("/")}'
    if not path.startswith('/'):
        raise exceptions.InvalidPolicy(
            f'{path!r} is neither an absolute path nor a URI; '
            'shared_paths and local_paths take no other prefix'
        )
    return '/' + posixpath.normpath(path).lstrip('/')


def _with_parents(name: str) -> collections.abc.Iterator[str]:
    """List a normal name and what it lies below, nearest first."""
    top, rest = '/', name[1:]
    if not name.startswith('/'):
        scheme, _, rest = name.partition('://')
        top = f'{scheme}://'
    while rest:
        yield f'{top}{rest}'
        rest = rest.rpartition('/')[0].rstrip('/')
    yield top
