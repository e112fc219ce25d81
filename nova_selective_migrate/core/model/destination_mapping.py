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

"""What the operator wants otherwise at the destination.

Paths below another directory, volumes in another storage pool, and images in
another format.
"""

import collections.abc
import dataclasses

from nova_selective_migrate import exceptions

#: What an image can be made as.
FORMATS = ('raw', 'qcow2')


@dataclasses.dataclass(frozen=True)
class PathMap:
    """A prefix of paths on the source, and what is there in its place.

    :ivar source: absolute, without a slash at its end
    """

    source: str
    destination: str

    @classmethod
    def of(cls, source: str, destination: str) -> 'PathMap':
        """Take two prefixes.

        :raises InvalidInput: when one is no absolute path
        """
        return cls(_normal(source), _normal(destination))

    @property
    def label(self) -> str:
        """Return the argument as it is given."""
        return f'--map {self.source}={self.destination}'

    def rest(self, path: str) -> str | None:
        """Return what of a path is below the prefix, with its slash.

        A prefix matches whole components. What leads upwards may not be below
        it.

        :returns: empty for the prefix itself, None for what is not below it
        """
        if '..' in path.split('/'):
            return None
        prefix = self.source.rstrip('/')
        rest = path.removeprefix(prefix) if path.startswith(prefix) else None
        return rest if rest is not None and rest[:1] in ('', '/') else None


@dataclasses.dataclass(frozen=True)
class PoolMap:
    """A storage pool of the source, and the one that is there instead."""

    source: str
    destination: str

    @property
    def label(self) -> str:
        """Return the argument as it is given."""
        return f'--map-pool {self.source}={self.destination}'


@dataclasses.dataclass(frozen=True)
class DestinationMapping:
    """Where and as what the copies of disks are at the destination.

    :ivar formats: raw or qcow2 by target dev
    :raises InvalidInput: when two map one prefix or pool, or a format is
        none that an image can be made as
    """

    paths: tuple[PathMap, ...] = ()
    pools: tuple[PoolMap, ...] = ()
    formats: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        _check_once('--map', [each.source for each in self.paths])
        _check_once('--map-pool', [each.source for each in self.pools])
        for each in self.pools:
            if not each.source or not each.destination:
                raise exceptions.InvalidInput(
                    f'{each.label}: name a storage pool of each host'
                )
        for target, name in self.formats.items():
            if name not in FORMATS:
                raise exceptions.InvalidInput(
                    f'--to-format {target}={name}: an image is made as '
                    f'{" or ".join(FORMATS)}'
                )

    def path(
        self, names: collections.abc.Iterable[str]
    ) -> tuple[PathMap, str] | None:
        """Map a path; the longest prefix wins.

        :param names: of one file or device, tidy
        :returns: the map, and the path at the destination; None where no
            prefix matches
        """
        found = [
            (each, rest)
            for name in names
            for each in self.paths
            if (rest := each.rest(name)) is not None
        ]
        if not found:
            return None
        best, rest = max(found, key=lambda hit: len(hit[0].source))
        return best, (best.destination.rstrip('/') + rest) or '/'

    def pool(self, name: str) -> PoolMap | None:
        """Return what a storage pool is mapped to; None for nothing."""
        return next((p for p in self.pools if p.source == name), None)


def _normal(path: str) -> str:
    """Write a prefix with single slashes and none at its end.

    :raises InvalidInput: when it is no absolute path, or leads upwards
    """
    parts = path.split('/')
    if not path.startswith('/'):
        raise exceptions.InvalidInput(
            f'--map: {path!r} is no absolute path; a prefix begins with /'
        )
    if '..' in parts:
        raise exceptions.InvalidInput(
            f'--map: {path!r} has a .. in it, which leads elsewhere behind a '
            'symbolic link; write the path without it'
        )
    if not path.isprintable():
        raise exceptions.InvalidInput(
            f'--map: {path!r} has a sign that cannot be printed'
        )
    return f'/{"/".join(part for part in parts if part not in ("", "."))}'


def _check_once(option: str, sources: collections.abc.Sequence[str]) -> None:
    for source in sources:
        if sources.count(source) > 1:
            raise exceptions.InvalidInput(
                f'{option}: {source} is mapped twice; name one destination'
            )
